#pragma once

// A guard with the desired state behind it, and reports to feed it. Threading: the test's.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/guard.hpp"

namespace switchyard::model {

using namespace std::chrono_literals;

using names = std::set<std::string>;

/// Servers s00, s01 … of a backend; their addresses begin at `at`.
inline std::vector<server> servers(int count, int at = 0) {
  std::vector<server> all;
  for (int i = 0; i < count; ++i) {
    server s;
    s.name = std::string("s") + (i < 10 ? "0" : "") + std::to_string(i);
    s.address = "10.0.0." + std::to_string(at + i);
    s.port = 80;
    all.push_back(s);
  }
  return all;
}

inline backend_ptr make(std::string name, std::vector<server> of) {
  return std::make_shared<const backend>(backend{std::move(name), {}, std::move(of)});
}

inline report changes(std::initializer_list<backend_ptr> values) {
  report r;
  for (const auto& value : values) r.backends[value->name].value = value;
  return r;
}

inline report snapshot(std::initializer_list<backend_ptr> values, std::vector<route> routes = {}) {
  auto r = changes(values);
  r.full = true;
  r.routes = std::move(routes);
  return r;
}

inline report removal(const std::string& name) {
  report r;
  r.backends[name] = {};
  return r;
}

/// A guard with the state behind it, as the manager has them.
struct guard_fixture {
  desired_state state{{"p", "q"}};
  guard watch;
  guard_rules rules;
  std::set<std::string> leading{"front"};
  wall_time now{1h};

  guard_fixture() { use(); }

  void use() { watch.configure(rules, leading, {"p", "q"}); }

  guard::verdict take(const report& r, const std::string& provider = "p") {
    auto verdict = watch.screen(provider, state, r, now);
    state.fold(provider, verdict.instead ? *verdict.instead : r);
    return verdict;
  }

  void approve(std::uint64_t id) {
    const auto release = watch.approve(id, state);
    BOOST_REQUIRE(release.has_value());
    state.fold(release->what.provider, release->removals);
  }

  /// How many servers of a backend are served; -1: there is none of that name.
  int served(const std::string& backend) const {
    const auto found = state.find(backend);
    return found ? static_cast<int>(found->servers.size()) : -1;
  }

  const hold& only() const {
    BOOST_REQUIRE_EQUAL(watch.holds().size(), 1U);
    return watch.holds().begin()->second;
  }
};

}  // namespace switchyard::model
