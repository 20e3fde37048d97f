#pragma once

// Clients that keep the cookie they are given, as browsers do.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/support/support.hpp"

namespace switchyard::tests {

/// One client. Each request has a connection of its own.
class visitor {
 public:
  explicit visitor(std::uint16_t port) : port_(port) {}

  /// One GET: who answers, as name_in() says it.
  std::string served_by();
  /// "NAME=value" of the last cookie it was given; "" when there was none.
  const std::string& cookie() const { return cookie_; }

 private:
  std::uint16_t port_;
  std::string cookie_;
};

/// One visitor of each server, by the server's name. New visitors come until there are that many.
using visitors = std::map<std::string, visitor>;
visitors visitors_of(std::uint16_t port, std::size_t servers);

/// Each comes three times; those that met another server than theirs, or were given another cookie,
/// with what happened. Empty: each was kept.
std::vector<std::string> lost_ones(visitors& all);

}  // namespace switchyard::tests
