// From what keys hold to reports: what needs no Redis.

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "model/desired_state.hpp"
#include "providers/redis/book.hpp"
#include "tests/support/support.hpp"

namespace switchyard::providers::redis {

namespace {

using tests::contains;
using fields = std::vector<std::pair<std::string, std::string>>;

content hash(fields list) {
  return {content::type::hash, "", std::move(list), {}};
}
content text(std::string value) {
  return {content::type::text, std::move(value), {}, {}};
}

content good_server() {
  return hash({{"address", "10.0.0.1"}, {"port", "80"}});
}

/// The reason for refusing one key that holds this, "" when it is taken.
std::string fault(const std::string& key, const content& value) {
  book all("p:");
  all.put(key, value);
  const auto report = all.everything();
  if (report.refused.empty()) return "";
  BOOST_TEST(report.refused.size() == 1U);
  BOOST_TEST(report.refused[0].key == shown_key("p:" + key));
  return report.refused[0].reason;
}

std::string server_fault(fields list) {
  return fault("server:api:srv1", hash(std::move(list)));
}
std::string settings_fault(fields list) {
  return fault("backend:api", hash(std::move(list)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_book)

BOOST_AUTO_TEST_CASE(changes_settle_what_was_refused_and_is_gone) {
  book all("p:");
  for (const auto* key : {"nonsense", "server:a:s", "backend:a", "route:h/v1"})
    all.put(key, text("no JSON"));
  const auto refused = all.changes().refused;
  BOOST_TEST(refused.size() == 4U);
  for (const auto* key : {"nonsense", "server:a:s", "backend:a", "route:h/v1"}) {
    all.put(key, content{});
    const auto report = all.changes();
    const auto settled = [&](const auto& r) { return report.settles(r); };
    BOOST_TEST(std::ranges::count_if(refused, settled) >= 1, key);
    BOOST_TEST(report.refused.size() < 4U);
  }
}

BOOST_AUTO_TEST_CASE(a_hash_becomes_the_same_as_json) {
  book all("p:");
  all.put("backend:a", hash({{"mode", "http"},
                             {"check", R"({"type": "http", "rise": 5})"},
                             {"tls.enabled", "true"},
                             {"tls.sni", "h.example.com"},
                             {"timeouts.server", "3s"},
                             {"sticky.cookie", "SRV"}}));
  all.put("backend:b", text(R"({"mode": "http", "check": {"type": "http", "rise": 5},
      "tls": {"enabled": true, "sni": "h.example.com"}, "timeouts": {"server": "3s"},
      "sticky": {"cookie": "SRV"}})"));
  all.put("server:a:s", hash({{"name", "s"},
                              {"address", "::1"},
                              {"port", "80"},
                              {"backup", "true"},
                              {"maxconn", "5"},
                              {"weight", "0"},
                              {"state", "maint"}}));
  all.put("server:b:s", text(R"({"name": "s", "address": "::1", "port": 80, "backup": true,
      "maxconn": 5, "weight": 0, "state": "maint"})"));
  auto report = all.everything();
  BOOST_TEST(report.refused.empty());
  const auto a = report.backends["a"].value;
  const auto b = report.backends["b"].value;
  BOOST_REQUIRE((a && b));
  BOOST_CHECK(a->settings == b->settings);
  BOOST_CHECK(a->servers == b->servers);
  BOOST_TEST(a->settings.check.rise == 5U);
  BOOST_TEST(a->settings.tls.enabled);
}

BOOST_AUTO_TEST_CASE(fields_that_cannot_be_read_are_named) {
  BOOST_TEST(contains(server_fault({{"address", "10.0.0.1"}}), "port: is missing"));
  for (const std::string port :
       {"", "80a", "080", " 80", "+80", "1e3", "8.5", "70000", "-1", "99999999999999999999"})
    BOOST_TEST(contains(server_fault({{"address", "10.0.0.1"}, {"port", port}}), "port: "), port);
  BOOST_TEST(contains(server_fault({{"address", "10.0.0"}, {"port", "80"}}), "address: "));
  for (const std::string backup : {"1", "yes", "True", ""})
    BOOST_TEST(contains(server_fault({{"address", "::1"}, {"port", "1"}, {"backup", backup}}),
                        "backup: "));
  BOOST_TEST(
      contains(server_fault({{"address", "::1"}, {"port", "1"}, {"wieght", "1"}}), "wieght"));
  BOOST_TEST(contains(server_fault({{"address", "::1"}, {"port", "1"}, {"a\n;", "1"}}),
                      "a field that does not exist: \"a\\n;\""));
  BOOST_TEST(contains(server_fault({{"address", "::1"}, {"port", "1"}, {"name", "other"}}),
                      "name: differs from the name in the key, srv1"));
  BOOST_TEST(contains(settings_fault({{"balance", "best"}}), "balance: "));
  BOOST_TEST(contains(settings_fault({{"check.rise", "many"}}), "check.rise: "));
  BOOST_TEST(contains(settings_fault({{"check", "{"}}), "check: must be a JSON object"));
  BOOST_TEST(contains(settings_fault({{"check", "[]"}}), "check: "));
  BOOST_TEST(contains(settings_fault({{"check", R"({"rise": 1, "rise": 2})"}}), "check: "));
  BOOST_TEST(contains(settings_fault({{"check", R"({"rise": 2})"}, {"check.rise", "2"}}),
                      "check.rise: is given as a whole and by parts"));
  BOOST_TEST(contains(settings_fault({{"check.rise", "2"}, {"check", "{}"}}),
                      "check: is given as a whole and by parts"));
  BOOST_TEST(contains(settings_fault({{"mode.x", "2"}}), "does not exist: \"mode.x\""));
  BOOST_TEST(contains(settings_fault({{"servers", "[]"}}), "servers"));
}

BOOST_AUTO_TEST_CASE(other_values_are_refused) {
  BOOST_TEST(contains(fault("server:a:s", text("{")), "must be a hash or a JSON object: "));
  BOOST_TEST(contains(fault("server:a:s", text("[]")), "must be a hash or a JSON object"));
  BOOST_TEST(contains(fault("server:a:s", {content::type::other, "list", {}, {}}),
                      "must be a hash or a string, not a list"));
  BOOST_TEST(contains(fault("server:a:s", {content::type::too_long, "", {}, {}}), "65536 bytes"));
  BOOST_TEST(contains(fault("route:/x", {content::type::other, "hash", {}, {}}),
                      "must be a string, the name of a backend"));
  BOOST_TEST(contains(fault("route:/x", text("a b")), "backend: "));
  BOOST_TEST(contains(fault("route:x_y:80/", text("a")), "host: "));
  BOOST_TEST(contains(fault("route:h/a b", text("a")), "path: "));
  std::string deep = "{\"check\": ";
  for (int i = 0; i < 200'000; ++i) deep += '[';
  BOOST_TEST(contains(fault("backend:a", text(deep)), "must be a hash or a JSON object: "));
}

BOOST_AUTO_TEST_CASE(a_refused_key_leaves_the_rest_alone) {
  book all("p:");
  all.put("server:api:good", good_server());
  all.put("server:api:bad", hash({{"port", "x"}}));
  all.put("backend:api", text("no"));
  all.put("route:/a", text("api"));
  all.put("route:/b", text("a b"));
  all.put("stray", text(""));
  const auto report = all.everything();
  const auto& event = report.backends.at("api");
  BOOST_TEST(event.settings_refused);
  BOOST_CHECK((event.refused_servers == std::set<std::string>{"bad"}));
  BOOST_REQUIRE(event.value);
  BOOST_TEST(event.value->servers.size() == 1U);
  BOOST_TEST(report.routes->size() == 1U);
  BOOST_CHECK((report.refused_routes == std::set<std::pair<std::string, std::string>>{{"", "/b"}}));
  BOOST_TEST(report.refused.size() == 4U);
}

BOOST_AUTO_TEST_CASE(only_what_changed_is_told) {
  book all("p:");
  all.put("server:a:s", good_server());
  all.put("server:b:s", good_server());
  all.put("route:/", text("a"));
  all.everything();
  const auto nothing = [&] {
    const auto report = all.changes();
    return report.backends.empty() && !report.routes && report.refused.empty();
  };
  all.put("server:a:s", good_server());
  all.put("route:/", text("a"));
  all.put("server:a:absent", {});
  BOOST_TEST(nothing());
  all.put("server:a:t", good_server());
  auto report = all.changes();
  BOOST_TEST(report.backends.size() == 1U);
  BOOST_TEST(report.backends["a"].value->servers.size() == 2U);
  BOOST_TEST(!report.full);
  all.put("server:b:s", {});
  report = all.changes();
  BOOST_REQUIRE(report.backends.contains("b"));
  BOOST_CHECK(report.backends["b"].value == nullptr);
  all.put("server:c:s", hash({}));
  BOOST_TEST(all.changes().refused.size() == 1U);
  all.put("server:c:s", hash({}));
  BOOST_TEST(nothing());
  all.put("route:/", {});
  report = all.changes();
  BOOST_REQUIRE(report.routes);
  BOOST_TEST(report.routes->empty());
  BOOST_TEST(nothing());
}

BOOST_AUTO_TEST_CASE(two_keys_of_one_route_are_an_error_of_the_second) {
  book all("p:");
  all.put("route:A.example.com/v1", text("one"));
  all.put("route:a.example.com/v1/", text("two"));
  const auto report = all.everything();
  BOOST_CHECK((*report.routes == std::vector<model::route>{{"a.example.com", "/v1", "one"}}));
  BOOST_REQUIRE(report.refused.size() == 1U);
  BOOST_TEST(report.refused[0].key == "p:route:a.example.com/v1/");
  BOOST_TEST(contains(report.refused[0].reason, "p:route:A.example.com/v1: delete one"));
}

BOOST_AUTO_TEST_CASE(a_backend_is_there_as_long_as_one_of_its_keys_is) {
  book all("p:");
  all.put("backend:a", hash({{"mode", "tcp"}}));
  BOOST_TEST(all.everything().backends.at("a").value->servers.empty());
  all.put("server:a:s", good_server());
  all.put("backend:a", {});
  BOOST_CHECK(all.everything().backends.at("a").value->settings == model::backend_settings{});
  all.put("server:a:s", {});
  BOOST_TEST(all.everything().backends.empty());
  BOOST_TEST(all.keys().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers::redis
