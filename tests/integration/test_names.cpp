// Servers whose address is a host name: what the name server says is what carries traffic.

#include <boost/test/unit_test.hpp>

#include "tests/integration/site.hpp"
#include "tests/support/dns_server.hpp"

namespace switchyard::tests {

namespace {

/// A site with one server app of api-backend, whose address is app.test.
struct named_site {
  explicit named_site(const std::string& resolve, std::vector<std::string> addresses) {
    names.set("app.test", std::move(addresses));
    write_text(folder / "backends.yaml",
               "backends:\n  - name: api-backend\n    servers:\n      - {name: app, address: "
               "app.test, resolve: " +
                   resolve + ", port: " + std::to_string(upstream.port()) + "}\n");
    site_options options;
    options.managed = false;
    options.more =
        "resolver: {servers: [\"" + names.address() + "\"], interval: 100ms, timeout: 200ms}\n";
    gateway = std::make_unique<site>(
        "  - {name: files, type: file, path: " + (folder / "backends.yaml") + "}\n", options);
    BOOST_REQUIRE_MESSAGE(gateway->answered_by({"app"}), gateway->log());
    worker = gateway->worker_pid();
  }
  std::string at(const std::string& address) const {
    return address + ":" + std::to_string(upstream.port()) + " 100 ready";
  }
  bool becomes(const std::string& server, const std::string& wanted) const {
    return gateway->server_becomes("api-backend", server, wanted);
  }
  bool comes_to_tell(std::string_view text) const {
    return eventually([&] { return gateway->log_has(text); });
  }

  temp_dir folder;
  http_upstream upstream{"app"};
  dns_server names;
  std::unique_ptr<site> gateway;
  pid_t worker = 0;
};

struct first_site : named_site {
  first_site() : named_site("first", {"127.0.0.1"}) {}
};

struct all_site : named_site {
  all_site() : named_site("all", {"127.0.0.1", "127.0.0.2"}) {}
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_name_that_moves_moves_its_server_without_a_reload, first_site) {
  names.set("app.test", {"127.0.0.2"});
  BOOST_TEST(becomes("app", at("127.0.0.2")), gateway->log());
  BOOST_TEST(gateway->log_has("host name app.test is 127.0.0.2"), gateway->log());
  names.set("app.test", {"127.0.0.1"});
  BOOST_TEST(becomes("app", at("127.0.0.1")), gateway->log());
  BOOST_TEST(gateway->answered_by({"app"}));
  BOOST_TEST(gateway->worker_pid() == worker);
}

BOOST_FIXTURE_TEST_CASE(a_name_that_stops_resolving_keeps_its_address, first_site) {
  names.remove("app.test");
  BOOST_TEST(
      comes_to_tell("host name app.test of backend api-backend does not resolve: there is no "
                    "such name; it stays 127.0.0.1"),
      gateway->log());
  BOOST_TEST(gateway->answered_by({"app"}));
  http_answer ready;
  BOOST_TEST(eventually([&] {
               ready = http_get(gateway->api_port(), "/readyz", "localhost");
               return ready.body.find("app.test") != std::string::npos;
             }),
             ready.status << " " << ready.body);
  names.set("app.test", {"127.0.0.1"});
  BOOST_TEST(comes_to_tell("host name app.test resolves again"), gateway->log());
}

// After a restart nobody knows its address, and HAProxy does.
BOOST_FIXTURE_TEST_CASE(a_restart_without_a_name_server_takes_nothing_away, first_site) {
  names.be_silent(true);
  BOOST_REQUIRE_EQUAL(gateway->stop_switchyard(), 0);
  gateway->start_switchyard();
  BOOST_TEST(eventually([&] {
               return gateway->log_count("does not resolve: no name server answers in time") == 1U;
             }),
             gateway->log());
  BOOST_TEST(gateway->answered_by({"app"}));
  BOOST_TEST(gateway->server("api-backend", "app") == at("127.0.0.1"));
  names.be_silent(false);
  names.set("app.test", {"127.0.0.2"});
  BOOST_TEST(becomes("app", at("127.0.0.2")), gateway->log());
}

BOOST_FIXTURE_TEST_CASE(each_of_all_addresses_is_a_server, all_site) {
  BOOST_TEST(becomes("app-127.0.0.1", at("127.0.0.1")));
  BOOST_TEST(becomes("app-127.0.0.2", at("127.0.0.2")));
  names.set("app.test", {"127.0.0.1", "127.0.0.3"});
  BOOST_TEST(becomes("app-127.0.0.3", at("127.0.0.3")), gateway->log());
  BOOST_TEST(becomes("app-127.0.0.2", ""), gateway->log());
  BOOST_TEST(becomes("app-127.0.0.1", at("127.0.0.1")));
  BOOST_TEST(gateway->answered_by({"app"}));
  BOOST_TEST(gateway->worker_pid() == worker);
}

BOOST_FIXTURE_TEST_CASE(a_restart_without_a_name_server_keeps_all_of_them, all_site) {
  BOOST_REQUIRE(becomes("app-127.0.0.2", at("127.0.0.2")));
  names.be_silent(true);
  BOOST_REQUIRE_EQUAL(gateway->stop_switchyard(), 0);
  gateway->start_switchyard();
  BOOST_TEST(comes_to_tell("does not resolve: no name server answers in time"), gateway->log());
  BOOST_TEST(gateway->answered_by({"app"}));
  BOOST_TEST(gateway->server("api-backend", "app-127.0.0.2") == at("127.0.0.2"));
}

// The API shows the name that the source has; what is in HAProxy is no difference.
BOOST_FIXTURE_TEST_CASE(the_api_shows_the_name_and_the_address, first_site) {
  const auto body = http_get(gateway->api_port(), "/v1/backends/api-backend", "localhost").body;
  BOOST_TEST(body.find("\"address\": \"app.test\"") != std::string::npos, body);
  BOOST_TEST(body.find("\"address\": \"127.0.0.1\"") != std::string::npos, body);
  BOOST_TEST(body.find("\"differences\": []") != std::string::npos, body);
}

}  // namespace switchyard::tests
