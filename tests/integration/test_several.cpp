// Several providers at once: merged backends, collisions, quotas, and settings that change one of
// them.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/api/description.hpp"
#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

namespace {

using nlohmann::json;

json server_json(const std::string& name, std::uint16_t port) {
  return {{"name", name}, {"address", "127.0.0.1"}, {"port", port}};
}

using servers = std::vector<json>;

std::string document(const std::string& backend, const servers& of) {
  return json{{"backends", json::array({{{"name", backend}, {"servers", of}}})}}.dump();
}

/// A backend without its name, for PUT.
std::string body(const servers& of) {
  return json{{"servers", of}}.dump();
}

/// Settings of an installation that are to be changed.
class settings_of {
 public:
  explicit settings_of(site& of) : site_(of) {}

  void replace(const std::string& text, const std::string& by) const {
    auto all = read_text(site_.settings_file());
    const auto at = all.find(text);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, all);
    write_text(site_.settings_file(), all.replace(at, text.size(), by));
    site_.switchyard().signal(SIGHUP);
  }

 private:
  site& site_;
};

/// PostgreSQL, a folder of files and changes by hand.
struct three_sources {
  http_upstream one{"srv1"}, two{"srv2"}, three{"srv3"};
  schema db;
  temp_dir folder;
  description described;
  std::unique_ptr<site> gateway;

  void start(const std::string& more) {
    std::filesystem::create_directory(folder / "backends");
    site_options options;
    options.more = guard_off + more;
    gateway = std::make_unique<site>(
        db.provider_yaml() + "  - {name: files, type: file, path: " + (folder / "backends") +
            "}\n  - {name: manual, type: memory}\n",
        options);
  }
  void write(const servers& of) const {
    write_text(folder / "new", document("api-backend", of));
    std::filesystem::rename(folder / "new", folder / "backends/a.json");
  }
  http_answer ask(const std::string& method, const std::string& pattern, const std::string& path,
                  const std::string& body = "") const {
    auto got = http_ask(gateway->api_port(), method, path, body);
    auto verb = method;
    for (char& c : verb) c = static_cast<char>(c | 0x20);
    const auto fault = described.undescribed(verb, pattern, got);
    BOOST_TEST(fault.empty(), method << " " << path << ": " << fault);
    return got;
  }
  json backend() const {
    return json::parse(ask("GET", "/v1/backends/{name}", "/v1/backends/api-backend").body);
  }
  json provider(const std::string& name) const {
    const auto status = json::parse(ask("GET", "/v1/status", "/v1/status").body);
    for (const auto& p : status.at("providers"))
      if (p.at("name") == name) return p;
    return {};
  }
  std::string type(std::vector<std::string> words) const {
    words.insert(words.end(), {"-c", gateway->settings_file()});
    return switchyard(words).output;
  }
};

struct merged : three_sources {
  merged() { start("merge: [api-backend]\n"); }
};
struct not_merged : three_sources {
  not_merged() { start(""); }
};

}  // namespace

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

// -- quotas

BOOST_AUTO_TEST_CASE(a_source_that_has_too_much_keeps_its_last_good_view_until_it_fits) {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  db.sql(insert_server("api-backend", "srv1", one.port()));
  const site gateway(db.provider_yaml("max_objects: 6"));
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  db.sql(
      "INSERT INTO servers (backend, name, ip, port) SELECT 'many', 's' || i, '127.0.0.1', 1 "
      "FROM generate_series(1, 10) AS i");
  BOOST_TEST(eventually([&] {
               return gateway.log_has(
                   "the source has 13 backends, servers and routes, more than max_objects "
                   "(6)");
             }),
             gateway.log());
  BOOST_TEST(!gateway.backend_exists("many"));
  // What needs no more room goes on.
  db.sql("UPDATE servers SET port = " + std::to_string(two.port()) + " WHERE name = 'srv1'");
  BOOST_TEST(gateway.answered_by({"srv2"}), gateway.log());
  const auto figures = http_ask(gateway.api_port(), "GET", "/metrics").body;
  BOOST_TEST(contains(figures, "switchyard_provider_objects{provider=\"db\"} 13"));
  BOOST_TEST(contains(figures, "switchyard_provider_max_objects{provider=\"db\"} 6"));
  const auto status = switchyard({"status", "-c", gateway.settings_file()}).output;
  BOOST_TEST(contains(status, "max_objects (6)"), status);
  const auto check = switchyard({"check", "-c", gateway.settings_file()});
  BOOST_TEST(check.exit_code == 1);
  BOOST_TEST(contains(check.output, "more than max_objects (6)"), check.output);

  db.sql("DELETE FROM servers WHERE backend = 'many' AND name <> 's1'");
  BOOST_TEST(eventually([&] { return gateway.backend_exists("many"); }), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.log_count("db: live") == 2; }), gateway.log());
}

BOOST_AUTO_TEST_CASE(files_and_keys_past_max_bytes_are_refused_by_name) {
  http_upstream one{"srv1"};
  temp_dir folder;
  write_text(folder / "a.json", document("api-backend", {server_json("srv1", one.port())}));
  redis_server registry;
  registry.cli({"HSET", "switchyard:server:shop:s1", "address", "127.0.0.1", "port", "80"});
  const site gateway(
      "  - {name: files, type: file, max_bytes: 1024, path: " + folder.path().string() +
      "}\n  - {name: registry, type: redis, max_bytes: 1024, url: \"" + registry.url() + "\"}\n");
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  BOOST_REQUIRE(eventually([&] { return gateway.backend_exists("shop"); }));
  servers many;
  for (int i = 0; i < 30; ++i) many.push_back(server_json("s" + std::to_string(i), one.port()));
  write_text(folder / "b.json", document("more", many));
  BOOST_TEST(
      eventually([&] {
        return gateway.log_has("b.json: the source gives more than max_bytes (1024 bytes) at once");
      }),
      gateway.log());
  for (int i = 0; i < 30; ++i)
    registry.cli({"HSET", "switchyard:server:shop:t" + std::to_string(i), "address", "127.0.0.1",
                  "port", "80", "weight", "100"});
  registry.cli({"CLIENT", "KILL", "TYPE", "normal"});  // so that everything is read anew
  BOOST_TEST(eventually([&] {
               return gateway.log_has(
                   "registry: the source gives more than max_bytes (1024 bytes) at once");
             }),
             gateway.log());
  BOOST_TEST(gateway.server("shop", "s1") != "");
  BOOST_TEST(gateway.answered_by({"srv1"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
