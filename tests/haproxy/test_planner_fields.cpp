// The plan for every field of the model, and for every pair of what is desired and what runs. The
// bindings do not compile once a field comes or goes: give a new one its case.

#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>

#include "haproxy/planner.hpp"
#include "haproxy/renderer.hpp"
#include "tests/haproxy/plans.hpp"

namespace switchyard::haproxy {

namespace {

using model::server_state;
using std::chrono::milliseconds;

model::server server_in(const std::string& name, server_state state) {
  auto s = server(name);
  s.state = state;
  return s;
}

texts causes(const plan& p) {
  texts all;
  for (const auto& r : p.reload) all.push_back(std::string(to_string(r.cause)) + " " + r.subject);
  return all;
}

void expect(const plan& p, const texts& steps, const texts& leaving = {},
            const texts& reload = {}) {
  BOOST_TEST(lines(p.steps) == steps, boost::test_tools::per_element());
  BOOST_TEST(p.leaving == leaving, boost::test_tools::per_element());
  BOOST_TEST(causes(p) == reload, boost::test_tools::per_element());
  BOOST_TEST(p.refused.empty());
}

// -- a server that is there

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
  if (fields.contains("state") && comes_back) steps.emplace_back("set server b/a state ready");
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
        expect(p, steps_for(fields, comes_back), {}, reload);
        BOOST_TEST(p.empty() == fields.empty());
        for (const auto& done : p.steps) note_done(actual, done);
        expect(plan_backend(backend({wanted}), &actual, settings, options), {}, {}, reload);
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
      // A limit is lifted in two steps.
      BOOST_TEST(p.steps.size() + p.reload.size() == (d.field == std::string("maxconn") ? 2U : 1U));
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
                              // Its checks are off still when it was added and never enabled.
                              {maint, ready, {"enable health b/a", "set server b/a state ready"}}};
  for (const bool checked : {true, false}) {
    for (const auto& w : ways) {
      BOOST_TEST_CONTEXT(to_string(w.from) << " to " << to_string(w.to) << ", checks " << checked) {
        auto b = backend({server_in("a", w.to)});
        if (!checked) b.settings.check.type = model::check_type::none;
        auto steps = w.steps;
        if (!checked) std::erase(steps, "enable health b/a");
        auto actual = running({server_in("a", w.from)});
        const auto p = plan_backend(b, &actual, settings, options);
        expect(p, steps);
        for (const auto& done : p.steps) note_done(actual, done);
        BOOST_TEST(plan_backend(b, &actual, settings, options).empty());
      }
    }
  }
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
      expect(plan_backend(wanted, &actual, settings, ""),
             {"add server b/a 10.0.0.1:80 weight 100", "enable server b/a",
              "add server b/d 10.0.0.1:80 weight 100", "enable server b/d"},
             {"b", "e"});
    }
  }
}

BOOST_AUTO_TEST_CASE(all_servers_may_leave_a_backend_that_stays) {
  const auto actual = running({server("a"), server("b")});
  expect(plan_backend(backend({}), &actual, settings, options), {}, {"a", "b"});
}

// -- the backend's settings

namespace {

struct setting {
  const char* field;
  std::function<void(model::backend_settings&)> change;
  /// What makes the field count: a path needs checks by HTTP.
  std::function<void(model::backend_settings&)> before = [](auto&) {};
};

std::vector<setting> backend_fields() {
  const model::backend_settings s;
  const auto& [mode, balance, protocol, tls, check, timeouts, sticky] = s;
  static_cast<void>(std::tie(mode, balance, protocol, sticky));
  const auto& [cookie] = model::sticky_settings();
  static_cast<void>(cookie);
  const auto& [enabled, verify, sni] = tls;
  static_cast<void>(std::tie(enabled, verify, sni));
  const auto& [type, path, interval, rise, fall] = check;
  static_cast<void>(std::tie(type, path, interval, rise, fall));
  const auto& [connect, server_timeout, tunnel] = timeouts;
  static_cast<void>(std::tie(connect, server_timeout, tunnel));
  const auto with_tls = [](auto& x) { x.tls.enabled = true; };
  const auto by_http = [](auto& x) { x.check.type = model::check_type::http; };
  return {{"mode", [](auto& x) { x.mode = model::proxy_mode::tcp; }},
          {"balance", [](auto& x) { x.balance = model::balance_algorithm::source; }},
          {"protocol", [](auto& x) { x.protocol = model::server_protocol::h2; }},
          {"tls.enabled", [](auto& x) { x.tls.enabled = true; }},
          {"tls.verify", [](auto& x) { x.tls.verify = model::tls_verify::none; }, with_tls},
          {"tls.sni", [](auto& x) { x.tls.sni = "a.example"; }, with_tls},
          {"check.type", [](auto& x) { x.check.type = model::check_type::none; }},
          {"check.path", [](auto& x) { x.check.path = "/health"; }, by_http},
          {"check.interval", [](auto& x) { x.check.interval = milliseconds(3000); }},
          {"check.rise", [](auto& x) { x.check.rise = 5; }},
          {"check.fall", [](auto& x) { x.check.fall = 5; }},
          {"timeouts.connect", [](auto& x) { x.timeouts.connect = milliseconds(7000); }},
          {"timeouts.server", [](auto& x) { x.timeouts.server = milliseconds(7000); }},
          {"timeouts.tunnel", [](auto& x) { x.timeouts.tunnel = milliseconds(7000); }},
          {"sticky", [](auto& x) { x.sticky = {"SRV"}; }},
          {"sticky.cookie", [](auto& x) { x.sticky = {"OTHER"}; },
           [](auto& x) { x.sticky = {"SRV"}; }}};
}

/// The plan for this backend where one with other settings runs.
plan plan_between(const model::backend_settings& has, const model::backend_settings& wanted) {
  const auto text_of = [](const model::backend_settings& s) {
    const auto section = render_backend({"b", s, {}});
    BOOST_REQUIRE(bool(section));
    return section->settings;
  };
  auto actual = running({server("a")});
  actual.settings = text_of(has);
  model::backend b{"b", wanted, {server("a"), server("c")}};
  b.servers.front().weight = 7;
  return plan_backend(b, &actual, text_of(wanted), *server_options(wanted));
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_changed_setting_reloads_with_its_reason_and_new_servers_wait_for_it) {
  for (const auto& f : backend_fields()) {
    model::backend_settings has;
    f.before(has);
    auto wanted = has;
    f.change(wanted);
    BOOST_TEST_CONTEXT(f.field) {
      expect(plan_between(has, wanted), {"set server b/a weight 7"}, {}, {"changed settings b"});
      expect(plan_between(wanted, has), {"set server b/a weight 7"}, {}, {"changed settings b"});
      BOOST_TEST(plan_between(wanted, wanted).reload.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_setting_that_does_not_count_costs_no_reload) {
  for (const auto& f : backend_fields()) {
    if (std::string_view(f.field) != "tls.verify" && std::string_view(f.field) != "tls.sni" &&
        std::string_view(f.field) != "check.path")
      continue;
    model::backend_settings wanted;
    f.change(wanted);
    BOOST_TEST_CONTEXT(f.field) {
      BOOST_TEST(plan_between({}, wanted).reload.empty());
    }
  }
}

// -- the backend as a whole

BOOST_AUTO_TEST_CASE(every_pair_of_a_desired_and_a_running_backend) {
  struct pair {
    const char* what;
    bool there, same_settings, published, profile;
    texts steps, reload;
  };
  const texts added{"add server b/a 10.0.0.1:80 weight 100", "enable server b/a"};
  const auto with = [](texts first, const texts& more, const texts& last) {
    first.insert(first.end(), more.begin(), more.end());
    first.insert(first.end(), last.begin(), last.end());
    return first;
  };
  const texts publish{"publish backend b"};
  const std::vector<pair> pairs{
      {"absent, no profile", false, true, true, false, {}, {"new backend b"}},
      {"absent, profile",
       false,
       true,
       true,
       true,
       with({"add backend b from p"}, added, publish),
       {}},
      {"there", true, true, true, false, added, {}},
      {"there, profile", true, true, true, true, added, {}},
      {"there, not published", true, true, false, true, with({}, added, publish), {}},
      {"other settings", true, false, true, false, {}, {"changed settings b"}},
      {"other settings, profile", true, false, true, true, {}, {"changed settings b"}},
      {"other settings, not published", true, false, false, true, publish, {"changed settings b"}}};
  for (const auto& c : pairs) {
    BOOST_TEST_CONTEXT(c.what) {
      auto wanted = backend({server("a")});
      wanted.settings.check.type = model::check_type::none;
      auto actual = running({});
      actual.published = c.published;
      if (!c.same_settings) actual.settings = "other";
      expect(plan_backend(wanted, c.there ? &actual : nullptr, settings, "",
                          c.profile ? std::optional<std::string>("p") : std::nullopt),
             c.steps, {}, c.reload);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_way_of_a_backend_that_nobody_desires) {
  for (const bool published : {true, false}) {
    for (const auto& servers : std::vector<texts>{{}, {"a"}, {"a", "c"}}) {
      BOOST_TEST_CONTEXT("published " << published << ", servers " << servers.size()) {
        std::vector<model::server> present;
        for (const auto& name : servers) present.push_back(server(name));
        auto actual = running(present);
        actual.published = published;
        const auto p = plan_removal("b", &actual);
        expect(p, published ? texts{"unpublish backend b"} : texts{}, servers);
        BOOST_TEST(p.retires);
      }
    }
  }
  const auto by_reload = plan_removal("b");
  expect(by_reload, {}, {}, {"removed backend b"});
  BOOST_TEST(!by_reload.retires);
}

BOOST_AUTO_TEST_CASE(every_cause_of_a_reload_has_words_of_its_own) {
  std::set<std::string_view> words;
  int causes = 0;
  for (; to_string(static_cast<reload_cause>(causes)) != "unknown"; ++causes)
    words.insert(to_string(static_cast<reload_cause>(causes)));
  BOOST_TEST(causes == 10);
  BOOST_TEST(words.size() == 10U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
