#pragma once

// The setting notify-keyspace-events: which flags are needed, and which of them are missing. Pure.

#include <string>
#include <string_view>

namespace switchyard::providers::redis {

/// K: events by key; g: DEL, EXPIRE, RENAME, MOVE and others of all types; $: strings; h: hashes;
/// x: expired; e: evicted. (Redis' manual, "Redis keyspace notifications".)
constexpr std::string_view needed_flags = "Kg$hxe";
/// What the flag A stands for, of those.
constexpr std::string_view flags_of_a = "g$hxe";

/// The needed flags that `current` lacks, "" when it has all.
inline std::string missing_flags(std::string_view current) {
  const bool all_types = current.find('A') != std::string_view::npos;
  std::string missing;
  for (const char flag : needed_flags) {
    const bool covered = all_types && flags_of_a.find(flag) != std::string_view::npos;
    if (!covered && current.find(flag) == std::string_view::npos) missing += flag;
  }
  return missing;
}

}  // namespace switchyard::providers::redis
