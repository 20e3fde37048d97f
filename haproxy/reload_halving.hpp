#pragma once

// Which backend makes HAProxy refuse a reload, where `haproxy -c` did not tell: found by reloads
// that bring fewer and fewer of those that wait. A refused reload hurts nobody, the old worker
// stays.
//
// Pure. Threading: one thread.

#include <cstddef>
#include <optional>
#include <set>
#include <string>

namespace switchyard::haproxy {

class reload_halving {
 public:
  using names = std::set<std::string>;

  /// Those of `waiting` that the next reload is to bring: all of them, as long as none was refused.
  names next(const names& waiting) const;

  struct finding {
    std::optional<std::string> guilty;  ///< refused when it came alone
    /// Another reload is worth while at once: it brings fewer, or goes without the guilty one. Not
    /// so where one after the other is guilty with no success in between: the fault lies elsewhere.
    bool at_once = false;
  };
  /// HAProxy refused a reload that was to bring these.
  finding refused(const names& with);

  /// HAProxy took a reload. The next one may bring twice as many.
  void succeeded();

 private:
  std::size_t most_ = 0;  ///< 0: all
  bool found_one_ = false;
};

}  // namespace switchyard::haproxy
