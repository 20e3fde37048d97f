// Servers whose address is a host name: what the name server says is what carries traffic.

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/http_api.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_names)

namespace {

using addresses_of = std::vector<std::string>;

std::string resolver_settings(const dns_server& names, const std::string& hold_obsolete,
                              const std::string& timeout = "200ms") {
  return "resolver: {servers: [\"" + names.address() + "\"], interval: 100ms, timeout: " + timeout +
         ", hold_obsolete: " + hold_obsolete + "}\n";
}

/// A site with one server app of api-backend, whose address is app.test.
struct named_site {
  explicit named_site(const std::string& resolve, std::vector<std::string> addresses,
                      const std::string& hold_obsolete = "300ms", bool managed = false) {
    names.set("app.test", std::move(addresses));
    write_text(folder / "backends.yaml",
               "backends:\n  - name: api-backend\n    servers:\n      - {name: app, address: "
               "app.test, resolve: " +
                   resolve + ", port: " + std::to_string(upstream.port()) + "}\n");
    site_options options;
    options.managed = managed;
    options.more = resolver_settings(names, hold_obsolete);
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

struct patient_site : named_site {
  patient_site() : named_site("all", {"127.0.0.1", "127.0.0.2", "127.0.0.3"}, "1h") {}
};

/// A backend of one server whose address is app.test, as documents have it.
std::string named_document(const std::string& backend, std::uint16_t port) {
  return R"({"backends": [{"name": ")" + backend +
         R"(", "servers": [{"name": "app", "address": "app.test", "port": )" +
         std::to_string(port) + "}]}]}";
}

/// Every kind of source but files, each with a backend of its own.
struct named_sources {
  dns_server names;
  http_upstream upstream{"app"};
  std::string port = std::to_string(upstream.port());
  schema db;
  redis_server registry;
  http_api api{[this](const http_api::request&) {
    return http_api::answer(200, named_document("by-rest", upstream.port()));
  }};
  temp_dir folder;
  std::unique_ptr<site> gateway;

  named_sources() {
    names.set("app.test", {"127.0.0.1"});
    db.sql(
        "INSERT INTO servers (backend, name, fqdn, port) VALUES ('by-postgres', 'app', "
        "'app.test', " +
        port + ")");
    registry.cli({"HSET", "switchyard:server:by-redis:app", "address", "app.test", "port", port,
                  "resolve", "all"});
    write_text(folder / "document", named_document("by-exec", upstream.port()));
    site_options options;
    options.managed = false;
    options.more = resolver_settings(names, "300ms");
    gateway = std::make_unique<site>(
        db.provider_yaml() + "  - {name: registry, type: redis, url: \"" + registry.url() +
            "\"}\n  - {name: catalog, type: rest, url: \"" + api.url() +
            "\"}\n  - {name: hosts, type: exec, command: [cat, " + (folder / "document") +
            "]}\n  - {name: manual, type: memory}\n",
        options);
    const auto put =
        http_ask(gateway->api_port(), "PUT", "/v1/backends/by-hand",
                 R"({"servers": [{"name": "app", "address": "app.test", "port": )" + port + "}]}");
    BOOST_REQUIRE_MESSAGE(put.status == 201, put.body);
  }
  /// Whether each of them comes to have this address.
  void all_become(const std::string& address) const {
    const auto wanted = address + ":" + port + " 100 ready";
    for (const auto* backend : {"by-postgres", "by-rest", "by-exec", "by-hand"})
      BOOST_TEST(gateway->server_becomes(backend, "app", wanted), backend << gateway->log());
    BOOST_TEST(gateway->server_becomes("by-redis", "app-" + address, wanted), gateway->log());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_name_from_any_source_moves_its_server_without_a_reload, named_sources) {
  all_become("127.0.0.1");
  const auto worker = gateway->worker_pid();
  names.set("app.test", {"127.0.0.2"});
  all_become("127.0.0.2");
  BOOST_TEST(gateway->server_becomes("by-redis", "app-127.0.0.1", ""), gateway->log());
  BOOST_TEST(gateway->worker_pid() == worker);
}

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
  const auto shown = switchyard({"status", "-c", gateway->settings_file()}).output;
  BOOST_TEST(contains(shown, "host name app.test of backend api-backend does not resolve"), shown);
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

struct managed_site : named_site {
  managed_site() : named_site("first", {"127.0.0.1"}, "300ms", true) {}
};

// The control of the two cases before: where nobody has the address any more, there is none.
BOOST_FIXTURE_TEST_CASE(control_without_what_is_kept_a_silent_name_server_takes_traffic_down,
                        managed_site) {
  names.be_silent(true);
  BOOST_REQUIRE_EQUAL(gateway->stop_switchyard(), 0);
  std::filesystem::remove(gateway->config_file());
  std::filesystem::remove_all(gateway->file("state"));
  gateway->start_switchyard();
  BOOST_TEST(comes_to_tell("does not resolve: no name server answers in time"), gateway->log());
  BOOST_TEST(eventually([&] { return http_get(gateway->port()).status == 503; }), gateway->log());
  names.be_silent(false);
  BOOST_TEST(gateway->answered_by({"app"}), gateway->log());
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

// A name server that tells some of the addresses, each time others.
BOOST_FIXTURE_TEST_CASE(partial_answers_take_no_address_away, patient_site) {
  const addresses_of three{"127.0.0.1", "127.0.0.2", "127.0.0.3"};
  for (const auto& one : three) BOOST_REQUIRE(becomes("app-" + one, at(one)));
  for (const auto& one : three) {
    const auto asked = names.asked("app.test");
    names.set("app.test", {one});
    BOOST_REQUIRE(eventually([&] { return names.asked("app.test") >= asked + 6; }));
    for (const auto& all : three)
      BOOST_TEST(gateway->server("api-backend", "app-" + all) == at(all));
  }
  // Nor when a restart knows of no other answer.
  BOOST_REQUIRE_EQUAL(gateway->stop_switchyard(), 0);
  gateway->start_switchyard();
  const auto asked = names.asked("app.test");
  BOOST_REQUIRE(eventually([&] { return names.asked("app.test") >= asked + 6; }));
  for (const auto& all : three) BOOST_TEST(gateway->server("api-backend", "app-" + all) == at(all));
}

struct hasty_site : named_site {
  hasty_site() : named_site("all", {"127.0.0.1", "127.0.0.2"}, "0s") {}
};

// The control of the case before.
BOOST_FIXTURE_TEST_CASE(without_a_hold_a_partial_answer_takes_addresses_away, hasty_site) {
  BOOST_REQUIRE(becomes("app-127.0.0.2", at("127.0.0.2")));
  names.set("app.test", {"127.0.0.1"});
  BOOST_TEST(becomes("app-127.0.0.2", ""), gateway->log());
}

BOOST_AUTO_TEST_CASE(a_name_that_was_never_resolved_keeps_nobody_else) {
  const temp_dir folder;
  const http_upstream one("one"), two("two");
  dns_server names;
  names.be_silent(true);
  const auto write = [&](const std::string& second) {
    write_text(
        folder / "backends.yaml",
        "backends:\n  - name: api-backend\n    servers:\n      - {name: pool, address: "
        "pool.test, resolve: all, port: 80}\n      - {name: one, address: 127.0.0.1, port: " +
            std::to_string(one.port()) + "}\n" + second);
  };
  write("      - {name: two, address: 127.0.0.1, port: " + std::to_string(two.port()) + "}\n");
  site_options options;
  options.managed = false;
  options.more = resolver_settings(names, "300ms", "10s");
  const site gateway("  - {name: files, type: file, path: " + (folder / "backends.yaml") + "}\n",
                     options);
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"one", "two"}), gateway.log());
  // Nobody who carries out changes waits for the name server. The quickest of three, since the
  // machine may be busy.
  auto quickest = std::chrono::steady_clock::duration::max();
  for (const std::string weight : {"7", "8", "9"}) {
    const auto before = std::chrono::steady_clock::now();
    write("      - {name: two, address: 127.0.0.1, weight: " + weight +
          ", port: " + std::to_string(two.port()) + "}\n");
    BOOST_TEST(
        gateway.server_becomes("api-backend", "two",
                               "127.0.0.1:" + std::to_string(two.port()) + " " + weight + " ready"),
        gateway.log());
    quickest = std::min(quickest, std::chrono::steady_clock::now() - before);
  }
  BOOST_TEST((quickest < std::chrono::seconds(2)));
  write("");
  BOOST_TEST(gateway.server_becomes("api-backend", "two", ""), gateway.log());
  BOOST_TEST(gateway.answered_by({"one"}));
}

// Its names are known before anybody needs them.
BOOST_AUTO_TEST_CASE(a_version_that_stands_in_needs_no_name_server) {
  const temp_dir folder;
  const http_upstream mine("mine"), theirs("theirs");
  dns_server names;
  names.set("app.test", {"127.0.0.1"});
  // A provider that loses its last server is held, whoever stands in.
  const std::string another =
      "backends:\n  - {name: other, servers: [{name: s1, address: 127.0.0.1, port: 9}]}\n";
  write_text(folder / "mine.yaml",
             another +
                 "  - name: api-backend\n    servers:\n      - {name: s1, address: 127.0.0.1, "
                 "port: " +
                 std::to_string(mine.port()) + "}\n");
  write_text(
      folder / "theirs.yaml",
      "backends:\n  - name: api-backend\n    servers:\n      - {name: s1, address: app.test, "
      "port: " +
          std::to_string(theirs.port()) + "}\n");
  site_options options;
  options.managed = false;
  options.more = resolver_settings(names, "300ms");
  const site gateway("  - {name: mine, type: file, path: " + (folder / "mine.yaml") +
                         "}\n  - {name: theirs, type: file, path: " + (folder / "theirs.yaml") +
                         "}\n",
                     options);
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"mine"}), gateway.log());
  // The second question comes once the first was answered.
  BOOST_REQUIRE(eventually([&] { return names.asked("app.test") >= 4; }));
  names.be_silent(true);
  write_text(folder / "mine.yaml", another);
  BOOST_TEST(gateway.answered_by({"theirs"}), gateway.log());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
