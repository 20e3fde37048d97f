#include "model/document.hpp"

#include <boost/test/unit_test.hpp>

using namespace switchyard;
using namespace switchyard::model;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

report decoded(const char* text) {
  auto parsed = parse_json(text);
  BOOST_REQUIRE(parsed);
  auto result = decode_document(*parsed);
  BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
  return *std::move(result);
}

std::string keys(const report& r) {
  std::string text;
  for (const auto& refused : r.refused) text += (text.empty() ? "" : " ") + refused.key;
  return text;
}

std::string document_failure(const json& document, const document_limits& limits = {}) {
  const auto result = decode_document(document, limits);
  BOOST_REQUIRE_MESSAGE(!result, document.dump() << " was taken");
  BOOST_TEST((result.error().kind == base::errc::invalid));
  return result.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(document)

BOOST_AUTO_TEST_CASE(every_member_of_the_contract_is_read) {
  const auto r =
      decoded(R"({"backends": [{"name": "api-backend", "mode": "http", "balance": "leastconn",
     "protocol": "h2", "tls": {"enabled": true, "verify": "none", "sni": "api.example.com"},
     "check": {"type": "http", "path": "/healthz?full=1", "interval": "500ms", "rise": 4, "fall": 5},
     "timeouts": {"connect": "5s", "server": "30s", "tunnel": "8h"},
     "sticky": {"cookie": "SRV"}, "slowstart": "30s",
     "servers": [{"name": "srv2", "address": "2001:DB8::1", "port": 8081, "weight": 7, "state": "drain",
                  "backup": true, "maxconn": 50},
                 {"name": "srv1", "address": "10.0.1.10", "port": 8080}]}],
     "routes": [{"host": "API.example.com", "path": "/v1/", "backend": "api-backend"}]})");
  BOOST_TEST(keys(r) == "");
  BOOST_TEST(r.full);
  BOOST_REQUIRE(r.backends.size() == 1U);
  const auto& event = r.backends.at("api-backend");
  BOOST_TEST((!event.settings_refused && !event.servers_refused && event.refused_servers.empty()));
  backend expected;
  expected.name = "api-backend";
  expected.settings = {proxy_mode::http,
                       balance_algorithm::leastconn,
                       server_protocol::h2,
                       {true, tls_verify::none, "api.example.com"},
                       {check_type::http, "/healthz?full=1", 500ms, 4, 5},
                       {5s, 30s, 8h},
                       sticky_settings{"SRV"},
                       30s};
  expected.servers = {{"srv1", "10.0.1.10", 8080, 100, server_state::ready, false, 0},
                      {"srv2", "2001:db8::1", 8081, 7, server_state::drain, true, 50}};
  BOOST_TEST((*event.value == expected));
  BOOST_TEST((r.routes == std::vector<route>{{"api.example.com", "/v1", "api-backend"}}));
}

BOOST_AUTO_TEST_CASE(defaults_are_those_of_the_contract) {
  const auto r = decoded(
      R"({"backends": [{"name": "b", "servers": [{"name": "s", "address": "10.0.0.1", "port": 1}]}]})");
  BOOST_TEST(keys(r) == "");
  const auto& b = *r.backends.at("b").value;
  BOOST_TEST(
      (b.settings.mode == proxy_mode::http && b.settings.balance == balance_algorithm::roundrobin));
  BOOST_TEST((b.settings.protocol == server_protocol::automatic && !b.settings.tls.enabled));
  BOOST_TEST((b.settings.tls.verify == tls_verify::required && !b.settings.tls.sni));
  BOOST_TEST((b.settings.check == check_settings{check_type::tcp, "/", 2s, 2, 3}));
  BOOST_TEST((b.settings.timeouts == timeout_settings{}));
  BOOST_TEST((!b.settings.sticky && !b.settings.slowstart));
  BOOST_TEST((b.servers[0] == server{"s", "10.0.0.1", 1, 100, server_state::ready, false, 0}));
  BOOST_TEST((r.routes && r.routes->empty()));
}

BOOST_AUTO_TEST_CASE(a_backend_may_have_no_servers) {
  const auto r = decoded(R"({"backends": [{"name": "a"}, {"name": "b", "servers": []}]})");
  BOOST_TEST(keys(r) == "");
  BOOST_TEST(
      (r.backends.at("a").value->servers.empty() && r.backends.at("b").value->servers.empty()));
}

BOOST_AUTO_TEST_CASE(a_document_of_routes_alone_is_one) {
  const auto r = decoded(R"({"routes": [{"backend": "b"}]})");
  BOOST_TEST((r.routes == std::vector<route>{{"", "/", "b"}}));
}

BOOST_AUTO_TEST_CASE(what_is_no_document_is_refused_as_a_whole) {
  for (const auto* text :
       {"null", "[]", "1", "\"backends\"", "{}", R"({"error": "not found"})",
        R"({"backends": null})", R"({"backends": {}})", R"({"backends": "none"})",
        R"({"backends": [], "routes": null})", R"({"backends": [], "routes": {}})",
        R"({"backends": [], "version": 1})", R"({"Backends": []})"})
    document_failure(json::parse(text));
  BOOST_TEST(document_failure(json::parse(R"({"backends": [], "servers": []})")) ==
             "/servers: unknown key, known here: backends, routes");
}

BOOST_AUTO_TEST_CASE(an_empty_list_is_a_document_with_nothing_in_it) {
  const auto r = decoded(R"({"backends": []})");
  BOOST_TEST((r.full && r.backends.empty() && r.refused.empty()));
}

BOOST_AUTO_TEST_CASE(documents_past_the_limits_are_refused_as_a_whole) {
  const auto document = json::parse(
      R"({"backends": [{"name": "a", "servers": [{}, {}]}, {"name": "b", "servers": [{}]}], "routes": [{}]})");
  BOOST_TEST(bool(decode_document(document, {2, 3, 1})));
  BOOST_TEST(document_failure(document, {1, 3, 1}).starts_with("/backends: "));
  BOOST_TEST(document_failure(document, {2, 2, 1}).starts_with("/backends: "));
  BOOST_TEST(document_failure(document, {2, 3, 0}).starts_with("/routes: "));
}

BOOST_AUTO_TEST_CASE(bad_settings_leave_the_servers_and_say_so) {
  const auto r =
      decoded(R"({"backends": [{"name": "b", "mode": "tcp", "balance": "fastest", "extra": 1,
      "servers": [{"name": "s", "address": "10.0.0.1", "port": 1}]}]})");
  BOOST_TEST(keys(r) == "/backends/0/balance /backends/0/extra");
  const auto& event = r.backends.at("b");
  BOOST_TEST((event.settings_refused && !event.servers_refused && event.refused_servers.empty()));
  BOOST_TEST((event.value->settings == backend_settings{}));
  BOOST_TEST(event.value->servers.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_bad_server_is_named_and_the_rest_goes_on) {
  const auto r = decoded(R"({"backends": [{"name": "b", "servers": [
      {"name": "good", "address": "10.0.0.1", "port": 1},
      {"name": "bad", "address": "10.0.0.2", "port": 70000},
      {"name": "a b", "address": "10.0.0.3", "port": 3},
      {"address": "10.0.0.4", "port": 4},
      7,
      {"name": "fine", "address": "10.0.0.5", "port": 5}]}]})");
  BOOST_TEST(keys(r) ==
             "/backends/0/servers/1/port /backends/0/servers/2/name /backends/0/servers/3/name "
             "/backends/0/servers/4");
  const auto& event = r.backends.at("b");
  BOOST_TEST(!event.settings_refused);
  BOOST_TEST(event.refused_servers == std::set<std::string>{"bad"},
             boost::test_tools::per_element());
  BOOST_TEST(
      (event.value->find("good") && event.value->find("fine") && event.value->servers.size() == 2));
}

BOOST_AUTO_TEST_CASE(of_two_servers_of_one_name_the_first_stays) {
  const auto r = decoded(R"({"backends": [{"name": "b", "servers": [
      {"name": "s", "address": "10.0.0.1", "port": 1}, {"name": "s", "address": "10.0.0.2", "port": 2}]}]})");
  BOOST_TEST(keys(r) == "/backends/0/servers/1/name");
  const auto& event = r.backends.at("b");
  BOOST_TEST(event.refused_servers.empty());
  BOOST_TEST((event.value->servers == std::vector<server>{{"s", "10.0.0.1", 1}}));
}

BOOST_AUTO_TEST_CASE(a_refused_server_keeps_its_name_from_a_later_one) {
  const auto r = decoded(R"({"backends": [{"name": "b", "servers": [
      {"name": "s", "address": "10.0.0.1", "port": 0}, {"name": "s", "address": "10.0.0.2", "port": 2}]}]})");
  BOOST_TEST(keys(r) == "/backends/0/servers/0/port /backends/0/servers/1/name");
  BOOST_TEST(r.backends.at("b").refused_servers.contains("s"));
  BOOST_TEST(r.backends.at("b").value->servers.empty());
}

BOOST_AUTO_TEST_CASE(servers_that_are_no_list_are_refused_not_empty) {
  for (const auto* servers : {"null", "{}", "\"\"", "0"}) {
    const auto r = decoded(
        (R"({"backends": [{"name": "b", "servers": )" + std::string(servers) + "}]}").c_str());
    BOOST_TEST(keys(r) == "/backends/0/servers");
    BOOST_TEST((r.backends.at("b").servers_refused && !r.backends.at("b").settings_refused));
  }
}

BOOST_AUTO_TEST_CASE(of_two_backends_of_one_name_the_first_stays) {
  const auto r =
      decoded(R"({"backends": [{"name": "b", "mode": "tcp"}, {"name": "b"}, {"name": "c"}]})");
  BOOST_TEST(keys(r) == "/backends/1/name");
  BOOST_TEST((r.backends.at("b").value->settings.mode == proxy_mode::tcp));
  BOOST_TEST(r.backends.contains("c"));
}

BOOST_AUTO_TEST_CASE(a_backend_without_a_readable_name_is_only_refused) {
  const auto r = decoded(
      R"({"backends": [{"servers": []}, {"name": "a b"}, {"name": 1}, 5, {"name": "ok"}]})");
  BOOST_TEST(keys(r) == "/backends/0/name /backends/1/name /backends/2/name /backends/3");
  BOOST_TEST(r.backends.size() == 1U);
}

BOOST_AUTO_TEST_CASE(routes_are_normalised) {
  const auto r = decoded(R"({"routes": [
      {"host": "*.Example.COM", "path": "/v1///", "backend": "a"}, {"host": "", "path": "/", "backend": "b"},
      {"host": "x_y.example", "path": "/%C3%A4/a+b@c:d", "backend": "c"}, {"host": "10.0.0.1", "backend": "d"}]})");
  BOOST_TEST(keys(r) == "");
  BOOST_TEST((*r.routes == std::vector<route>{{"*.example.com", "/v1", "a"},
                                              {"", "/", "b"},
                                              {"x_y.example", "/%C3%A4/a+b@c:d", "c"},
                                              {"10.0.0.1", "/", "d"}}));
}

BOOST_AUTO_TEST_CASE(of_two_routes_of_one_place_the_first_stays) {
  const auto r = decoded(R"({"routes": [{"host": "A.example", "path": "/v1", "backend": "a"},
      {"host": "a.example", "path": "/v1/", "backend": "b"}]})");
  BOOST_TEST(keys(r) == "/routes/1");
  BOOST_TEST((*r.routes == std::vector<route>{{"a.example", "/v1", "a"}}));
}

BOOST_AUTO_TEST_CASE(a_refused_route_is_named_by_its_place) {
  const auto r = decoded(R"({"routes": [{"host": "a.example", "path": "/v1/", "backend": "a b"},
      {"host": "a b", "path": "/", "backend": "a"}, {"host": "b.example", "backend": "b"}]})");
  BOOST_TEST(keys(r) == "/routes/0/backend /routes/1/host");
  BOOST_TEST(
      (r.refused_routes == std::set<std::pair<std::string, std::string>>{{"a.example", "/v1"}}));
  BOOST_TEST(r.routes->size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
