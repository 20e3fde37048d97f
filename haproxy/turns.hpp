#pragma once

// Which backends a reconcile looks at: all while they are few, else some each time, in turn.
//
// The table of all servers is 7 MB for 100,000 of them and takes HAProxy a tenth of a second
// (measured); nobody waits for a change that long because of a reconcile. Pure.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "haproxy/planner.hpp"

namespace switchyard::haproxy {

class turns {
 public:
  /// How many servers one reconcile reads; a larger backend is still read as a whole.
  static constexpr std::size_t most_servers = 20'000;
  /// And how many backends, each of which is a question and an answer.
  static constexpr std::size_t most_backends = 1'000;

  explicit turns(std::size_t servers = most_servers, std::size_t backends = most_backends)
      : servers_(servers), backends_(backends) {}

  /// The backends that are next. Nothing: there are few enough to read them all.
  std::optional<std::set<std::string>> next(const std::map<std::string, actual_backend>& actual);

  /// Whether the last call began with the first backend again.
  bool first() const { return first_; }

 private:
  std::size_t servers_;
  std::size_t backends_;
  std::string after_;
  bool first_ = true;
};

}  // namespace switchyard::haproxy
