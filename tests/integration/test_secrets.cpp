// Secrets of sources that cannot be reached appear nowhere.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <map>

#include "tests/integration/command_line.hpp"
#include "tests/integration/figures.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_secrets)

namespace {

/// Of every password below, in whatever way it is cut.
constexpr const char* first_part = "hunter";
constexpr const char* second_part = "2wild";

std::string entry(const std::string& type, const std::string& member, const std::string& value) {
  return "  - {name: away, type: " + type + ", " + member + ": '" + value + "'}\n";
}

/// Sources that nobody serves, or that nobody can make sense of.
const std::map<std::string, std::string> sources{
    {"a URL of PostgreSQL", entry("postgres", "dsn", "postgres://app:hunter2wild@127.0.0.1:1/app")},
    {"a URL with @", entry("postgres", "dsn", "postgres://app:hunter@2wild@127.0.0.1:1/app")},
    {"a URL with /", entry("postgres", "dsn", "postgres://app:hunter/2wild@127.0.0.1:1/app")},
    {"a URL with %", entry("postgres", "dsn", "postgres://app:hunter%%2wild@127.0.0.1:1/app")},
    {"a connection string",
     entry("postgres", "dsn", "host=127.0.0.1 port=1 user=app password=hunter2wild")},
    {"a password with a space", entry("postgres", "dsn", "host=127.0.0.1 password=hunter 2wild")},
    {"a URL of Redis", entry("redis", "url", "redis://app:hunter2wild@127.0.0.1:1/0")},
    {"a URL of Redis with @", entry("redis", "url", "redis://app:hunter@2wild@127.0.0.1:1/0")},
    {"a URL of Redis that is none", entry("redis", "url", "redis://app:hunter2wild@127.0.0.1:x/0")},
    {"a URL of an HTTP API",
     entry("rest", "url", "http://app:hunter2wild@127.0.0.1:1/v1?key=hunter2wild")},
    {"a token as a URL's user", entry("rest", "url", "http://hunter2wild@127.0.0.1:1/v1")},
    {"fields and a proxy of an HTTP API",
     "  - {name: away, type: rest, url: 'http://127.0.0.1:1/v1', headers: {X-Key: hunter2wild}, "
     "proxy: 'http://app:hunter2wild@127.0.0.1:1'}\n"},
    {"what a command was given and prints",
     "  - {name: away, type: exec, environment: {CATALOG_TOKEN: hunter2wild}, command: [/bin/sh, "
     "-c, "
     "'echo \"no $CATALOG_TOKEN, $1\" >&2; exit 1', sh, --password=hunter2wild]}\n"},
};

struct installation : files {
  void shows_none(const std::string& where, const std::string& text) const {
    BOOST_TEST(!contains(text, first_part), where << ": " << text);
    BOOST_TEST(!contains(text, second_part), where << ": " << text);
  }
  void commands_show_none() const {
    for (const auto* command : {"check", "doctor", "plan"})
      for (const auto* format : {"text", "json"})
        shows_none(command, switchyard({command, "-o", format, "--config", config()}).output);
  }
  /// Once it runs; one that refuses its settings says so in its log.
  void daemon_shows_none() const {
    const auto daemon = run();
    const auto answer = [&](const char* path) { return http_ask(api, "GET", path); };
    const bool serves = eventually(
        [&] { return !daemon->running() || contains(answer("/v1/status").body, "degraded"); });
    BOOST_TEST(serves, log());
    if (daemon->running()) {
      const event_reader events(api, "?last=1000");
      BOOST_TEST(events.await("away: ").has_value());
      for (const auto& e : events.events()) shows_none("events", e.body.dump());
      for (const auto* path : {"/v1/status", "/v1/plan", "/metrics", "/readyz", "/v1/backends",
                               "/v1/backends/hello", "/v1/routes", "/v1/holds"})
        shows_none(path, answer(path).body);
      shows_none("reconcile", http_ask(api, "POST", "/v1/reconcile").body);
      for (const std::vector<std::string>& command :
           {std::vector<std::string>{"status"}, {"backends"}, {"approve"}, {"exec", "show env"}})
        for (const auto* format : {"text", "json"}) {
          auto words = command;
          words.insert(words.end(), {"-o", format, "--config", config()});
          shows_none(command.front(), switchyard(words).output);
        }
      daemon->signal(SIGTERM);
      BOOST_TEST(daemon->wait(std::chrono::seconds(20)).has_value());
    }
    shows_none("log", log());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(secrets, installation)

BOOST_AUTO_TEST_CASE(of_sources_that_are_followed_appear_nowhere_at_the_level_trace) {
  const redis_server registry("requirepass hunter2wild");
  const schema tables;
  tables.sql(insert_server("hello", "srv2", two.port()));
  use_provider("  - {name: db, type: postgres, dsn: \"" + database().dsn("postgres") +
               " password=hunter2wild\", schema: " + tables.name() + ", channel: " + tables.name() +
               "}\n" + "  - {name: registry, type: redis, url: \"redis://:hunter2wild@127.0.0.1:" +
               std::to_string(registry.port()) + "/0\"}\n");
  write_text(config(), read_text(config()) + "log: {level: trace}\n");
  const auto daemon = run();
  const auto set = [&](const std::vector<std::string>& words) {
    std::vector<std::string> all{"-a", "hunter2wild", "--no-auth-warning"};
    all.insert(all.end(), words.begin(), words.end());
    registry.cli(all);
  };
  BOOST_REQUIRE_MESSAGE(logged("registry: live"), log());
  BOOST_REQUIRE_MESSAGE(logged("db: live"), log());
  set({"HSET", "switchyard:server:kept:s1", "address", "127.0.0.1", "port", "9"});
  set({"SET", "switchyard:server:kept:bad", "hunter"});
  tables.sql("UPDATE servers SET weight = 7");
  BOOST_TEST(logged("kept"), log());
  BOOST_TEST(logged("hello/srv2 weight 7"), log());
  database().terminate_sessions("postgres");
  registry.kill_clients();
  daemon->signal(SIGTERM);
  BOOST_TEST(daemon->wait(std::chrono::seconds(20)).has_value());
  BOOST_TEST(!contains(log(), second_part), log());
  commands_show_none();
}

BOOST_AUTO_TEST_CASE(of_sources_that_cannot_be_reached_appear_nowhere) {
  for (const auto& [name, text] : sources) {
    BOOST_TEST_INFO_SCOPE(name);
    use_provider(text);
    write_text(config(), read_text(config()) + "log: {level: debug}\n");
    commands_show_none();
    daemon_shows_none();
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
