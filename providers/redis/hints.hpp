#pragma once

// What is to be read again. An event is a hint, never data. Pure.

#include <cstddef>
#include <set>
#include <string>
#include <utility>

namespace switchyard::providers::redis {

/// Past so many keys everything is read instead, which costs less.
constexpr std::size_t most_named_keys = 20'000;

struct hints {
  bool everything = false;
  std::set<std::string> keys;  ///< without the prefix

  bool empty() const { return !everything && keys.empty(); }

  void add(std::string key) {
    if (everything) return;
    keys.insert(std::move(key));
    if (keys.size() > most_named_keys) add_everything();
  }
  void add_everything() {
    everything = true;
    keys.clear();
  }
};

}  // namespace switchyard::providers::redis
