#pragma once

// What HAProxy itself says of its servers and backends, for comparison with what switchyard says.

#include <map>
#include <sstream>
#include <string>

#include "tests/integration/site.hpp"

namespace switchyard::tests {

/// How many rows of HAProxy's own table are in each state.
inline std::map<std::string, double> states(const site& all, bool backends) {
  std::istringstream table(
      all.command("show stat -1 " + std::string(backends ? "2" : "4") + " -1"));
  std::map<std::string, double> result;
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream cells(line);
    std::string cell;
    for (int i = 0; i <= 17 && std::getline(cells, cell, ','); ++i) {
    }
    if (!cell.empty()) ++result[cell];
  }
  return result;
}

}  // namespace switchyard::tests
