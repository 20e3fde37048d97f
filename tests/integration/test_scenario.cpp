// The main job: rows committed in PostgreSQL carry traffic through HAProxy.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <sstream>
#include <thread>

#include "haproxy/replies.hpp"
#include "tests/integration/figures.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/process_figures.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_scenario)

namespace {

using namespace std::chrono_literals;

struct running {
  http_upstream one{"srv1"}, two{"srv2"}, three{"srv3"};
  schema db;
  site gateway;
  std::size_t reloads_before = 0;

  running() : gateway(prepared(), options()) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1", "srv2"}), gateway.log());
    // The log is written after the fact: what brought api-backend in must stand there.
    BOOST_REQUIRE(gateway.tells_of_backend("api-backend"));
    reloads_before = reloads();
  }

  static site_options options() {
    site_options o;
    o.reconcile = "200ms";
    return o;
  }

  /// Also after reconciles that could have wanted another one.
  bool reloaded_once() const {
    return eventually([&] { return reloads() > reloads_before; }) && two_reconciles_pass() &&
           reloads() == reloads_before + 1;
  }
  /// Two that begin after this call; the one that was under way then is a third.
  bool two_reconciles_pass() const {
    const auto before = reconciles();
    return eventually([&] { return reconciles() >= before + 3; });
  }
  double reconciles() const {
    return figures(gateway.api_port()).count(R"(switchyard_apply_seconds_count{pass="reconcile"})");
  }
  std::size_t reloads() const { return gateway.log_count("reloaded HAProxy"); }

  /// Servers of backends "bulk-…" that HAProxy has.
  std::size_t bulk_servers() const {
    std::size_t count = 0;
    if (const auto view = haproxy::parse_servers_state(gateway.command("show servers state")))
      for (const auto& [backend, servers] : *view)
        if (backend.starts_with("bulk-")) count += servers.size();
    return count;
  }

  std::string prepared() {
    db.sql(insert_server("api-backend", "srv1", one.port()) +
           insert_server("api-backend", "srv2", two.port()));
    return db.provider_yaml();
  }

  std::string at(const http_upstream& upstream, const std::string& rest) const {
    return "127.0.0.1:" + std::to_string(upstream.port()) + " " + rest;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(scenario, running)

BOOST_AUTO_TEST_CASE(an_inserted_server_joins_the_rotation_without_a_reload) {
  const auto worker = gateway.worker_pid();
  db.sql(insert_server("api-backend", "srv3", three.port()));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2", "srv3"}), gateway.log());
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(weight_state_and_address_follow_the_row_without_a_reload) {
  const auto worker = gateway.worker_pid();
  db.sql("UPDATE servers SET weight = 7 WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "7 ready")));
  db.sql("UPDATE servers SET state = 'drain' WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "7 drain")));
  BOOST_TEST(gateway.answered_by({"srv2"}));
  db.sql("UPDATE servers SET state = 'maint' WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "7 maint")));
  db.sql("UPDATE servers SET state = 'ready' WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "7 ready")));
  db.sql("UPDATE servers SET port = " + std::to_string(three.port()) + " WHERE name = 'srv2'");
  BOOST_TEST(gateway.answered_by({"srv1", "srv3"}));
  const http_upstream elsewhere("elsewhere", three.port(), "127.0.0.2");
  db.sql("UPDATE servers SET ip = '127.0.0.2' WHERE name = 'srv2'");
  BOOST_TEST(gateway.answered_by({"srv1", "elsewhere"}));
  db.sql("UPDATE servers SET weight = 0 WHERE name = 'srv2'");
  BOOST_TEST(gateway.answered_by({"srv1"}));
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_deleted_server_finishes_its_request_and_is_gone_without_a_reload) {
  const auto worker = gateway.worker_pid();
  one.set_delay(2500ms);
  two.set_delay(2500ms);
  const auto earlier = one.requests() + two.requests();
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] { answered += http_get(gateway.port()).status == 200 ? 1 : 0; });
  BOOST_TEST(eventually([&] { return one.requests() + two.requests() >= earlier + 4; }));
  const auto before = one.requests();
  db.sql("DELETE FROM servers WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", at(one, "100 drain")));
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", ""));
  for (auto& c : clients) c.join();
  BOOST_TEST(answered == 4);
  BOOST_TEST(gateway.answered_by({"srv2"}));
  BOOST_TEST(one.requests() == before);
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_new_backend_takes_one_reload_in_which_no_request_fails) {
  const auto worker = gateway.worker_pid();
  continuous_load load(gateway.port(), 4);
  BOOST_TEST(eventually([&] { return load.answered() > 100; }));
  db.sql(insert_backend_of_its_own_kind("other-backend") +
         insert_server("other-backend", "srv3", three.port()));
  BOOST_TEST(eventually([&] { return gateway.backend_exists("other-backend"); }), gateway.log());
  const auto after_reload = load.answered();
  BOOST_TEST(eventually([&] { return load.answered() > after_reload + 500; }));
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(another_worker_than(worker, gateway));
  BOOST_TEST(reloaded_once(), gateway.log());
  BOOST_TEST(gateway.log_has("new backend other-backend"), gateway.log());
}

BOOST_AUTO_TEST_CASE(five_hundred_rows_over_twenty_new_backends_take_one_reload) {
  std::ostringstream sql;
  sql << "BEGIN;";
  for (int b = 0; b < 20; ++b) {
    sql << insert_backend_of_its_own_kind("bulk-" + std::to_string(b));
    for (int s = 0; s < 25; ++s)
      sql << insert_server("bulk-" + std::to_string(b), "s" + std::to_string(s),
                           static_cast<std::uint16_t>(20'000 + s));
  }
  sql << "COMMIT;";
  db.sql(sql.str());
  for (int b = 0; b < 20; ++b)
    BOOST_TEST(
        gateway.server_becomes("bulk-" + std::to_string(b), "s24", "127.0.0.1:20024 100 ready"));
  const auto worker = gateway.worker_pid();
  BOOST_TEST(two_reconciles_pass());
  BOOST_TEST(bulk_servers() == 500U);
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
  db.sql(insert_server("api-backend", "srv3", three.port()));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2", "srv3"}));
  BOOST_TEST(gateway.worker_pid() == worker);
  BOOST_TEST(reloaded_once(), gateway.log());
}

BOOST_AUTO_TEST_CASE(changed_settings_of_a_backend_take_one_reload) {
  db.sql(
      "INSERT INTO backends (name, balance, options) VALUES ('api-backend', 'leastconn', "
      "'{\"check\": {\"type\": \"http\", \"path\": \"/healthz\"}}')");
  BOOST_TEST(eventually([&] {
               return gateway.log_has("changed settings api-backend [balance leastconn, ");
             }),
             gateway.log());
  BOOST_TEST(gateway.config_text().find("balance leastconn") != std::string::npos);
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
  BOOST_TEST(reloaded_once(), gateway.log());
}

BOOST_AUTO_TEST_CASE(runtime_changes_reach_the_file) {
  db.sql(insert_server("api-backend", "srv3", three.port()) +
         "UPDATE servers SET weight = 9 WHERE name = 'srv1'");
  BOOST_TEST(eventually([&] {
    const auto text = gateway.config_text();
    return text.find("server srv3 ") != std::string::npos &&
           text.find("weight 9") != std::string::npos;
  }));
  db.sql("DELETE FROM servers WHERE name = 'srv3'");
  BOOST_TEST(
      eventually([&] { return gateway.config_text().find("server srv3 ") == std::string::npos; }));
}

BOOST_AUTO_TEST_CASE(a_removed_backend_takes_one_reload_before_3_4_and_none_since) {
  db.sql(insert_server("other-backend", "srv3", three.port()));
  BOOST_TEST(eventually([&] { return gateway.backend_exists("other-backend"); }));
  const auto worker = gateway.worker_pid();
  db.sql("DELETE FROM servers WHERE backend = 'other-backend'");
  BOOST_TEST(eventually([&] { return !gateway.backend_exists("other-backend"); }), gateway.log());
  const auto* told = haproxy_adds_backends() ? "backend other-backend deleted without a reload"
                                             : "removed backend other-backend";
  BOOST_TEST(eventually([&] { return gateway.log_has(told); }), gateway.log());
  BOOST_TEST((gateway.worker_pid() == worker) == haproxy_adds_backends());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
}

BOOST_AUTO_TEST_CASE(a_daemon_with_nothing_to_do_takes_next_to_no_processor) {
  BOOST_TEST(two_reconciles_pass());
  const auto before = cpu_time(gateway.switchyard().pid());
  std::this_thread::sleep_for(2s);
  const auto used = cpu_time(gateway.switchyard().pid()) - before;
  // Ten reconciles; the threads of CAF's default scheduler would take a third of a core besides.
  BOOST_TEST(used.count() < 300);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
