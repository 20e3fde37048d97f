// Every field of the document against values that it must not take.

#include <boost/test/unit_test.hpp>
#include <functional>

#include "model/document.hpp"

using namespace switchyard::model;
using nlohmann::json;

namespace {

const json good_server = {{"name", "s"}, {"address", "10.0.0.1"}, {"port", 80}};
const json good_route = {{"host", "a.example"}, {"path", "/v1"}, {"backend", "b"}};

std::vector<std::string> pointers(const problems& list) {
  std::vector<std::string> result;
  for (const auto& p : list) {
    BOOST_TEST(!p.message.empty());
    BOOST_TEST(p.message.size() < 400);
    BOOST_TEST(p.message.find('\n') == std::string::npos);
    result.push_back(p.pointer);
  }
  return result;
}

using decoder = std::function<problems(const json&)>;

problems server_problems(const json& value) {
  problems sink;
  const bool taken = decode_server(value, "/s", sink).has_value();
  BOOST_TEST(taken == sink.empty());
  return sink;
}

problems route_problems(const json& value) {
  problems sink;
  const bool taken = decode_route(value, "/s", sink).has_value();
  BOOST_TEST(taken == sink.empty());
  return sink;
}

problems settings_problems(const json& value) {
  problems sink;
  decode_settings(value, "/s", sink);
  return sink;
}

void check_field(const decoder& decode, const json& whole, const std::string& pointer,
                 const std::vector<json>& good, const std::vector<json>& bad) {
  for (const auto& value : good) {
    json changed = whole;
    changed[json::json_pointer(pointer)] = value;
    const auto found = decode(changed);
    BOOST_TEST(found.empty(),
               pointer << " refused " << value.dump().substr(0, 80) << ": " << to_string(found));
  }
  for (const auto& value : bad) {
    json changed = whole;
    changed[json::json_pointer(pointer)] = value;
    BOOST_TEST(pointers(decode(changed)) == std::vector<std::string>{"/s" + pointer},
               pointer << " with "
                       << value.dump(-1, ' ', true, json::error_handler_t::replace).substr(0, 80));
  }
}

/// What no string field takes: other types, control characters, and what would begin a command, a
/// comment, a word or an expansion for HAProxy.
std::vector<json> hostile(const std::string& plausible) {
  std::vector<json> all = {1,
                           -1,
                           1.5,
                           true,
                           json::array({plausible}),
                           json::object(),
                           plausible + "\n",
                           plausible + "\r",
                           "\n" + plausible,
                           plausible + std::string(1, '\0'),
                           plausible + std::string("\0x", 2),
                           plausible + "\x7f",
                           plausible + "\xff"};
  for (const auto* part : {" ",  "; show env", ";", "\"", "'", "\\", "#", "${HOME}", "%[env(PATH)]",
                           "<<", "\xc3\xa4",   "{", "}",  "|", "`",  "^", "[",       "]",
                           "<",  ">"})
    all.emplace_back(plausible + part);
  all.emplace_back(plausible + std::string(2000, 'a'));
  return all;
}

std::vector<json> with(std::vector<json> list, const std::vector<json>& more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(document_refusals)

BOOST_AUTO_TEST_CASE(server_name) {
  check_field(server_problems, good_server, "/name", {"a", "srv:80", std::string(128, 'x')},
              with(hostile("srv"),
                   {"", nullptr, std::string(129, 'x'), std::string(300, 'x'), "a/b", "a,b"}));
}

BOOST_AUTO_TEST_CASE(server_address) {
  check_field(
      server_problems, good_server, "/address",
      {"10.0.0.1", "::1", "2001:db8::A", "127.0.0.1", "localhost", "db.internal"},
      with(hostile("10.0.0.1"),
           {"", nullptr, "127.1", "0x7f.1", "1.2.3.4/32", "[::1]", "fe80::1%eth0", "10.0.0.1:80",
            "0.0.0.0", "::", "*", "db..internal", "db.internal.", "-db.internal", "db.1",
            "/var/run/docker.sock", "unix@/x", std::string(300, 'a')}));
}

BOOST_AUTO_TEST_CASE(server_resolve) {
  json of_name = good_server;
  of_name["address"] = "db.internal";
  check_field(server_problems, of_name, "/resolve", {"first", "all"},
              {"", nullptr, "any", true, json::array()});
  json of_address = good_server;
  of_address["resolve"] = "all";
  BOOST_TEST(to_string(server_problems(of_address)).find("/resolve: all needs a host name") !=
             std::string::npos);
  of_name["resolve"] = "all";
  of_name["name"] = std::string(83, 'a');
  BOOST_TEST(to_string(server_problems(of_name)).find("/name: must be at most 82") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(server_numbers) {
  const std::vector<json> never = {-1,
                                   1.5,
                                   80.0,
                                   "8080",
                                   true,
                                   nullptr,
                                   json::array(),
                                   1e300,
                                   18446744073709551615U,
                                   std::numeric_limits<std::int64_t>::min()};
  check_field(server_problems, good_server, "/port", {1, 8080, 65535},
              with(never, {0, 65536, 70000, 4294967376}));
  check_field(server_problems, good_server, "/weight", {0, 1, 256},
              with(never, {257, 65536 + 100}));
  check_field(server_problems, good_server, "/maxconn", {0, 1, 2147483647},
              with(never, {2147483648U, 4294967296}));
}

BOOST_AUTO_TEST_CASE(server_state_and_backup) {
  check_field(server_problems, good_server, "/state", {"ready", "drain", "maint"},
              with(hostile("ready"), {"", nullptr, "Ready", "up"}));
  check_field(server_problems, good_server, "/backup", {true, false},
              {0, 1, "true", nullptr, json::array()});
}

BOOST_AUTO_TEST_CASE(servers_need_name_address_and_port) {
  BOOST_TEST(pointers(server_problems(json::object())) ==
             (std::vector<std::string>{"/s/name", "/s/address", "/s/port"}));
}

BOOST_AUTO_TEST_CASE(unknown_keys_of_every_object) {
  json server = good_server;
  server["Port"] = 1;
  BOOST_TEST(pointers(server_problems(server)) == std::vector<std::string>{"/s/Port"});
  BOOST_TEST(to_string(server_problems(server))
                 .find("address, backup, maxconn, name, port, resolve, state, weight") !=
             std::string::npos);
  json route = good_route;
  route["port"] = 1;
  BOOST_TEST(pointers(route_problems(route)) == std::vector<std::string>{"/s/port"});
  BOOST_TEST(pointers(settings_problems({{"tls", {{"x", 1}}},
                                         {"check", {{"x", 1}}},
                                         {"timeouts", {{"x", 1}}},
                                         {"servers", json::array()}})) ==
             (std::vector<std::string>{"/s/tls/x", "/s/check/x", "/s/timeouts/x", "/s/servers"}));
}

BOOST_AUTO_TEST_CASE(settings_words) {
  check_field(settings_problems, json::object(), "/mode", {"http", "tcp"},
              with(hostile("http"), {"", nullptr, "HTTP"}));
  check_field(settings_problems, json::object(), "/balance",
              {"roundrobin", "leastconn", "random", "source", "uri"},
              with(hostile("random"), {"", nullptr, "static-rr", "first", "hdr(x)"}));
  check_field(settings_problems, json::object(), "/protocol", {"auto", "h1", "h2"},
              with(hostile("h2"), {"", nullptr, "automatic", "fcgi"}));
  check_field(settings_problems, json::object(), "/tls/verify", {"required", "none"},
              with(hostile("none"), {"", nullptr}));
  check_field(settings_problems, json::object(), "/check/type", {"tcp", "http", "none"},
              with(hostile("tcp"), {"", nullptr}));
}

BOOST_AUTO_TEST_CASE(settings_objects) {
  for (const auto* name : {"/tls", "/check", "/timeouts"})
    check_field(settings_problems, json::object(), name, {json::object()},
                {nullptr, true, 1, "on", json::array()});
  check_field(settings_problems, json::object(), "/tls/enabled", {true, false},
              {1, "true", nullptr});
  for (const auto& bad : {json(1), json("x"), json::array(), json(nullptr)})
    BOOST_TEST(pointers(settings_problems(bad)) == std::vector<std::string>{"/s"});
}

BOOST_AUTO_TEST_CASE(sni) {
  check_field(settings_problems, json::object(), "/tls/sni",
              {nullptr, "a", "API.example.com", "x_y.example"},
              with(hostile("a.example"), {"", ".", "a.", ".a", "a..b", "-a", "a-", "*.a", "a/b",
                                          "a:1", std::string(64, 'a'), std::string(300, 'a')}));
}

BOOST_AUTO_TEST_CASE(check_path) {
  check_field(settings_problems, json::object(), "/check/path",
              {"/", "/healthz", "/a/b?c=d&e=%20+*", "/~x/@:!$(),", "/" + std::string(1023, 'a')},
              with(hostile("/ok"), {"", nullptr, "healthz", "?x", "http://x/", "/%", "/%4", "/%zz",
                                    "/a%2", "/" + std::string(1024, 'a')}));
}

BOOST_AUTO_TEST_CASE(check_numbers_and_times) {
  check_field(
      settings_problems, json::object(), "/check/interval", {"100ms", "2s", "1h"},
      {"99ms", "0s", "3601s", "2", 2, 2000, "", nullptr, "-2s", "2s\n", "2 s", "1.5s", "1d"});
  for (const auto* name : {"/check/rise", "/check/fall"})
    check_field(settings_problems, json::object(), name, {1, 100},
                {0, -1, 101, 1.5, "2", true, nullptr, 4294967297});
  for (const auto* name : {"/timeouts/connect", "/timeouts/server", "/timeouts/tunnel"})
    check_field(settings_problems, json::object(), name, {"1ms", "30s", "24d"},
                {"0ms", "25d", "577h", 5, "", nullptr, "5", "5s;", "99999999999999999999d"});
  check_field(settings_problems, json::object(), "/slowstart", {"1s", "90s", "1h"},
              {"999ms", "0s", "3601s", 30, "", nullptr, "30", "30s;", "1d"});
}

BOOST_AUTO_TEST_CASE(a_cookies_name) {
  const auto sticky = [](const json& cookie) { return json{{"sticky", {{"cookie", cookie}}}}; };
  check_field(settings_problems, sticky("SRV"), "/sticky/cookie",
              {"SRV", "a", "connect.sid", "__Host-srv", "!%&*+-._~", std::string(64, 'c')},
              with(hostile("SRV"), {"", nullptr, "a=b", "a,b", "a(b", "a@b", "a/b", "a:b", "a?b",
                                    "$SRV", "S|RV", std::string(65, 'c')}));
  check_field(settings_problems, json::object(), "/sticky", {{{"cookie", "SRV"}}},
              {nullptr, true, 1, "SRV", json::array()});
  const auto problem_of = [](const json& value) {
    return to_string(settings_problems({{"sticky", value}}));
  };
  BOOST_TEST(problem_of(json::object()) == "/s/sticky/cookie: is missing");
  BOOST_TEST(problem_of({{"cookie", "SRV"}, {"secure", true}}) ==
             "/s/sticky/secure: unknown key, known here: cookie");
}

BOOST_AUTO_TEST_CASE(what_mode_tcp_cannot_do) {
  BOOST_TEST(to_string(settings_problems({{"mode", "tcp"}, {"sticky", {{"cookie", "SRV"}}}})) ==
             "/s/sticky: a cookie needs mode http: in mode tcp bytes pass as they are");
  check_field(settings_problems, {{"mode", "tcp"}}, "/protocol", {"auto"}, {"h1", "h2"});
  check_field(settings_problems, {{"mode", "tcp"}}, "/balance", {"roundrobin", "source"}, {"uri"});
  BOOST_TEST(
      settings_problems({{"mode", "tcp"}, {"check", {{"type", "http"}, {"path", "/x"}}}}).empty());
}

BOOST_AUTO_TEST_CASE(route_fields) {
  check_field(
      route_problems, good_route, "/host", {"", "a", "*.example.com", "A.B", std::string(63, 'a')},
      with(hostile("a.example"),
           {nullptr, "*", "*.", "**.a", "a.*", "*a.b", "*.*.a", "a:80", "a.", ".a", "a..b", "-a.b",
            "::1", "[::1]", "http://a", "a/b", std::string(64, 'a'), std::string(300, 'a')}));
  check_field(route_problems, good_route, "/path",
              {"/", "/v1", "/v1/", "/a/%2Fb", "/" + std::string(300, 'a')},
              with(hostile("/v1"), {"", nullptr, "v1", "/v1?x=1", "/a%", "/a%0", "*",
                                    "/" + std::string(1024, 'a')}));
  check_field(
      route_problems, good_route, "/backend", {"b", std::string(128, 'b')},
      with(hostile("b"), {"", nullptr, std::string(129, 'b'), std::string(300, 'b'), "a/b"}));
  BOOST_TEST(pointers(route_problems(json::object())) == std::vector<std::string>{"/s/backend"});
}

BOOST_AUTO_TEST_CASE(backend_name) {
  for (const auto& bad : hostile("backend")) {
    report into;
    decode_backend({{"name", bad}}, "/b", into);
    BOOST_TEST(into.backends.empty());
    BOOST_REQUIRE(into.refused.size() == 1U);
    BOOST_TEST(into.refused[0].key == "/b/name");
  }
}

BOOST_AUTO_TEST_SUITE_END()
