#pragma once

// Where a route begins: its host and path, of which there is one in a list of routes. Pure.

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "model/backend.hpp"

namespace switchyard::model {

/// Host and path.
using place = std::pair<std::string, std::string>;

inline auto place_of(const route& r) {
  return std::tie(r.host, r.path);
}

/// Sorts by place, and leaves the first of those that share one. `at`: the place of an entry.
template <class Entry, class Place>
void tidy(std::vector<Entry>& entries, Place at) {
  std::ranges::stable_sort(entries, [&](const Entry& a, const Entry& b) { return at(a) < at(b); });
  entries.erase(std::unique(entries.begin(), entries.end(),
                            [&](const Entry& a, const Entry& b) { return at(a) == at(b); }),
                entries.end());
}

}  // namespace switchyard::model
