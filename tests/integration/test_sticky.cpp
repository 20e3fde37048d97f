// Cookie persistence as users have it: rows in PostgreSQL, and clients that come back.

#include <boost/test/unit_test.hpp>

#include "tests/integration/site.hpp"
#include "tests/support/visitor.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_sticky)

namespace {

const std::string nothing_lost;

struct persistent {
  http_upstream one{"srv1"}, two{"srv2"}, three{"srv3"};
  schema db;
  site gateway;
  std::size_t reloads_before = 0;

  persistent() : gateway(prepared(), options()) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1", "srv2"}), gateway.log());
    // The log is written after the fact: what brought api-backend in must stand there.
    BOOST_REQUIRE(gateway.tells_of_backend("api-backend"));
    reloads_before = reloads();
  }

  std::string prepared() const {
    db.sql(
        "INSERT INTO backends (name, options) VALUES "
        "('api-backend', '{\"sticky\": {\"cookie\": \"SRV\"}}');" +
        insert_server("api-backend", "srv1", one.port()) +
        insert_server("api-backend", "srv2", two.port()));
    return db.provider_yaml();
  }
  static site_options options() {
    site_options o;
    o.more = "drain_timeout: 6s\n";
    return o;
  }

  std::size_t reloads() const { return gateway.log_count("reloaded HAProxy"); }
  std::string place(const http_upstream& upstream) const {
    return "127.0.0.1:" + std::to_string(upstream.port());
  }
  void add_third() const {
    db.sql(insert_server("api-backend", "srv3", three.port()));
    BOOST_TEST(gateway.server_becomes("api-backend", "srv3", place(three) + " 100 ready"),
               gateway.log());
  }
  visitors clients_of(std::size_t servers) const {
    auto clients = visitors_of(gateway.port(), servers);
    BOOST_REQUIRE_MESSAGE(clients.size() == servers, gateway.log());
    for (const auto& [name, client] : clients) BOOST_REQUIRE(client.cookie().starts_with("SRV="));
    return clients;
  }
  static std::string lost(visitors& clients) {
    std::string all;
    for (const auto& one_of_them : lost_ones(clients)) all += one_of_them + "\n";
    return all;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(sticky, persistent)

BOOST_AUTO_TEST_CASE(clients_keep_their_server_through_additions_reloads_restarts_and_returns) {
  auto clients = clients_of(2);
  continuous_load load(gateway.port(), 2);
  const auto worker = gateway.worker_pid();
  add_third();
  BOOST_TEST(lost(clients) == nothing_lost);
  clients = clients_of(3);
  BOOST_TEST(gateway.worker_pid() == worker);
  // Into the file, and back from there.
  BOOST_TEST(
      eventually([&] { return gateway.config_text().find("server srv3 ") != std::string::npos; }));
  BOOST_REQUIRE(gateway.reload_by_hand());
  BOOST_TEST(lost(clients) == nothing_lost);

  db.sql("DELETE FROM servers WHERE name = 'srv3'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv3", ""), gateway.log());
  add_third();
  BOOST_TEST(lost(clients) == nothing_lost);
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);

  BOOST_TEST(gateway.stop_switchyard() == 0);
  gateway.start_switchyard();
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1", "srv2", "srv3"}), gateway.log());
  BOOST_TEST(lost(clients) == nothing_lost);
  // Nothing was left for a reload.
  BOOST_TEST(reloads() == reloads_before, gateway.log());
}

BOOST_AUTO_TEST_CASE(clients_of_a_removed_server_have_its_drain_to_end_and_then_another_server) {
  auto clients = clients_of(2);
  const auto worker = gateway.worker_pid();
  continuous_load load(gateway.port(), 2);
  db.sql("DELETE FROM servers WHERE name = 'srv2'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", place(two) + " 100 drain"),
             gateway.log());
  BOOST_TEST(lost(clients) == nothing_lost);
  auto& client = clients.at("srv2");
  std::string by;
  BOOST_TEST(eventually([&] { return (by = client.served_by()) != "srv2"; }));
  BOOST_TEST(by == "srv1");
  BOOST_TEST(client.cookie() == clients.at("srv1").cookie());
  // HAProxy deletes none to which it keeps an idle connection, which it may do for seconds.
  BOOST_TEST(eventually([&] { return gateway.server("api-backend", "srv2").empty(); },
                        std::chrono::seconds(40)),
             gateway.log());
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_bad_name_is_refused_with_its_place_and_the_last_good_one_stays) {
  auto clients = clients_of(2);
  db.sql("UPDATE backends SET options = '{\"sticky\": {\"cookie\": \"a b\"}}'");
  BOOST_TEST(eventually([&] { return gateway.log_has("backends(api-backend)"); }), gateway.log());
  BOOST_TEST(gateway.log_has("sticky/cookie: must be 1 to 64 of the characters"), gateway.log());
  db.sql("UPDATE backends SET mode = 'tcp', options = '{\"sticky\": {\"cookie\": \"SRV\"}}'");
  BOOST_TEST(eventually([&] { return gateway.log_has("sticky: a cookie needs mode http"); }),
             gateway.log());
  add_third();
  BOOST_TEST(lost(clients) == nothing_lost);
  BOOST_TEST(reloads() == reloads_before);
}

BOOST_AUTO_TEST_CASE(another_name_and_none_take_one_reload_each_in_which_no_request_fails) {
  continuous_load load(gateway.port(), 2);
  const auto reloaded = [&](std::size_t times) {
    return eventually([&] { return reloads() == reloads_before + times; });
  };
  visitor client(gateway.port());
  db.sql("UPDATE backends SET options = '{\"sticky\": {\"cookie\": \"OTHER\"}}'");
  BOOST_TEST(reloaded(1), gateway.log());
  BOOST_TEST(gateway.log_has("changed settings api-backend"), gateway.log());
  client.served_by();
  BOOST_TEST(client.cookie().starts_with("OTHER="), client.cookie());
  db.sql("UPDATE backends SET options = '{}'");
  BOOST_TEST(reloaded(2), gateway.log());
  visitor another(gateway.port());
  another.served_by();
  BOOST_TEST(another.cookie() == "");
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
