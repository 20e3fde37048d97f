// Quotas: a source that has far too much, and what it does where nothing bounds it.

#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>

#include "tests/integration/three_sources.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_quotas)

namespace {

/// A table of one server, and then of ten more in a backend that is new.
struct growing_table {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  const site gateway;

  explicit growing_table(const std::string& quota) : gateway(filled().provider_yaml(quota)) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
    db.sql(
        "INSERT INTO servers (backend, name, ip, port) SELECT 'many', 's' || i, '127.0.0.1', 1 "
        "FROM generate_series(1, 10) AS i");
  }
  const schema& filled() const {
    db.sql(insert_server("api-backend", "srv1", one.port()));
    return db;
  }
};

/// A folder of files and a Redis with a server each, and then with thirty more.
struct growing_files_and_keys {
  http_upstream one{"srv1"};
  temp_dir folder;
  redis_server registry;
  std::unique_ptr<site> gateway;

  explicit growing_files_and_keys(const std::string& quota) {
    write_text(folder / "a.json", document("api-backend", {server_json("srv1", one.port())}));
    registry.cli({"HSET", "switchyard:server:shop:s1", "address", "127.0.0.1", "port", "80"});
    gateway = std::make_unique<site>(
        "  - {name: files, type: file, " + quota + ", path: " + folder.path().string() +
        "}\n  - {name: registry, type: redis, " + quota + ", url: \"" + registry.url() + "\"}\n");
    BOOST_REQUIRE_MESSAGE(gateway->answered_by({"srv1"}), gateway->log());
    BOOST_REQUIRE(eventually([&] { return gateway->backend_exists("shop"); }));
    servers many;
    for (int i = 0; i < 30; ++i) many.push_back(server_json("s" + std::to_string(i), one.port()));
    write_text(folder / "b.json", document("more", many));
    for (int i = 0; i < 30; ++i)
      registry.cli({"HSET", "switchyard:server:shop:t" + std::to_string(i), "address", "127.0.0.1",
                    "port", "80", "weight", "100"});
    registry.cli({"CLIENT", "KILL", "TYPE", "normal"});  // so that everything is read anew
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(quotas)

BOOST_AUTO_TEST_CASE(a_source_that_has_too_much_keeps_its_last_good_view_until_it_fits) {
  const growing_table all("max_objects: 6");
  const auto& gateway = all.gateway;
  BOOST_TEST(eventually([&] {
               return gateway.log_has(
                   "the source has 13 backends, servers and routes, more than max_objects "
                   "(6)");
             }),
             gateway.log());
  BOOST_TEST(!gateway.backend_exists("many"));
  // What needs no more room goes on.
  all.db.sql("UPDATE servers SET port = " + std::to_string(all.two.port()) +
             " WHERE name = 'srv1'");
  BOOST_TEST(gateway.answered_by({"srv2"}), gateway.log());
  const auto figures = http_ask(gateway.api_port(), "GET", "/metrics").body;
  BOOST_TEST(contains(figures, "switchyard_provider_objects{provider=\"db\"} 13"));
  BOOST_TEST(contains(figures, "switchyard_provider_max_objects{provider=\"db\"} 6"));
  const auto status = switchyard({"status", "-c", gateway.settings_file()}).output;
  BOOST_TEST(contains(status, "max_objects (6)"), status);
  const auto check = switchyard({"check", "-c", gateway.settings_file()});
  BOOST_TEST(check.exit_code == 1);
  BOOST_TEST(contains(check.output, "more than max_objects (6)"), check.output);

  all.db.sql("DELETE FROM servers WHERE backend = 'many' AND name <> 's1'");
  BOOST_TEST(eventually([&] { return gateway.backend_exists("many"); }), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.log_count("db: live") == 2; }), gateway.log());
}

BOOST_AUTO_TEST_CASE(control_without_a_quota_all_that_a_source_has_is_taken) {
  const growing_table all("max_objects: 200000");  // the default
  BOOST_TEST(eventually([&] { return !all.gateway.server("many", "s10").empty(); }),
             all.gateway.log());
}

BOOST_AUTO_TEST_CASE(files_and_keys_past_max_bytes_are_refused_by_name) {
  const growing_files_and_keys all("max_bytes: 1024");
  const auto& gateway = *all.gateway;
  BOOST_TEST(
      eventually([&] {
        return gateway.log_has("b.json: the source gives more than max_bytes (1024 bytes) at once");
      }),
      gateway.log());
  BOOST_TEST(eventually([&] {
               return gateway.log_has(
                   "registry: the source gives more than max_bytes (1024 bytes) at once");
             }),
             gateway.log());
  BOOST_TEST(gateway.server("shop", "s1") != "");
  BOOST_TEST(!gateway.backend_exists("more"));
  BOOST_TEST(gateway.answered_by({"srv1"}));
}

BOOST_AUTO_TEST_CASE(control_with_wider_quotas_files_and_keys_are_taken) {
  const growing_files_and_keys all("max_bytes: 10485760");
  BOOST_TEST(eventually([&] { return !all.gateway->server("more", "s29").empty(); }),
             all.gateway->log());
  BOOST_TEST(eventually([&] { return !all.gateway->server("shop", "t29").empty(); }),
             all.gateway->log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
