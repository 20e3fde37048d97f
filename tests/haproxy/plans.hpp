#pragma once

// What the planner's tests plan for: a backend "b" with servers at 10.0.0.1, desired and running.

#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/planner.hpp"

namespace switchyard::haproxy::plans {

inline const std::string settings = "backend b from switchyard-http\n";
inline const std::string options = "check inter 2000ms rise 2 fall 3";
using texts = std::vector<std::string>;

inline model::server server(const std::string& name, std::uint16_t port = 80) {
  model::server s;
  s.name = name;
  s.address = "10.0.0.1";
  s.port = port;
  return s;
}

inline model::backend backend(std::vector<model::server> servers) {
  model::backend b;
  b.name = "b";
  b.servers = std::move(servers);
  return b;
}

inline actual_server running_server(const model::server& s) {
  return {{s.address, s.port, s.weight, s.state, true}, s.backup, s.maxconn};
}

/// As it was loaded with `settings`.
inline actual_backend running(const std::vector<model::server>& servers) {
  actual_backend a;
  a.settings = settings;
  for (const auto& s : servers) a.servers[s.name] = running_server(s);
  return a;
}

/// The commands.
inline texts lines(const std::vector<step>& steps) {
  texts all;
  for (const auto& s : steps) all.push_back(s.what.line);
  return all;
}

/// The causes of a reload, with their subjects.
inline texts causes(const plan& p) {
  texts all;
  for (const auto& r : p.reload) all.push_back(std::string(to_string(r.cause)) + " " + r.subject);
  return all;
}

/// The whole of a plan in which nothing is refused.
inline void expect_plan(const plan& p, const texts& steps, const texts& leaving = {},
                        const texts& reload = {}) {
  BOOST_TEST(lines(p.steps) == steps, boost::test_tools::per_element());
  BOOST_TEST(p.leaving == leaving, boost::test_tools::per_element());
  BOOST_TEST(causes(p) == reload, boost::test_tools::per_element());
  BOOST_TEST(p.refused.empty());
}

}  // namespace switchyard::haproxy::plans
