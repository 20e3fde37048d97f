// The plan for every field of a server, and for servers that come and go. The bindings do not
// compile once a field comes or goes: give a new one its case.

#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>

#include "haproxy/planner.hpp"
#include "tests/haproxy/plans.hpp"

namespace switchyard::haproxy::plans {

namespace {

using model::server_state;

model::server server_in(const std::string& name, server_state state) {
  auto s = server(name);
  s.state = state;
  return s;
}

/// One way in which a server differs from the one that runs, and the commands that mend it.
struct difference {
  const char* field;
  std::function<void(model::server&)> make;
};

/// All fields of a server but its name, and the host name, of which HAProxy gets the address alone.
std::vector<difference> differences() {
  model::server s;
  const auto& [name, address, port, weight, state, backup, maxconn, host, resolve] = s;
  static_cast<void>(std::tie(name, address, port, weight, state, backup, maxconn, host, resolve));
  return {{"address", [](auto& x) { x.address = "2001:db8::7"; }},
          {"port", [](auto& x) { x.port = 81; }},
          {"weight", [](auto& x) { x.weight = 7; }},
          {"state", [](auto& x) { x.state = server_state::drain; }},
          {"backup", [](auto& x) { x.backup = true; }},
          {"maxconn", [](auto& x) { x.maxconn = 9; }}};
}

/// What mends a server "a" of server("a"), in the order that keeps traffic away while it changes.
texts steps_for(const std::set<std::string>& fields, bool comes_back) {
  texts steps;
  const bool place = fields.contains("address") || fields.contains("port");
  const std::string address = fields.contains("address") ? "2001:db8::7" : "10.0.0.1";
  if (fields.contains("state") && !comes_back) steps.emplace_back("set server b/a state drain");
  if (place)
    steps.push_back("set server b/a addr " + address + " port " +
                    (fields.contains("port") ? "81" : "80"));
  if (fields.contains("weight")) steps.emplace_back("set server b/a weight 7");
  if (fields.contains("maxconn")) steps.emplace_back("set maxconn server b/a 9");
  if (fields.contains("state") && comes_back) {
    steps.emplace_back("set server b/a state ready");
    // So that it takes what waits.
    if (fields.contains("maxconn")) steps.emplace_back("set maxconn server b/a 9");
  }
  return steps;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(planner_field_by_field)

// One, some or all of the fields: 64 servers, each leaving the rotation or coming back into it.
BOOST_AUTO_TEST_CASE(every_combination_of_changed_fields_is_mended_in_order) {
  const auto all = differences();
  for (const bool comes_back : {false, true}) {
    for (unsigned chosen = 0; chosen < (1U << all.size()); ++chosen) {
      auto has = server("a");
      auto wanted = server("a");
      std::set<std::string> fields;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if ((chosen >> i & 1U) == 0) continue;
        all[i].make(wanted);
        fields.insert(all[i].field);
      }
      if (comes_back) std::swap(has.state, wanted.state);
      auto actual = running({has});
      const auto p = plan_backend(backend({wanted}), &actual, settings, options);
      std::string which;
      for (const auto& f : fields) which += f + " ";
      BOOST_TEST_CONTEXT("changed: " << which << (comes_back ? "(back)" : "")) {
        const texts reload =
            fields.contains("backup") ? texts{"changed server options b/a"} : texts{};
        expect_plan(p, steps_for(fields, comes_back), {}, reload);
        BOOST_TEST(p.empty() == fields.empty());
        for (const auto& reason : p.reload)
          BOOST_TEST(words_of(reason) == "changed server options b/a [backup]");
        for (const auto& done : p.steps) note_done(actual, done);
        expect_plan(plan_backend(backend({wanted}), &actual, settings, options), {}, {}, reload);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_field_goes_back_to_where_it_was) {
  for (const auto& d : differences()) {
    BOOST_TEST_CONTEXT(d.field) {
      auto has = server("a");
      d.make(has);
      auto actual = running({has});
      const auto p = plan_backend(backend({server("a")}), &actual, settings, options);
      BOOST_TEST(p.steps.size() + p.reload.size() == 1U);
      for (const auto& done : p.steps) note_done(actual, done);
      const auto left = plan_backend(backend({server("a")}), &actual, settings, options);
      BOOST_TEST(left.steps.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(every_state_leads_to_every_other) {
  struct way {
    server_state from, to;
    texts steps;
  };
  using enum server_state;
  const std::vector<way> ways{{ready, ready, {}},
                              {drain, drain, {}},
                              {maint, maint, {}},
                              {ready, drain, {"set server b/a state drain"}},
                              {ready, maint, {"set server b/a state maint"}},
                              {drain, maint, {"set server b/a state maint"}},
                              {maint, drain, {"set server b/a state drain"}},
                              {drain, ready, {"set server b/a state ready"}},
                              {maint, ready, {"set server b/a state ready"}}};
  // Somebody has switched them off, or they were never on for the conversation broke.
  for (const bool checks_are_off : {true, false}) {
    for (const auto& w : ways) {
      BOOST_TEST_CONTEXT(to_string(w.from)
                         << " to " << to_string(w.to) << ", off " << checks_are_off) {
        const auto b = backend({server_in("a", w.to)});
        auto steps = w.steps;
        if (checks_are_off)
          steps.insert(w.to == ready ? steps.begin() : steps.end(), "enable health b/a");
        auto actual = running({server_in("a", w.from)});
        actual.servers["a"].now.check_off = checks_are_off;
        const auto p = plan_backend(b, &actual, settings, options);
        expect_plan(p, steps);
        for (const auto& done : p.steps) note_done(actual, done);
        BOOST_TEST(plan_backend(b, &actual, settings, options).empty());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(checks_that_nobody_desires_are_left_alone) {
  auto b = backend({server("a")});
  b.settings.check.type = model::check_type::none;
  auto actual = running({server("a")});
  actual.servers["a"].now.check_off = true;
  BOOST_TEST(plan_backend(b, &actual, settings, options).empty());
}

// -- a server that comes or goes

BOOST_AUTO_TEST_CASE(a_new_server_takes_every_field_along_and_ends_in_its_state) {
  for (const auto& d : differences()) {
    BOOST_TEST_CONTEXT(d.field) {
      auto wanted = server("a");
      d.make(wanted);
      auto actual = running({});
      const auto p = plan_backend(backend({wanted}), &actual, settings, options);
      BOOST_REQUIRE(!p.steps.empty());
      BOOST_TEST(p.steps.front().what.line.starts_with("add server b/a "));
      for (const auto& done : p.steps) note_done(actual, done);
      BOOST_TEST(plan_backend(backend({wanted}), &actual, settings, options).empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(servers_come_and_go_and_stay_in_one_plan) {
  // Wanted: a, c, d; running: b, c, e, in every state.
  for (const auto state : {server_state::ready, server_state::drain, server_state::maint}) {
    BOOST_TEST_CONTEXT(to_string(state)) {
      const auto actual = running({server_in("b", state), server("c"), server_in("e", state)});
      auto wanted = backend({server("a"), server("c"), server("d")});
      wanted.settings.check.type = model::check_type::none;
      expect_plan(plan_backend(wanted, &actual, settings, ""),
                  {"add server b/a 10.0.0.1:80 weight 100", "enable server b/a",
                   "add server b/d 10.0.0.1:80 weight 100", "enable server b/d"},
                  {"b", "e"});
    }
  }
}

BOOST_AUTO_TEST_CASE(all_servers_may_leave_a_backend_that_stays) {
  const auto actual = running({server("a"), server("b")});
  expect_plan(plan_backend(backend({}), &actual, settings, options), {}, {"a", "b"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy::plans
