// Connections that break, hang or are not taken, and secrets that stay secret.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "providers/redis/session.hpp"
#include "providers/registry.hpp"
#include "tests/providers/redis/fixture.hpp"

namespace switchyard::tests {

namespace {

/// A process that is stopped as long as the object lives.
class hung {
 public:
  explicit hung(pid_t pid) : pid_(pid) { ::kill(pid_, SIGSTOP); }
  ~hung() { ::kill(pid_, SIGCONT); }
  hung(const hung&) = delete;
  hung& operator=(const hung&) = delete;

 private:
  pid_t pid_;
};

std::chrono::milliseconds time_of(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

std::size_t lost_sessions(const followed& provider) {
  std::size_t count = 0;
  for (const auto& health : provider.healths())
    if (health.value == level::degraded) ++count;
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_connection)

BOOST_AUTO_TEST_CASE(killed_connections_are_replaced_and_everything_is_read_again) {
  redis_server server;
  const keyspace db(server);
  db.set_server("api", "srv1");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  BOOST_REQUIRE(eventually([&] { return server.clients() == 2; }));
  int n = 0;
  for (const std::string kind : {"", " sub=0 psub=1 ", " psub=0 "}) {
    const auto lost = lost_sessions(provider);
    // What changes while nobody listens is told by nobody.
    BOOST_TEST(server.kill_clients(kind) >= 1U, kind);
    const auto name = "srv" + std::to_string(++n) + "b";
    db.set_server("api", name);
    BOOST_TEST(provider.wait_server("api", name), kind);
    BOOST_TEST(eventually([&] { return lost_sessions(provider) > lost; }), kind);
    BOOST_REQUIRE(provider.wait_live());
    BOOST_TEST(eventually([&] { return server.clients() == 2; }));
  }
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there_yet_is_waited_for) {
  redis_server server;
  const keyspace db(server);
  server.kill();
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_health(level::degraded));
  BOOST_TEST(provider.reports().empty());
  server.start();
  db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(a_server_that_goes_away_takes_nothing_with_it) {
  redis_server server;
  const keyspace db(server);
  db.set_server("api", "srv1");
  const followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  server.kill();
  BOOST_REQUIRE(provider.wait_health(level::degraded));
  BOOST_TEST(provider.has("api", "srv1"));
  BOOST_TEST(provider.reports().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_hangs_is_given_up_and_found_again) {
  redis_server server;
  const keyspace db(server);
  db.set_server("api", "srv1");
  auto settings = db.settings();
  settings.heartbeat = 100ms;
  settings.timeout = 500ms;
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  {
    const hung stopped(server.pid());
    BOOST_TEST(provider.wait_reason("did not answer in time"));
    BOOST_TEST(provider.has("api", "srv1"));
  }
  BOOST_REQUIRE(provider.wait_live());
  db.set_server("api", "srv2");
  BOOST_TEST(provider.wait_server("api", "srv2"));
}

BOOST_AUTO_TEST_CASE(stop_does_not_wait_for_a_server_that_hangs) {
  redis_server server;
  const keyspace db(server);
  auto settings = db.settings();
  settings.heartbeat = 50ms;
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  const hung stopped(server.pid());
  const base::deadline several_heartbeats(500ms);
  BOOST_REQUIRE(eventually([&] { return several_heartbeats.passed(); }));
  BOOST_CHECK(provider.health().value == level::live);
  BOOST_CHECK(time_of([&] { provider.provider().stop(); }) < 2s);
}

BOOST_AUTO_TEST_CASE(a_server_that_accepts_and_says_nothing_is_a_timeout) {
  redis_server server;
  const hung stopped(server.pid());
  config::redis_settings settings;
  settings.url = server.url();
  settings.timeout = 300ms;
  const auto opened = providers::redis::open_session(
      settings, providers::redis::parse_url(settings.url)->at, nullptr);
  BOOST_REQUIRE(!opened);
  BOOST_CHECK(opened.error().kind == base::errc::timeout);
}

BOOST_AUTO_TEST_CASE(by_unix_socket) {
  const keyspace db;
  auto settings = db.settings();
  settings.url = "unix://" + db.server.socket() + "?db=2";
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  db.cli({"HSET", "switchyard:server:api:srv1", "address", "10.0.0.1", "port", "80"}, 2);
  BOOST_TEST(provider.wait_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(a_password_comes_from_its_file_and_never_into_messages) {
  redis_server server("requirepass open-sesame\nuser reading on >alibaba ~* &* +@all\n");
  const temp_dir folder;
  write_text(folder / "password", "wrong-secret\n");
  config::redis_settings settings;
  settings.url = "redis://:other-secret@127.0.0.1:" + std::to_string(server.port());
  settings.password_file = folder / "password";
  {
    const followed provider(settings);
    BOOST_REQUIRE(provider.wait_reason("WRONGPASS"));
    write_text(folder / "password", "open-sesame\n");
    BOOST_TEST(provider.wait_live());
    for (const auto& health : provider.healths()) BOOST_TEST(!contains(health.reason, "secret"));
  }
  settings.username = "reading";
  write_text(folder / "password", "alibaba");
  const followed as_user(settings);
  BOOST_TEST(as_user.wait_live());
  settings.username.reset();
  settings.password_file.reset();
  settings.url = server.url();
  const followed without(settings);
  BOOST_TEST(without.wait_reason("wants a password"));
}

BOOST_AUTO_TEST_CASE(a_redis_that_repeats_the_command_does_not_give_the_password_away) {
  redis_server server("rename-command AUTH NOTHING");
  config::redis_settings settings;
  settings.url = "redis://me:secret@127.0.0.1:" + std::to_string(server.port());
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_reason("unknown command"));
  BOOST_TEST(!contains(provider.health().reason, "secret"));
}

BOOST_AUTO_TEST_CASE(an_unreadable_password_file_or_a_missing_database_is_named) {
  const keyspace db;
  auto settings = db.settings();
  settings.password_file = "/nonexistent/password";
  const followed provider(settings);
  BOOST_TEST(provider.wait_reason("/nonexistent/password"));
  settings = db.settings();
  settings.url = db.server.url(999);
  const followed other(settings);
  BOOST_TEST(other.wait_reason("database 999: "));
}

BOOST_AUTO_TEST_CASE(unusable_settings_are_refused_before_anything_is_touched) {
  const auto fault = [](config::redis_settings settings) {
    const auto made = providers::make({"registry", std::move(settings)});
    return made ? std::string() : made.error().message;
  };
  config::redis_settings good;
  BOOST_TEST(fault(good).empty());
  auto bad = good;
  bad.url = "secret";
  BOOST_TEST(contains(fault(bad), "provider registry: url: "));
  BOOST_TEST(!contains(fault(bad), "secret"));
  bad = good;
  bad.url = "redis:///1";
  BOOST_TEST(contains(fault(bad), "url: names no host"));
  bad = good;
  bad.prefix = "";
  BOOST_TEST(contains(fault(bad), "prefix: "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
