#pragma once

// The manager's host names: what servers have, and the thread that follows them. It runs only while
// there are any.
//
// Threading: owned by the manager; `tell` is called on the resolver's thread.

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/outcome.hpp"
#include "base/resolver.hpp"
#include "config/settings.hpp"
#include "model/desired_state.hpp"
#include "model/name_book.hpp"

namespace switchyard::actors {

/// What a look-up of a name gave.
struct name_answer {
  std::string host;
  base::outcome<base::resolver::answer> found;
};

class host_names {
 public:
  using listener = std::function<void(name_answer)>;

  /// Where answers go; before anything else.
  void tell(listener target) { tell_ = std::move(target); }
  /// Other name servers, another interval: names are looked up anew, and keep their addresses.
  void configure(const config::resolver_settings& settings);
  /// Of these backends some provider's version has changed.
  void changed(const std::set<std::string>& backends, const model::desired_state& desired);

  struct outcome {
    std::set<std::string> changed;  ///< backends that have other addresses now
    std::string line;               ///< for the log, "" for nothing new
    bool bad = false;               ///< the line is a warning
  };
  outcome take(const name_answer& answer);

  const model::name_book& book() const { return book_; }

 private:
  void follow();

  listener tell_;
  config::resolver_settings settings_;
  model::name_book book_;
  std::unique_ptr<base::resolver> resolver_;
};

/// Looks up the names that were never resolved, for at most `longest`, and until `interrupt` is
/// notified; for plans. Blocks.
void resolve_now(model::name_book& names, const config::resolver_settings& settings,
                 std::chrono::milliseconds longest, const base::wakeup* interrupt = nullptr);

}  // namespace switchyard::actors
