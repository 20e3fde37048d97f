// What happens to the connection, and that it heals.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <functional>
#include <thread>

#include "base/fd.hpp"
#include "providers/postgres/connection.hpp"
#include "providers/postgres/session.hpp"
#include "providers/registry.hpp"
#include "tests/providers/postgres/fixture.hpp"

namespace switchyard::tests {

namespace {

/// Processes that are stopped as a hung server is, and go on with the object.
class hung {
 public:
  explicit hung(std::vector<pid_t> pids) : pids_(std::move(pids)) {
    for (const auto pid : pids_) ::kill(pid, SIGSTOP);
  }
  ~hung() {
    for (const auto pid : pids_) ::kill(pid, SIGCONT);
  }
  hung(const hung&) = delete;
  hung& operator=(const hung&) = delete;

 private:
  std::vector<pid_t> pids_;
};

std::chrono::milliseconds time_of(const std::function<void()>& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begin);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_connection)

BOOST_AUTO_TEST_CASE(a_server_that_restarts_is_found_again_with_what_changed) {
  postgres_server server;
  const database db{server};
  db.make_tables();
  db.psql(insert_server("api", "srv1") + insert_server("api", "srv2"));
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  server.stop();
  BOOST_REQUIRE(provider.wait_health(level::degraded));
  BOOST_CHECK(provider.has("api", "srv1"));
  BOOST_TEST(provider.reports().size() == 1U);
  server.start();
  BOOST_REQUIRE(provider.wait_live());
  // While it was away, the channel could tell nothing.
  server.stop(postgres_server::mode::fast);
  server.start();
  db.psql("DELETE FROM servers WHERE name = 'srv1';" + insert_server("api", "srv3"));
  BOOST_CHECK(provider.wait_server("api", "srv3"));
  BOOST_CHECK(!provider.has("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(changes_while_the_session_is_cut_are_not_lost) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  for (int round = 0; round < 3; ++round) {
    BOOST_TEST(db.server.terminate_sessions(db.name) >= 1U);
    const auto name = "srv" + std::to_string(round);
    db.psql(insert_server("api", name));
    BOOST_CHECK(provider.wait_server("api", name));
    BOOST_REQUIRE(provider.wait_live());
  }
  bool was_degraded = false;
  for (const auto& health : provider.sink().healths())
    was_degraded = was_degraded || health.value == level::degraded;
  BOOST_TEST(was_degraded);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there_yet_is_waited_for) {
  postgres_server server;
  const database db{server};
  db.make_tables();
  db.psql(insert_server("api", "srv1"));
  server.stop();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_health(level::degraded));
  BOOST_TEST(provider.reports().empty());
  server.start();
  BOOST_CHECK(provider.wait_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(a_session_that_hangs_is_given_up_and_replaced) {
  const database db;
  db.make_tables();
  auto settings = db.settings();
  settings.heartbeat = 100ms;
  settings.query_timeout = 500ms;
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  const hung stopped(db.server.sessions(db.name));
  BOOST_CHECK(provider.wait_reason("did not answer"));
  BOOST_CHECK(provider.wait_live());  // in a new session
  db.psql(insert_server("api", "srv1"));
  BOOST_CHECK(provider.wait_server("api", "srv1"));
}

BOOST_AUTO_TEST_CASE(stop_does_not_wait_for_a_session_that_hangs) {
  const database db;
  db.make_tables();
  auto settings = db.settings();
  settings.heartbeat = 50ms;
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_live());
  const hung stopped(db.server.sessions(db.name));
  // By then a heartbeat waits for its answer, for 5 s if nothing ends it.
  const base::deadline several_heartbeats(1s);
  BOOST_REQUIRE(eventually([&] { return several_heartbeats.passed(); }));
  BOOST_CHECK(provider.sink().last_health().value == level::live);
  BOOST_CHECK(time_of([&] { provider.provider().stop(); }) < 3s);
}

BOOST_AUTO_TEST_CASE(stop_interrupts_a_read_that_waits_for_a_lock) {
  const database db;
  db.make_tables();
  followed provider(db.settings());
  BOOST_REQUIRE(provider.wait_live());
  std::thread locker([&] { db.psql("BEGIN; LOCK TABLE servers; SELECT pg_sleep(9); COMMIT;"); });
  BOOST_CHECK(eventually([&] {
    return db.psql(
               "SELECT count(*) FROM pg_locks WHERE relation = 'servers'::regclass AND "
               "mode = 'AccessExclusiveLock' AND granted") == "1\n";
  }));
  db.psql("NOTIFY switchyard, 'api'");
  BOOST_CHECK(eventually([&] {
    return db.psql(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
               "application_name = 'switchyard' AND wait_event_type = 'Lock'") == "1\n";
  }));
  BOOST_CHECK(time_of([&] { provider.provider().stop(); }) < 3s);
  locker.join();
}

BOOST_AUTO_TEST_CASE(stop_does_not_wait_for_a_server_that_accepts_and_says_nothing) {
  postgres_server server;
  const database db{server};
  const hung stopped({server.pid()});
  followed provider(db.settings());
  BOOST_CHECK(time_of([&] { provider.provider().stop(); }) < 3s);
}

BOOST_AUTO_TEST_CASE(a_server_that_accepts_and_says_nothing_is_a_timeout) {
  postgres_server server;
  const database db{server};
  const hung stopped({server.pid()});
  auto settings = db.settings();
  settings.dsn += " connect_timeout=1";
  const auto opened = providers::postgres::open_session(settings, nullptr);
  BOOST_REQUIRE(!opened);
  BOOST_CHECK(opened.error().kind == base::errc::timeout);
}

BOOST_AUTO_TEST_CASE(a_host_that_is_silent_is_passed_over) {
  postgres_server silent;
  const database db;
  const hung stopped({silent.pid()});
  auto settings = db.settings();
  settings.dsn = "host=" + silent.folder() + "," + db.server.folder() +
                 " port=" + std::to_string(silent.port()) + "," + std::to_string(db.server.port()) +
                 " user=postgres connect_timeout=1 dbname=" + db.name;
  const auto opened = providers::postgres::open_session(settings, nullptr);
  BOOST_CHECK_MESSAGE(opened, (opened ? "" : opened.error().message));
}

BOOST_AUTO_TEST_CASE(a_query_past_its_deadline_fails_and_the_session_goes_on) {
  const database db;
  auto session = providers::postgres::open_session(db.settings(), nullptr);
  BOOST_REQUIRE(session);
  BOOST_REQUIRE((*session)->query("SET statement_timeout = 50", 5s));
  const auto late = (*session)->query("SELECT pg_sleep(60)", 5s);
  BOOST_REQUIRE(!late);
  BOOST_CHECK(late.error().kind == base::errc::refused);
  BOOST_CHECK((*session)->query("SELECT 1", 5s));
}

BOOST_AUTO_TEST_CASE(a_lost_session_stays_lost) {
  const database db;
  auto session = providers::postgres::open_session(db.settings(), nullptr);
  BOOST_REQUIRE(session);
  BOOST_TEST(db.server.terminate_sessions(db.name) == 1U);
  const auto first = (*session)->query("SELECT 1", 5s);
  BOOST_REQUIRE(!first);
  BOOST_CHECK(first.error().kind == base::errc::unavailable);
  BOOST_CHECK(!(*session)->query("SELECT 1", 5s));
  BOOST_CHECK(!(*session)->notifications());
  BOOST_CHECK(!(*session)->listen("x", 5s));
}

BOOST_AUTO_TEST_CASE(a_password_comes_from_its_file_and_never_into_messages) {
  postgres_server server;
  const database db{server};
  db.make_tables();
  db.psql("CREATE ROLE reading LOGIN PASSWORD 'open-sesame'; GRANT switchyard TO reading;");
  write_text(server.folder() + "/data/pg_hba.conf",
             "local all postgres trust\nlocal all all scram-sha-256\n");
  db.psql("SELECT pg_reload_conf()");
  const temp_dir folder;
  write_text(folder / "password", "wrong-secret\n");
  auto settings = db.settings();
  settings.dsn = server.dsn(db.name, "reading") + " password=other-secret";
  settings.password_file = folder / "password";
  followed provider(settings);
  BOOST_REQUIRE(provider.wait_reason("password authentication failed"));
  write_text(folder / "password", "open-sesame\n");
  BOOST_CHECK(provider.wait_live());
  for (const auto& health : provider.sink().healths())
    BOOST_TEST(health.reason.find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_unreadable_password_file_is_named) {
  const database db;
  auto settings = db.settings();
  settings.password_file = "/nonexistent/password";
  followed provider(settings);
  BOOST_CHECK(provider.wait_reason("/nonexistent/password"));
}

BOOST_AUTO_TEST_CASE(unusable_settings_are_refused_before_anything_is_touched) {
  const auto fault = [](config::postgres_settings settings) {
    const auto made = providers::make({"main-db", std::move(settings)});
    return made ? std::string() : made.error().message;
  };
  config::postgres_settings good;
  good.dsn = "host=/run/postgresql dbname=app password=secret";
  BOOST_TEST(fault(good).empty());
  auto bad = good;
  bad.dsn = "secret password";
  BOOST_TEST(fault(bad).find("provider main-db: dsn: ") == 0U);
  BOOST_TEST(fault(bad).find("secret") == std::string::npos);
  bad = good;
  bad.channel = std::string(64, 'c');
  BOOST_TEST(fault(bad).find("channel: ") != std::string::npos);
  bad = good;
  bad.schema = "";
  BOOST_TEST(fault(bad).find("schema: ") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
