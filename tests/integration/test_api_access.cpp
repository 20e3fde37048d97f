// The HTTP API of a running switchyard: who may ask it, and how.

#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "tests/integration/command_line.hpp"
#include "tests/integration/figures.hpp"
#include "tests/integration/running_api.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_api_access)

namespace {

using nlohmann::json;

struct running_default : running_api {};

struct with_token_default : with_token {};

/// An HAProxy that the test can end, and that has one reload in a long time.
struct slow_to_change : running_api {
  slow_to_change() : running_api(options()) {}
  static site_options options() {
    site_options o;
    o.managed = false;
    o.reload = "{min_interval: 10m}";
    return o;
  }
};

bool waits_for(const answer& given, const std::string& what) {
  return given.status == 202 && contains(given.body.at("waiting").dump(), what);
}

/// An API over HTTPS, with a certificate for localhost.
struct over_https {
  certificate_authority authority;
  temp_dir folder;
  std::unique_ptr<site> all;

  over_https() {
    renew();
    site_options o;
    o.api = "certificate: " + (folder / "api.pem") + ", key: " + (folder / "api.key");
    all = std::make_unique<site>(by_hand, o);
  }
  /// Writes a new pair and returns the certificate's fingerprint.
  std::string renew() const {
    const auto pair = authority.issue("localhost");
    write_text(folder / "api.key", pair.key);
    write_text(folder / "api.pem", pair.certificate);
    return fingerprint(pair.certificate);
  }
  std::string url() const { return "https://localhost:" + std::to_string(all->api_port()); }
  std::string shown(std::uint16_t port) const { return tls_hello(port, "localhost").certificate; }
  std::string shown() const { return shown(all->api_port()); }
  /// Writes the API's address into the settings, in the place of another one, and sends SIGHUP.
  void move(std::uint16_t from, std::uint16_t to) const {
    const auto address = [](std::uint16_t port) {
      return "api: {listen: \"127.0.0.1:" + std::to_string(port);
    };
    auto text = read_text(all->settings_file());
    text.replace(text.find(address(from)), address(from).size(), address(to));
    write_text(all->settings_file(), text);
    all->switchyard().signal(SIGHUP);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(api_access, running_default)

BOOST_AUTO_TEST_CASE(hostile_hosts_and_origins_are_refused) {
  BOOST_TEST(http_get(all->api_port(), "/v1/status", "evil.example").status == 421);
  BOOST_TEST(http_ask(all->api_port(), "GET", "/v1/status", "", "Origin: http://evil.example\r\n")
                 .status == 403);
}

BOOST_AUTO_TEST_CASE(every_refusal_is_as_described_and_none_is_an_internal_error) {
  const std::string as_text = "Content-Type: text/plain\r\n";
  struct attempt {
    std::string query, body, fields;
  };
  const std::vector<attempt> attempts{
      {"?limit=x&cursor=%00&last=x&wait=x&whole=x", "", ""},
      {"?limit=999999999999999999999&wait=-1s&last=-1", "[]", ""},
      {"", "{", ""},
      {"?wait=0", "{}", ""},
      {"", "[[[[\xff", ""},
      {"", R"({"a":1,"a":2})", ""},
      {"", R"({"weight":1e400,"state":[],"level":{},"routes":7,"backends":null,"servers":"x"})",
       ""},
      {"", "x", as_text},
      {"", std::string(1U << 20U, ' ') + "{}", ""},
      {"", "", "Transfer-Encoding: chunked\r\n"},
      {"", "", "Content-Length: -1\r\n"},
      {"", "", "Content-Length: 99999999999999999999\r\n"},
      {"", "{}", "Content-Encoding: gzip\r\n"},
      {"", "", "Origin: http://evil.example\r\n"},
      {"", "", "Sec-Fetch-Site: cross-site\r\n"},
      {"", "", "If-Match: \"x\"\r\nIf-None-Match: *\r\n"},
      {"", "", "Last-Event-ID: " + std::string(1000, 'x') + "\r\n"}};
  std::map<int, int> seen;
  for (const auto& operation : described.operations()) {
    const auto method = operation.substr(0, operation.find(' '));
    const auto pattern = operation.substr(operation.find(' ') + 1);
    for (const auto& a : attempts) {
      // An event stream that begins does not end.
      auto query = a.query;
      if (pattern == "/v1/events" && query.empty()) query = "?last=x";
      const auto got = ask(method, pattern, with_parameters(pattern) + query, a.body, a.fields);
      BOOST_TEST((got.status >= 200 && got.status < 500), operation << ": " << got.body.dump());
      if (got.status >= 400) BOOST_TEST(got.body.at("status") == got.status, operation);
      ++seen[got.status];
    }
  }
  for (const int status : {400, 403, 404, 409, 411, 413, 415, 422})
    BOOST_TEST(seen.contains(status), status);
  BOOST_TEST(all->answered_by({"srv1"}));
  BOOST_TEST(all->log_count("internal error") == 0U, all->log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(with_a_token_every_route_needs_it, with_token_default) {
  every_route_needs_it();
}

BOOST_FIXTURE_TEST_CASE(what_a_change_waits_for_is_told, slow_to_change) {
  const auto own_kind = [&](const char* name, const char* wait) {
    auto body = document({&one});
    body["timeouts"] = {{"connect", name[0] == 'a' ? "4321ms" : "4322ms"}};
    return put(name, body, "", std::string("?wait=") + wait);
  };
  own_kind("a", "20s");  // it may have the turn
  answer late;
  BOOST_TEST(waits_for(late = own_kind("b", "500ms"), "a reload: new backend b"), late.body.dump());
  all->haproxy().signal(SIGKILL);
  BOOST_REQUIRE(all->haproxy().wait(std::chrono::seconds(10)).has_value());
  BOOST_REQUIRE(eventually([&] { return get("/readyz").status == 503; }));
  BOOST_TEST(waits_for(late = own_kind("c", "500ms"), "HAProxy, which does not answer"),
             late.body.dump());
}

BOOST_FIXTURE_TEST_CASE(a_new_token_takes_the_place_of_the_old_one_at_a_hangup,
                        with_token_default) {
  // For a moment nobody listens, which is no answer.
  const auto asked_with = [&](const std::string& text) {
    return http_ask(all->api_port(), "GET", "/v1/status", "",
                    "Authorization: Bearer " + text + "\r\n")
        .status;
  };
  const std::string next(32, 'n');
  BOOST_TEST(asked_with(secret) == 200);
  BOOST_TEST(asked_with(next) == 401);
  write_text(token_file(), next + "\n");
  all->switchyard().signal(SIGHUP);
  BOOST_TEST(eventually([&] { return asked_with(next) == 200; }), all->log());
  BOOST_TEST(asked_with(secret) == 401);
  BOOST_TEST(!all->log_has(next));
}

BOOST_FIXTURE_TEST_SUITE(https, over_https)

BOOST_AUTO_TEST_CASE(clients_that_know_the_authority_are_answered_and_others_see_through_it) {
  BOOST_TEST(contains(run_program({"curl", "--silent", "--fail", "--cacert", authority.file(),
                                   url() + "/v1/status"}),
                      "revision"));
  BOOST_CHECK_THROW(run_program({"curl", "--silent", "--fail", url() + "/v1/status"}),
                    std::runtime_error);
  BOOST_TEST(http_ask(all->api_port(), "GET", "/v1/status").status != 200);
  const auto trusted =
      switchyard({"status", "--api", url()}, {{"SSL_CERT_FILE", authority.file()}});
  BOOST_TEST(trusted.exit_code == 0, trusted.output);
  const auto strange = switchyard({"status", "--api", url()});
  BOOST_TEST(strange.exit_code == 1, strange.output);
  // The one of the settings is on this machine.
  const auto own = switchyard({"status", "--config", all->settings_file()});
  BOOST_TEST(own.exit_code == 0, own.output);
}

BOOST_AUTO_TEST_CASE(a_renewed_certificate_is_shown_after_a_hangup) {
  const auto before = shown();
  const auto after = renew();
  BOOST_TEST(before != after);
  all->switchyard().signal(SIGHUP);
  BOOST_TEST(eventually([&] { return shown() == after; }), all->log());
  BOOST_TEST(contains(
      run_program({"curl", "--silent", "--fail", "--cacert", authority.file(), url() + "/healthz"}),
      ""));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_taken_at_a_hangup_leaves_the_api_and_its_clients_as_they_are) {
  const auto before = shown();
  event_reader stream(all->api_port(), "", "", authority.file());
  all->switchyard().signal(SIGHUP);  // nothing has changed
  BOOST_REQUIRE(eventually([&] { return all->log_has("settings re-read"); }));
  // A renewal that is under way.
  write_text(folder / "api.key", authority.issue("localhost").key);
  all->switchyard().signal(SIGHUP);
  BOOST_TEST(eventually([&] {
               return all->log_has("the API goes on as it was: " + (folder / "api.key"));
             }),
             all->log());
  BOOST_TEST(shown() == before);
  const http_upstream holder("holder");
  move(all->api_port(), holder.port());
  BOOST_TEST(eventually([&] { return all->log_has(std::to_string(holder.port()) + " is in use"); }),
             all->log());
  BOOST_TEST(shown() == before);
  run_program({"curl", "--silent", "--fail", "--cacert", authority.file(), "-X", "PUT", "-H",
               "Content-Type: application/json", "-d", R"({"servers": []})",
               url() + "/v1/backends/by-hand"});
  BOOST_TEST(stream.await("by-hand").has_value());
  BOOST_TEST(stream.running());
  const auto elsewhere = free_port();
  move(holder.port(), elsewhere);
  BOOST_TEST(eventually([&] { return shown(elsewhere) == before; }), all->log());
  BOOST_TEST(eventually([&] { return !stream.running(); }));
  BOOST_TEST(shown().empty());
  const auto after = renew();
  all->switchyard().signal(SIGHUP);
  BOOST_TEST(eventually([&] { return shown(elsewhere) == after; }), all->log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
