#pragma once

// When keys with a time to live are to be looked at again.
//
// Redis tells of an expired key when it deletes it, which may be long after its time. A key that is
// read past its time is not there, whether Redis has deleted it yet or not. Pure. One thread.

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace switchyard::providers::redis {

class expiry {
 public:
  using clock = std::chrono::steady_clock;

  /// Keys that live longer are looked at again after this. (Redis takes times that no clock here
  /// can reach.)
  static constexpr std::chrono::milliseconds longest = std::chrono::hours(24);

  /// A key as it was read at `now`; nothing: it does not expire, or is gone.
  void set(const std::string& key, std::optional<std::chrono::milliseconds> left,
           clock::time_point now) {
    if (const auto at = times_.find(key); at != times_.end()) {
      queue_.erase({at->second, key});
      times_.erase(at);
    }
    if (!left) return;
    // Redis counts whole milliseconds: at its very time a key may still be there.
    const auto when = now + std::min(*left, longest) + std::chrono::milliseconds(1);
    times_.emplace(key, when);
    queue_.emplace(when, key);
  }

  /// When the next one is due.
  std::optional<clock::time_point> next() const {
    if (queue_.empty()) return {};
    return queue_.begin()->first;
  }

  /// Whether the key's time has come.
  bool passed(const std::string& key, clock::time_point now) const {
    const auto at = times_.find(key);
    return at != times_.end() && at->second <= now + std::chrono::milliseconds(1);
  }

  /// The keys whose time has come, which are forgotten: reading them sets them anew.
  std::set<std::string> take_due(clock::time_point now) {
    std::set<std::string> due;
    while (!queue_.empty() && queue_.begin()->first <= now) {
      times_.erase(queue_.begin()->second);
      due.insert(queue_.begin()->second);
      queue_.erase(queue_.begin());
    }
    return due;
  }

 private:
  std::map<std::string, clock::time_point> times_;
  std::set<std::pair<clock::time_point, std::string>> queue_;
};

}  // namespace switchyard::providers::redis
