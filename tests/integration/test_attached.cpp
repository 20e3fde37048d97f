// Attached mode: somebody else runs HAProxy.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_attached)

namespace {

struct attached {
  http_upstream one{"srv1"}, two{"srv2"}, three{"srv3"};
  schema db;
  site gateway;

  explicit attached(bool pid_file = false) : attached(options(pid_file)) {}
  explicit attached(const site_options& options) : gateway(prepared(), options) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1", "srv2"}), gateway.log());
    // The log is written after the fact. Whether there was a reload depends on who came first.
    BOOST_REQUIRE_MESSAGE(eventually([&] { return gateway.log_has("connected to HAProxy"); }),
                          gateway.log());
  }

  static site_options options(bool pid_file) {
    site_options o;
    o.managed = false;
    o.pid_file = pid_file;
    return o;
  }

  std::string prepared() {
    db.sql(insert_server("api-backend", "srv1", one.port()) +
           insert_server("api-backend", "srv2", two.port()));
    return db.provider_yaml();
  }
};

struct by_signal : attached {
  by_signal() : attached(true) {}
};

/// A command asks for reloads; it fails while there is a file "broken".
struct by_command : attached {
  by_command() : attached(options()) {}
  static site_options options() {
    auto o = attached::options(false);
    o.reload =
        "{min_interval: 100ms, command: [/bin/sh, -c, \"test ! -e @FOLDER@/broken || exit 5; "
        "kill -USR2 $(head -n 1 @FOLDER@/haproxy.pid)\"]}";
    return o;
  }
  std::string broken() const { return gateway.file("broken"); }
};

/// No reconcile comes that could find what should be noticed at once.
struct without_reconcile : attached {
  without_reconcile() : attached(options()) {}
  static site_options options() {
    auto o = attached::options(false);
    o.reconcile = "10m";
    return o;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(attached_mode)

BOOST_FIXTURE_TEST_CASE(a_new_backend_reloads_through_the_master_socket, attached) {
  continuous_load load(gateway.port(), 2);
  db.sql(insert_server("other-backend", "srv3", three.port()));
  BOOST_TEST(eventually([&] { return gateway.backend_exists("other-backend"); }), gateway.log());
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
}

BOOST_FIXTURE_TEST_CASE(a_new_backend_reloads_by_signal, by_signal) {
  continuous_load load(gateway.port(), 2);
  db.sql(insert_server("other-backend", "srv3", three.port()));
  BOOST_TEST(eventually([&] { return gateway.backend_exists("other-backend"); }), gateway.log());
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
}

BOOST_FIXTURE_TEST_CASE(a_new_kind_of_backend_reloads_by_a_command, by_command) {
  continuous_load load(gateway.port(), 2);
  db.sql(insert_backend_of_its_own_kind("other-backend") +
         insert_server("other-backend", "srv3", three.port()));
  BOOST_TEST(eventually([&] { return gateway.backend_exists("other-backend"); }), gateway.log());
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
}

BOOST_FIXTURE_TEST_CASE(a_command_that_fails_is_told_and_costs_nothing_until_it_works, by_command) {
  BOOST_REQUIRE(eventually([&] { return contains(gateway.config_text(), "server srv2 "); }));
  const auto before = gateway.config_text();
  const auto worker = gateway.worker_pid();
  write_text(broken(), "");
  db.sql(insert_backend_of_its_own_kind("other-backend") +
         insert_server("other-backend", "srv3", three.port()));
  BOOST_TEST(eventually([&] {
               return gateway.log_has(
                   "reload failed, HAProxy goes on as it was: reload.command /bin/sh ended with "
                   "exit code 5");
             }),
             gateway.log());
  BOOST_TEST(eventually([&] { return gateway.config_text() == before; }), gateway.config_text());
  BOOST_TEST(gateway.worker_pid() == worker);
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
  std::filesystem::remove(broken());
  BOOST_TEST(
      eventually([&] { return gateway.backend_exists("other-backend"); }, std::chrono::seconds(30)),
      gateway.log());
}

BOOST_FIXTURE_TEST_CASE(a_restarted_haproxy_is_brought_back_at_once, without_reconcile) {
  db.sql(insert_server("api-backend", "srv3", three.port()));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2", "srv3"}));
  // Nothing is due any more by which switchyard would come to look.
  BOOST_TEST(eventually([&] { return contains(gateway.config_text(), "server srv3 "); }));
  gateway.haproxy().signal(SIGKILL);
  gateway.haproxy().wait(std::chrono::seconds(5));
  BOOST_TEST(eventually([&] { return gateway.log_has("HAProxy is away"); }), gateway.log());
  db.sql("DELETE FROM servers WHERE name = 'srv1'");
  gateway.start_haproxy();
  BOOST_TEST(gateway.answered_by({"srv2", "srv3"}), gateway.log());
}

BOOST_FIXTURE_TEST_CASE(an_haproxy_that_comes_back_without_switchyard_serves_the_same, attached) {
  db.sql(insert_server("api-backend", "srv3", three.port()) +
         "UPDATE servers SET weight = 8 WHERE name = 'srv2'; "
         "DELETE FROM servers WHERE name = 'srv1'");
  BOOST_TEST(gateway.answered_by({"srv2", "srv3"}));
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", ""));
  BOOST_TEST(eventually([&] {
               const auto file = gateway.config_text();
               return contains(file, "server srv3 ") && contains(file, " weight 8") &&
                      !contains(file, "server srv1 ");
             }),
             gateway.config_text());
  gateway.switchyard().signal(SIGKILL);
  gateway.switchyard().wait(std::chrono::seconds(5));
  gateway.haproxy().signal(SIGKILL);
  gateway.haproxy().wait(std::chrono::seconds(5));
  gateway.start_haproxy();
  BOOST_TEST(gateway.answered_by({"srv2", "srv3"}), gateway.config_text());
  BOOST_TEST(gateway.server("api-backend", "srv1") == "");
  BOOST_TEST(gateway.server("api-backend", "srv2") ==
             "127.0.0.1:" + std::to_string(two.port()) + " 8 ready");
}

BOOST_FIXTURE_TEST_CASE(a_reload_by_somebody_else_loses_no_runtime_change, attached) {
  for (int i = 0; i < 5; ++i) {
    const auto name = "extra" + std::to_string(i);
    db.sql(insert_server("api-backend", name, three.port()));
    BOOST_TEST(gateway.reload_by_hand());
    BOOST_TEST(gateway.server_becomes("api-backend", name,
                                      "127.0.0.1:" + std::to_string(three.port()) + " 100 ready"),
               gateway.log());
  }
}

BOOST_FIXTURE_TEST_CASE(a_haproxy_that_does_not_read_our_file_is_not_reloaded_for_ever, attached) {
  gateway.start_haproxy({"listen own\n  bind 127.0.0.1:" + std::to_string(free_port()) +
                         "\n  timeout client 1s\n  timeout connect 1s\n  timeout server 1s\n"});
  BOOST_TEST(eventually([&] { return gateway.log_has("was not started with"); }), gateway.log());
  const auto before = gateway.log_count("reloaded HAProxy");
  BOOST_TEST(eventually([&] { return gateway.log_count("reloaded HAProxy") > before; }));
  // With waits that double from half a second on, six seconds hold no more than four attempts.
  BOOST_TEST(!eventually([&] { return gateway.log_count("reloaded HAProxy") > before + 4; },
                         std::chrono::seconds(6)),
             gateway.log());
}

BOOST_FIXTURE_TEST_CASE(the_end_of_switchyard_leaves_haproxy_serving, attached) {
  db.sql(insert_server("api-backend", "srv3", three.port()));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2", "srv3"}));
  BOOST_TEST(gateway.stop_switchyard() == 0);
  BOOST_TEST(gateway.answered_by({"srv1", "srv2", "srv3"}));
  BOOST_TEST(gateway.config_text().find("server srv3 ") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(the_operators_own_backends_are_left_alone, attached) {
  auto base = read_text(gateway.file("base.cfg"));
  base +=
      "backend own\n  timeout connect 1s\n  timeout server 1s\n  server mine 127.0.0.1:1 weight "
      "3\n";
  write_text(gateway.file("base.cfg"), base);
  BOOST_TEST(gateway.reload_by_hand());
  BOOST_TEST(eventually([&] { return gateway.backend_exists("own"); }));
  db.sql("UPDATE servers SET weight = 4 WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1",
                                    "127.0.0.1:" + std::to_string(one.port()) + " 4 ready"));
  BOOST_TEST(gateway.server("own", "mine") == "127.0.0.1:1 3 ready");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
