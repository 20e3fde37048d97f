#pragma once

// Which backend makes HAProxy refuse a reload, where `haproxy -c` did not tell: found by reloads
// that bring fewer and fewer of those that wait. A refused reload hurts nobody, the old worker
// stays.
//
// First one goes without any of them: where HAProxy refuses that as well, what it does not take
// lies elsewhere (an operator's file, a certificate, the frontends), and no backend is blamed.
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
    std::optional<std::string> guilty;  ///< refused when it came alone, and all else is taken
    /// Another reload is worth while at once: it brings fewer, or goes without the guilty one. Not
    /// so where the fault lies elsewhere, or one after the other is guilty with no success in
    /// between.
    bool at_once = false;
  };
  /// HAProxy refused a reload that was to bring these. `guilty_before`: all of them were found
  /// guilty as they are, so there is nothing to learn from a reload without them.
  finding refused(const names& with, bool guilty_before = false);

  /// HAProxy took a reload. The next one may bring twice as many.
  void succeeded();

  /// Whether some of those that wait were refused, and it is not known which.
  bool searches() const { return most_ != 0 || !suspects_.empty(); }

 private:
  std::size_t most_ = 0;     ///< 0: all
  names suspects_;           ///< were refused together; the next reload goes without them
  bool rest_taken_ = false;  ///< HAProxy took a reload without suspects
  bool found_one_ = false;
};

}  // namespace switchyard::haproxy
