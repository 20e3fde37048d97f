// Several providers at once: merged backends, collisions, and settings that change one of them.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/integration/three_sources.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_several)

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(several_providers)

BOOST_FIXTURE_TEST_CASE(a_merged_backend_has_the_servers_of_all_and_each_keeps_its_origin, merged) {
  db.sql(insert_server("api-backend", "srv1", one.port()));
  write({server_json("srv2", two.port())});
  BOOST_REQUIRE_MESSAGE(gateway->answered_by({"srv1", "srv2"}), gateway->log());
  const auto put = ask("PUT", "/v1/backends/{name}", "/v1/backends/api-backend?wait=20s",
                       body({server_json("srv3", three.port())}));
  BOOST_TEST(put.status == 201, put.body);
  BOOST_TEST(gateway->answered_by({"srv1", "srv2", "srv3"}), gateway->log());

  const auto shown = backend();
  BOOST_TEST((shown.at("origins") == json{"db", "files", "manual"}), shown.dump());
  BOOST_TEST(
      (shown.at("server_origins") == json{{"srv1", "db"}, {"srv2", "files"}, {"srv3", "manual"}}),
      shown.dump());
  BOOST_TEST(shown.at("by_hand").at("servers").size() == 1U);
  BOOST_TEST(shown.at("collisions").empty());
  const auto told = type({"backends", "api-backend"});
  BOOST_TEST(contains(told, "merged from providers db, files, manual"), told);

  const auto drained = type({"drain", "api-backend/srv3"});
  BOOST_TEST(contains(drained, "api-backend/srv3 drains"), drained);
  const auto refused = type({"drain", "api-backend/srv2"});
  BOOST_TEST(contains(refused, "belongs to provider files (file)"), refused);
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}), gateway->log());

  // Each source takes away what is its own.
  db.sql("DELETE FROM servers");
  BOOST_TEST(gateway->answered_by({"srv2"}), gateway->log());
  write({});
  BOOST_TEST(eventually([&] { return http_get(gateway->port()).status == 503; }), gateway->log());
}

BOOST_FIXTURE_TEST_CASE(a_server_that_two_name_is_told_of_on_both_and_the_first_is_served, merged) {
  db.sql(insert_server("api-backend", "srv1", one.port()));
  BOOST_REQUIRE_MESSAGE(gateway->answered_by({"srv1"}), gateway->log());
  write({server_json("srv1", two.port())});
  BOOST_TEST(eventually([&] { return provider("files").at("collisions") == 1; }), gateway->log());
  BOOST_TEST(provider("db").at("collisions") == 1);
  BOOST_TEST(provider("manual").at("collisions") == 0);
  for (const auto* name : {"db", "files"})
    BOOST_TEST(gateway->log_has(std::string(name) +
                                ": server srv1 of backend api-backend is named by two providers"),
               gateway->log());
  BOOST_TEST(contains(type({"status"}), "server srv1 of backend api-backend is named by two"));
  BOOST_TEST(gateway->answered_by({"srv1"}), gateway->log());
  db.sql("DELETE FROM servers");
  BOOST_TEST(gateway->answered_by({"srv2"}), gateway->log());  // it takes the other one's place
  BOOST_TEST(eventually([&] { return provider("files").at("collisions") == 0; }));
}

/// Whether that is what clients get once the first provider's servers are all dead, while another
/// one has a good one.
bool with_the_firsts_servers_dead(const three_sources& all, const std::string& wanted) {
  all.db.sql(insert_server("api-backend", "srv1", free_port()));
  all.write({server_json("srv2", all.two.port())});
  BOOST_TEST(eventually([&] { return all.gateway->backend_exists("api-backend"); }));
  BOOST_TEST(eventually([&] { return all.provider("files").at("servers") == 1; }));
  return eventually(
      [&] {
        for (int i = 0; i < 6; ++i)
          if (name_in(http_get(all.gateway->port())) != wanted) return false;
        return true;
      },
      30s);
}

BOOST_FIXTURE_TEST_CASE(servers_of_one_stand_in_for_dead_ones_of_another, merged) {
  BOOST_TEST(with_the_firsts_servers_dead(*this, "srv2"), gateway->log());
}

BOOST_FIXTURE_TEST_CASE(control_without_merge_nobody_stands_in_for_them, not_merged) {
  BOOST_TEST(with_the_firsts_servers_dead(*this, "!503"), gateway->log());
}

BOOST_FIXTURE_TEST_CASE(a_backend_that_is_not_merged_is_the_first_ones_until_it_is, not_merged) {
  db.sql(insert_server("api-backend", "srv1", one.port()));
  BOOST_REQUIRE_MESSAGE(gateway->answered_by({"srv1"}), gateway->log());
  write({server_json("srv2", two.port())});
  BOOST_TEST(eventually([&] { return provider("files").at("collisions") == 1; }), gateway->log());
  BOOST_TEST(gateway->log_has("list the backend under merge to unite their servers"));
  BOOST_TEST(gateway->answered_by({"srv1"}), gateway->log());
  const auto put = ask("PUT", "/v1/backends/{name}", "/v1/backends/api-backend",
                       body({server_json("srv3", three.port())}));
  BOOST_TEST(put.status == 409, put.body);
  settings_of(*gateway).replace("state_dir:", "merge: [api-backend]\nstate_dir:");
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}), gateway->log());
  BOOST_TEST(provider("files").at("collisions") == 0);
  settings_of(*gateway).replace("merge: [api-backend]\n", "");
  BOOST_TEST(gateway->answered_by({"srv1"}), gateway->log());
}

BOOST_FIXTURE_TEST_CASE(a_route_that_two_lead_elsewhere_is_told_of_on_both, not_merged) {
  db.sql(insert_server("api-backend", "srv1", one.port()));
  db.sql("INSERT INTO routes (host, path, backend) VALUES ('api.example.com', '/', 'api-backend')");
  const auto answer = [&] { return name_in(http_get(gateway->port(), "/", "api.example.com")); };
  write_route("other", {server_json("srv2", two.port())}, "other");
  const std::string told = "route api.example.com/ leads to another backend in files than in db";
  for (const auto* name : {"db", "files"}) {
    BOOST_TEST(eventually([&] { return provider(name).at("collisions") == 1; }), gateway->log());
    BOOST_TEST(gateway->log_has(std::string(name) + ": " + told), gateway->log());
    BOOST_TEST(contains(http_ask(gateway->api_port(), "GET", "/metrics").body,
                        "\nswitchyard_collisions{provider=\"" + std::string(name) + "\"} 1\n"));
  }
  BOOST_TEST(provider("manual").at("collisions") == 0);
  BOOST_TEST(contains(type({"status"}), told));
  BOOST_TEST(eventually([&] { return answer() == "srv1"; }), gateway->log());

  // What both lead to the same backend is none; what the first lets go is the other's.
  write_route("other", {server_json("srv2", two.port())}, "api-backend");
  BOOST_TEST(eventually([&] { return provider("files").at("collisions") == 0; }));
  BOOST_TEST(gateway->log_has("no collision of db and files any more: route api.example.com/"));
  write_route("other", {server_json("srv2", two.port())}, "other");
  BOOST_TEST(eventually([&] { return provider("db").at("collisions") == 1; }));
  db.sql("DELETE FROM routes");
  BOOST_TEST(eventually([&] { return answer() == "srv2"; }), gateway->log());
  BOOST_TEST(eventually([&] { return provider("db").at("collisions") == 0; }));
}

// -- settings that concern one of them

BOOST_AUTO_TEST_CASE(providers_come_change_and_go_without_touching_the_others) {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  redis_server registry;
  temp_dir folder;
  write_text(folder / "a.json", document("more", {server_json("x", two.port())}));
  write_text(folder / "b.json", document("others", {server_json("x", two.port())}));
  db.sql(insert_server("api-backend", "srv1", one.port()));
  registry.cli({"HSET", "switchyard:server:api-backend:srv2", "address", "127.0.0.1", "port",
                std::to_string(two.port())});
  site_options options;
  options.more = "merge: [api-backend]\n";
  site gateway(
      db.provider_yaml() + "  - {name: registry, type: redis, url: \"" + registry.url() + "\"}\n",
      options);
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1", "srv2"}), gateway.log());

  const auto sessions = [&] {
    const auto pids = database().sessions("postgres");
    return std::set<pid_t>(pids.begin(), pids.end());
  };
  const auto clients = [&] {
    std::set<std::string> ids;
    std::istringstream list(registry.cli({"CLIENT", "LIST"}));
    for (std::string line; std::getline(list, line);)
      if (!contains(line, "cmd=client")) ids.insert(line.substr(0, line.find(' ')));
    return ids;
  };
  // What was told of the two, and of what was done with their servers.
  const auto lines = [&] {
    return std::vector{gateway.log_count("db: "), gateway.log_count("registry: "),
                       gateway.log_count("api-backend/")};
  };
  BOOST_REQUIRE(gateway.tells_of_backend("api-backend"));
  BOOST_REQUIRE(eventually([&] {
    return gateway.log_count("db: live") == 1 && gateway.log_count("registry: live") == 1;
  }));
  const auto sessions_before = sessions();
  const auto clients_before = clients();
  const auto lines_before = lines();
  const auto tells = [&](const std::string& text) {
    return eventually([&] { return gateway.log_has(text); });
  };

  const settings_of settings(gateway);
  const auto entry = "  - {name: files, type: file, path: " + (folder / "a.json") + "}\n";
  settings.replace("reconcile:", entry + "reconcile:");
  BOOST_TEST(tells("files: live"), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.backend_exists("more"); }), gateway.log());
  settings.replace("a.json", "b.json");
  BOOST_TEST(eventually([&] { return gateway.backend_exists("others"); }), gateway.log());
  settings.replace("  - {name: files, type: file, path: " + (folder / "b.json") + "}\n", "");
  BOOST_TEST(eventually([&] { return gateway.server("others", "x").empty(); }), gateway.log());

  BOOST_TEST((sessions() == sessions_before));
  BOOST_TEST((clients() == clients_before));
  BOOST_TEST(lines() == lines_before, boost::test_tools::per_element());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
  BOOST_TEST(eventually(
      [&] { return !std::filesystem::exists(gateway.file("state") + "/view-files.json"); }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
