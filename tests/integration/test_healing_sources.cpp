// Whatever fails of a source, traffic goes on and what changed arrives after.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <functional>

#include "tests/integration/healing_site.hpp"
#include "tests/support/server_state.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_healing_sources)

namespace {

struct unguarded : healing_site {
  unguarded() : healing_site(options(), "1h") {}
  static site_options options() {
    auto o = without_looking::options();
    o.more = guard_off;
    return o;
  }
};

/// Nothing is looked at by itself, and switchyard can be stopped while something happens.
struct stopped_meanwhile : without_looking {
  void unheard(const std::function<void()>& happens) {
    gateway.switchyard().signal(SIGSTOP);
    happens();
    gateway.switchyard().signal(SIGCONT);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(source_faults, stopped_meanwhile)

BOOST_AUTO_TEST_CASE(ten_seconds_without_postgres_lose_nothing_and_changes_arrive_after) {
  const auto worker = gateway.worker_pid();
  const auto told = gateway.log_count(" db: ");
  const auto live = gateway.log_count(" db: live");
  continuous_load load(gateway.port(), 2);
  database().stop();
  const base::deadline ten_seconds(std::chrono::seconds(10));
  // The first line of its health said that it is live.
  BOOST_TEST(eventually([&] { return gateway.log_count(" db: ") > told; }), gateway.log());
  BOOST_TEST(gateway.log_count(" db: live") == live);
  const auto changed = [&](const std::string& name, const http_upstream& to) {
    const auto servers = gateway.command("show servers state api-backend");
    // A busy HAProxy may not answer in time.
    return !servers.empty() && server_in(servers, "api-backend", name) != at(to);
  };
  BOOST_TEST(!eventually([&] { return changed("srv1", one) || changed("srv2", two); },
                         ten_seconds.left()));
  // No notification tells of it: nobody is connected yet.
  unheard([&] {
    database().start();
    db.sql(insert_server("api-backend", "srv3", three.port()) +
           "DELETE FROM servers WHERE name = 'srv2'");
  });
  BOOST_TEST(gateway.answered_by({"srv1", "srv3"}), gateway.log());
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_terminated_listener_listens_again) {
  const auto worker = gateway.worker_pid();
  continuous_load load(gateway.port(), 2);
  for (int i = 0; i < 3; ++i) {
    unheard([&] {
      database().terminate_sessions("postgres");
      db.sql("UPDATE servers SET weight = " + std::to_string(10 + i) + " WHERE name = 'srv1'");
    });
    BOOST_TEST(
        gateway.server_becomes("api-backend", "srv1", at(one, std::to_string(10 + i) + " ready")),
        gateway.log());
    BOOST_TEST(gateway.server("api-backend", "srv2") == at(two));
  }
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(totals.answered > 0U);
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()

// Nothing but the provider itself keeps what is served.
BOOST_FIXTURE_TEST_SUITE(source_faults_without_a_guard, unguarded)

BOOST_AUTO_TEST_CASE(a_table_renamed_away_keeps_what_is_served) {
  const auto worker = gateway.worker_pid();
  continuous_load load(gateway.port(), 2);
  db.sql("ALTER TABLE servers RENAME TO gone");
  db.sql("INSERT INTO backends (name) VALUES ('poke')");
  BOOST_TEST(eventually([&] { return gateway.log_has("does not exist"); }), gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
  db.sql("UPDATE gone SET weight = 4 WHERE name = 'srv2'");
  BOOST_TEST(gateway.server("api-backend", "srv2") == at(two));
  db.sql("ALTER TABLE gone RENAME TO servers");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", at(two, "4 ready")), gateway.log());
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(emptied_tables, without_looking)

BOOST_AUTO_TEST_CASE(truncate_is_a_removal_and_rows_come_back_after_it) {
  const auto worker = gateway.worker_pid();
  continuous_load load(gateway.port(), 2);
  db.sql("BEGIN; TRUNCATE servers; " + insert_server("api-backend", "srv3", three.port()) +
         "COMMIT;");
  BOOST_TEST(gateway.answered_by({"srv3"}), gateway.log());
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", ""));
  BOOST_TEST(gateway.server("api-backend", "srv3") == at(three));
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
