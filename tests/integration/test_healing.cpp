// Whatever fails, traffic goes on and the rest heals.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "haproxy/replies.hpp"
#include "tests/integration/figures.hpp"
#include "tests/integration/healing_site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_healing)

namespace {

struct with_base : healing_site {
  static constexpr const char* good = "global\n  maxconn 2000\n";
  with_base() : healing_site(options()) {}
  static site_options options() {
    site_options o;
    o.base = good;
    return o;
  }
};

struct watched : without_looking {
  /// Whether log, status and figures come to tell of one restart, and what it was for.
  bool restarted_after(const std::string& end) const {
    return eventually([&] {
      const auto status =
          nlohmann::json::parse(http_ask(gateway.api_port(), "GET", "/v1/status").body);
      const auto& told = status.at("haproxy");
      return gateway.log_has("HAProxy has ended (" + end + "); starting it again") &&
             told.at("restarts") == 1 && told.at("last_restart").at("after") == end &&
             figures(gateway.api_port()).count("switchyard_haproxy_restarts_total") == 1;
    });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(haproxy_ends, watched)

BOOST_AUTO_TEST_CASE(a_killed_haproxy_comes_back_with_the_same_servers) {
  db.sql(insert_server("api-backend", "srv3", three.port()) +
         "UPDATE servers SET weight = 8 WHERE name = 'srv2'");
  BOOST_TEST(gateway.answered_by({"srv1", "srv2", "srv3"}));
  // Nothing is due any more by which switchyard would come to look.
  BOOST_TEST(eventually([&] { return contains(gateway.config_text(), "server srv3 "); }));
  const auto master = gateway.master_pid();
  BOOST_REQUIRE(master > 0);
  ::kill(master, SIGKILL);
  BOOST_TEST(eventually([&] {
               const auto now = gateway.master_pid();
               return now > 0 && now != master;
             }),
             gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2", "srv3"}), gateway.log());
  BOOST_TEST(restarted_after("SIGKILL"), gateway.log());
  BOOST_TEST(gateway.server("api-backend", "srv2") == at(two, "8 ready"));
  db.sql("DELETE FROM servers WHERE name = 'srv3'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv3", ""));
}

BOOST_AUTO_TEST_CASE(a_killed_worker_comes_back_with_the_same_servers) {
  BOOST_TEST(eventually([&] { return contains(gateway.config_text(), "server srv2 "); }));
  const auto worker = gateway.worker_pid();
  BOOST_REQUIRE(worker > 0);
  ::kill(worker, SIGSEGV);
  BOOST_TEST(eventually([&] {
               const auto now = gateway.worker_pid();
               return now > 0 && now != worker;
             }),
             gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
  BOOST_TEST(restarted_after("SIGSEGV"), gateway.log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(haproxy_faults, healing_site)

BOOST_AUTO_TEST_CASE(an_edited_configuration_is_told_and_kept_beside_ours) {
  const auto edited = gateway.config_text() + "# mine\n";
  write_text(gateway.config_file(), edited);
  // No change has to come for it.
  BOOST_TEST(eventually([&] { return gateway.config_text().find("# mine") == std::string::npos; }),
             gateway.log());
  BOOST_TEST(read_text(gateway.config_file() + ".edited") == edited);
  BOOST_TEST(eventually([&] { return gateway.log_has("was changed by somebody else"); }));
}

BOOST_AUTO_TEST_CASE(a_configuration_that_was_removed_is_written_anew) {
  BOOST_REQUIRE(
      eventually([&] { return gateway.config_text().find("server srv2 ") != std::string::npos; }));
  std::filesystem::remove(gateway.config_file());
  BOOST_TEST(eventually([&] { return gateway.log_has("was removed by somebody else"); }),
             gateway.log());
  BOOST_TEST(gateway.config_text().find("backend api-backend ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_edit_just_before_the_end_does_not_keep_it_from_starting_again) {
  write_text(gateway.config_file(), gateway.config_text() + "# mine\n");
  BOOST_TEST(gateway.stop_switchyard() == 0);
  gateway.start_switchyard();
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
}

BOOST_AUTO_TEST_CASE(drift_made_by_hand_is_repaired_without_a_reload) {
  const auto worker = gateway.worker_pid();
  gateway.command("set server api-backend/srv1 weight 1");
  gateway.command("set server api-backend/srv2 state maint");
  gateway.command("add server api-backend/stray 127.0.0.1:1");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one)));
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", at(two)));
  BOOST_TEST(gateway.server_becomes("api-backend", "stray", ""));
  gateway.command("set server api-backend/srv1 addr 127.0.0.3 port 1");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one)));
  gateway.command("set server api-backend/srv2 state maint");
  gateway.command("del server api-backend/srv2");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", at(two)));
  gateway.command("disable health api-backend/srv1");
  gateway.command("set maxconn server api-backend/srv2 1");
  BOOST_TEST(eventually([&] {
    const auto view = haproxy::parse_servers_state(gateway.command("show servers state"));
    return view && !view->at("api-backend").at("srv1").check_off;
  }));
  BOOST_TEST(eventually([&] {
    const auto limits = haproxy::parse_stat(gateway.command("show stat -1 6 -1"));
    return limits && limits->servers.at("api-backend").at("srv2").maxconn != 1;
  }));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_server_that_was_in_maintenance_at_a_reload_still_obeys) {
  db.sql("UPDATE servers SET state = 'maint' WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "100 maint")));
  db.sql(insert_backend_of_its_own_kind("other-backend") +
         insert_server("other-backend", "srv3", three.port()));
  BOOST_TEST(eventually([&] { return gateway.backend_exists("other-backend"); }), gateway.log());
  // HAProxy calls a server that its file has as disabled so even after it was enabled.
  for (int i = 0; i < 2; ++i) {
    db.sql("UPDATE servers SET state = 'ready' WHERE name = 'srv1'");
    BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
    db.sql("UPDATE servers SET state = 'maint' WHERE name = 'srv1'");
    BOOST_TEST(gateway.answered_by({"srv2"}), gateway.log());
  }
  BOOST_TEST(!gateway.log_has("not as desired"), gateway.log());
}

BOOST_AUTO_TEST_CASE(a_server_in_drain_stays_so_over_a_reload) {
  db.sql("UPDATE servers SET state = 'drain' WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "100 drain")));
  const auto before = one.requests();
  continuous_load load(gateway.port(), 2);
  db.sql(insert_backend_of_its_own_kind("other-backend") +
         insert_server("other-backend", "srv3", three.port()));
  BOOST_TEST(eventually([&] { return gateway.backend_exists("other-backend"); }), gateway.log());
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "100 drain")));
  BOOST_TEST(load.stop().failed == 0U);
  BOOST_TEST(one.requests() == before);
}

BOOST_AUTO_TEST_CASE(a_killed_switchyard_finds_its_haproxy_and_catches_up_without_a_reload) {
  BOOST_REQUIRE(eventually(
      [&] { return gateway.config_text().find("backend api-backend ") != std::string::npos; }));
  const auto worker = gateway.worker_pid();
  gateway.switchyard().signal(SIGKILL);
  BOOST_TEST(gateway.switchyard().wait(std::chrono::seconds(5)).value_or(-1) == 128 + SIGKILL);
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
  db.sql(insert_server("api-backend", "srv3", three.port()) +
         "DELETE FROM servers WHERE name = 'srv1'");
  gateway.start_switchyard();
  BOOST_TEST(gateway.answered_by({"srv2", "srv3"}), gateway.log());
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(refused_configuration, with_base)

BOOST_AUTO_TEST_CASE(a_configuration_that_haproxy_refuses_changes_nothing_until_it_is_mended) {
  const auto worker = gateway.worker_pid();
  // A change that is saved before, so that the file is at rest.
  db.sql("UPDATE servers SET weight = 5 WHERE name = 'srv1'");
  BOOST_REQUIRE(
      eventually([&] { return gateway.config_text().find("weight 5") != std::string::npos; }));
  const auto file = gateway.config_text();
  write_text(gateway.file("base.cfg"), "global\n  no-such-directive\n");
  db.sql(insert_backend_of_its_own_kind("other-backend") +
         insert_server("other-backend", "srv3", three.port()));
  BOOST_TEST(eventually([&] { return gateway.log_has("reload failed"); }), gateway.log());
  BOOST_TEST(gateway.log_has("no-such-directive"), gateway.log());
  BOOST_TEST(gateway.worker_pid() == worker);
  BOOST_TEST(gateway.config_text() == file);
  // What needs no reload goes on meanwhile.
  db.sql("UPDATE servers SET weight = 6 WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "6 ready")));
  write_text(gateway.file("base.cfg"), good);
  BOOST_TEST(
      eventually([&] { return gateway.backend_exists("other-backend"); }, std::chrono::seconds(30)),
      gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
}

BOOST_AUTO_TEST_CASE(one_backend_that_haproxy_refuses_does_not_hold_up_the_others) {
  // HAProxy takes no second proxy of a name; this one is the operator's.
  write_text(gateway.file("base.cfg"), std::string(good) +
                                           "backend clash\n  timeout connect 1s\n  timeout "
                                           "server 1s\n  server own 127.0.0.1:1\n");
  std::string sql = "BEGIN; ";
  for (const auto* name : {"aaa", "bbb", "clash", "zzz"})
    sql += insert_backend_of_its_own_kind(name) + insert_server(name, "srv3", three.port());
  db.sql(sql + "COMMIT;");
  for (const auto* name : {"aaa", "bbb", "zzz"})
    BOOST_TEST(eventually([&] { return gateway.backend_exists(name); }), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.log_has("backend clash is left as it was"); }),
             gateway.log());
  const auto worker = gateway.worker_pid();
  db.sql("UPDATE servers SET weight = 5 WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "5 ready")));
  BOOST_TEST(gateway.worker_pid() == worker);
  // Without the row all is well again, and no reload is wanted for it.
  db.sql("DELETE FROM servers WHERE backend = 'clash'; DELETE FROM backends WHERE name = 'clash'");
  db.sql("UPDATE servers SET weight = 6 WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "6 ready")));
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
