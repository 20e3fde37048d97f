// What a restarted switchyard cannot read, it leaves as HAProxy has it.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_unread)

namespace {

/// Tables without their checks, so that they can hold what cannot be taken.
constexpr const char* loosen = R"(
  ALTER TABLE servers DROP CONSTRAINT IF EXISTS servers_weight;
  ALTER TABLE servers ALTER COLUMN weight TYPE text;
  ALTER TABLE backends DROP CONSTRAINT IF EXISTS backends_balance;
  ALTER TABLE routes DROP CONSTRAINT IF EXISTS routes_backend;
)";

struct restarted {
  http_upstream one{"srv1"}, two{"srv2"}, three{"srv3"}, shop{"shop"};
  schema db;
  site gateway;

  restarted() : gateway(prepared()) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1", "srv2"}), gateway.log());
    BOOST_REQUIRE_MESSAGE(eventually([&] { return shop_answers(); }), gateway.log());
    BOOST_REQUIRE(eventually([&] {
      const auto text = gateway.config_text();
      return text.find("backend shop ") != std::string::npos &&
             text.find("server srv2 ") != std::string::npos;
    }));
  }

  std::string prepared() {
    db.sql(loosen);
    db.sql(
        "INSERT INTO backends (name, balance) VALUES ('shop', 'leastconn');"
        "INSERT INTO routes (host, path, backend) VALUES ('shop.example', '/', 'shop');" +
        insert_server("api-backend", "srv1", one.port()) +
        insert_server("api-backend", "srv2", two.port()) + insert_server("shop", "s", shop.port()));
    return db.provider_yaml();
  }

  bool shop_answers() const { return http_get(gateway.port(), "/", "shop.example").body == "shop"; }

  /// Ends switchyard, lets the rows turn bad, and starts it again without what it kept of the
  /// source: it has no last good version.
  void restart_with(const std::string& sql) {
    gateway.switchyard().signal(SIGKILL);
    BOOST_REQUIRE(gateway.switchyard().wait(std::chrono::seconds(5)).has_value());
    db.sql(sql);
    std::filesystem::remove(gateway.file("state") + "/view-db.json");
    gateway.start_switchyard();
  }

  /// A row that comes now, and is seen, comes after all that the start brought.
  void has_its_say() {
    db.sql(insert_server("api-backend", "srv3", three.port()));
    BOOST_TEST(gateway.server_becomes("api-backend", "srv3", at(three)), gateway.log());
    BOOST_TEST(gateway.worker_pid() > 0);
  }

  static std::string at(const http_upstream& upstream, const std::string& rest = "100 ready") {
    return "127.0.0.1:" + std::to_string(upstream.port()) + " " + rest;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(unread, restarted)

BOOST_AUTO_TEST_CASE(a_server_that_cannot_be_read_at_a_start_stays_until_it_can) {
  restart_with("UPDATE servers SET weight = 'heavy' WHERE name = 'srv2'");
  has_its_say();
  BOOST_TEST(gateway.log_has("servers(api-backend, srv2)"), gateway.log());
  BOOST_TEST(eventually(
      [&] { return gateway.log_has("backend api-backend: a part of it could not be read"); }));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2", "srv3"}), gateway.log());
  BOOST_TEST(gateway.server("api-backend", "srv2") == at(two));
  // It is in the file as well, which a HAProxy that comes back is started with.
  BOOST_TEST(eventually([&] {
    const auto text = gateway.config_text();
    return text.find("server srv3 ") != std::string::npos &&
           text.find("server srv2 ") != std::string::npos;
  }));
  db.sql("UPDATE servers SET weight = '7' WHERE name = 'srv2'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", at(two, "7 ready")), gateway.log());
  db.sql("DELETE FROM servers WHERE name = 'srv2'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", ""), gateway.log());
}

BOOST_AUTO_TEST_CASE(a_deleted_one_goes_when_it_never_became_readable) {
  restart_with("UPDATE servers SET weight = 'heavy' WHERE name = 'srv2'");
  has_its_say();
  db.sql("DELETE FROM servers WHERE name = 'srv2'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv2", ""), gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1", "srv3"}));
}

BOOST_AUTO_TEST_CASE(what_is_gone_from_the_source_goes_beside_what_cannot_be_read) {
  restart_with(
      "UPDATE servers SET weight = 'heavy' WHERE name = 'srv2';"
      "DELETE FROM servers WHERE name = 'srv1'");
  BOOST_TEST(gateway.server_becomes("api-backend", "srv1", ""), gateway.log());
  BOOST_TEST(gateway.answered_by({"srv2"}));
}

BOOST_AUTO_TEST_CASE(a_backend_and_its_route_stay_when_its_settings_cannot_be_read) {
  restart_with("UPDATE backends SET balance = 'anything' WHERE name = 'shop'");
  has_its_say();
  BOOST_TEST(gateway.log_has("backends(shop)"), gateway.log());
  BOOST_TEST(shop_answers(), gateway.log());
  BOOST_TEST(gateway.config_text().find("backend shop ") != std::string::npos);
  // It goes when the source says so.
  db.sql("DELETE FROM routes; DELETE FROM servers WHERE backend = 'shop'; DELETE FROM backends");
  BOOST_TEST(eventually([&] { return !gateway.backend_exists("shop"); }), gateway.log());
}

BOOST_AUTO_TEST_CASE(a_route_stays_when_it_cannot_be_read) {
  restart_with("UPDATE routes SET backend = 'no such name'");
  has_its_say();
  BOOST_TEST(shop_answers(), gateway.log());
  db.sql("DELETE FROM routes");
  BOOST_TEST(eventually([&] { return !shop_answers(); }), gateway.log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
