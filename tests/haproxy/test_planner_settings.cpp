// The plan for every setting of a backend, and for every pair of a desired and a running one. The
// bindings do not compile once a field comes or goes: give a new one its case.

#include <boost/test/unit_test.hpp>
#include <functional>
#include <set>

#include "haproxy/planner.hpp"
#include "haproxy/renderer.hpp"
#include "tests/haproxy/plans.hpp"

namespace switchyard::haproxy::plans {

namespace {

using std::chrono::milliseconds;

struct setting {
  const char* field;
  std::function<void(model::backend_settings&)> change;
  /// What makes the field count: a path needs checks by HTTP.
  std::function<void(model::backend_settings&)> before = [](auto&) {};
};

std::vector<setting> backend_fields() {
  const model::backend_settings s;
  const auto& [mode, balance, protocol, tls, check, timeouts, sticky, slowstart] = s;
  static_cast<void>(std::tie(mode, balance, protocol, sticky, slowstart));
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
  return {
      {"mode", [](auto& x) { x.mode = model::proxy_mode::tcp; }},
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
      {"sticky.cookie", [](auto& x) { x.sticky = {"OTHER"}; }, [](auto& x) { x.sticky = {"SRV"}; }},
      {"slowstart", [](auto& x) { x.slowstart = milliseconds(30'000); }}};
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

BOOST_AUTO_TEST_SUITE(planner_setting_by_setting)

BOOST_AUTO_TEST_CASE(every_changed_setting_reloads_with_its_reason_and_new_servers_wait_for_it) {
  for (const auto& f : backend_fields()) {
    model::backend_settings has;
    f.before(has);
    auto wanted = has;
    f.change(wanted);
    BOOST_TEST_CONTEXT(f.field) {
      expect_plan(plan_between(has, wanted), {"set server b/a weight 7"}, {},
                  {"changed settings b"});
      expect_plan(plan_between(wanted, has), {"set server b/a weight 7"}, {},
                  {"changed settings b"});
      BOOST_TEST(plan_between(has, wanted).reload.front().detail != "",
                 "what has changed is named");
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
      expect_plan(plan_backend(wanted, c.there ? &actual : nullptr, settings, "",
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
        expect_plan(p, published ? texts{"unpublish backend b"} : texts{}, servers);
        BOOST_TEST(p.retires);
      }
    }
  }
  const auto by_reload = plan_removal("b");
  expect_plan(by_reload, {}, {}, {"removed backend b"});
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

}  // namespace switchyard::haproxy::plans
