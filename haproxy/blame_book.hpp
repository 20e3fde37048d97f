#pragma once

// The versions of backends that HAProxy does not take: what was found guilty of a refusal rests for
// a while, and what was part of a load that failed is not tried unseen.
//
// A version is what is desired, nullptr for a removal. Of a backend its settings alone count:
// servers come and go at run time, and make no refused settings better. Time comes in as a
// parameter. Pure. Threading: one thread.

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "model/backend.hpp"

namespace switchyard::haproxy {

class blame_book {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using names = std::set<std::string>;

  /// A backend that HAProxy refused is tried again after this, or when its settings change: what
  /// it lacked (a CA file, say) may be there by then.
  static constexpr std::chrono::seconds lasts{60};

  /// Whether HAProxy would think the same of both.
  static bool same(const model::backend_ptr& one, const model::backend_ptr& other);

  /// HAProxy refuses this version for itself alone.
  void blame(const std::string& backend, model::backend_ptr version, time_point now);
  /// Whether it does and rests still.
  bool blamed(const std::string& backend, const model::backend_ptr& version, time_point now) const;
  /// Whether it was blamed, be it long ago, and has not been taken since.
  bool was_blamed(const std::string& backend, const model::backend_ptr& version) const;
  /// While the search for others goes on, those that it found stay out of it: until `lasts` after
  /// `next_reload`.
  void extend(time_point now, time_point next_reload);
  names all() const;
  /// HAProxy has taken these.
  void acquit(const names& backends);
  /// Forgets those of which `outdated(backend, version)` says so.
  void tidy(const std::function<bool(const std::string&, const model::backend_ptr&)>& outdated);

  /// It was part of a load that failed.
  void tried(const std::string& backend, model::backend_ptr version);
  bool was_tried(const std::string& backend, const model::backend_ptr& version) const;
  /// A load has succeeded.
  void loaded() { tried_.clear(); }

 private:
  struct entry {
    model::backend_ptr version;
    time_point until;
  };
  std::map<std::string, entry> blamed_;
  std::map<std::string, model::backend_ptr> tried_;
};

}  // namespace switchyard::haproxy
