#pragma once

// Which backends make HAProxy refuse a file, found by checks of fewer and fewer of them.
//
// Pure: the check and the time come in. Threading: one thread.

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/outcome.hpp"

namespace switchyard::haproxy {

struct guilt_search {
  using names = std::set<std::string>;

  /// Checks the file with these backends. errc::refused is a verdict; any other error is none, and
  /// ends the search.
  using check = std::function<base::status(const names&)>;

  names good;                                 ///< HAProxy takes the file with them
  std::map<std::string, std::string> guilty;  ///< refused when alone; HAProxy's words
  // What is in neither was not decided.

  /// Searches until all are decided, or at least one and `in_time()` is false.
  void among(const names& which, const check& takes, const std::function<bool()>& in_time);

 private:
  bool ended_ = false;
};

}  // namespace switchyard::haproxy
