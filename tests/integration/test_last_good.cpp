// What is kept over a restart: a start with every source down serves the last good view, and what
// is held stays held.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "actors/kept_view.hpp"
#include "tests/api/description.hpp"
#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/http_api.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_last_good)

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

struct kept_site {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  std::unique_ptr<site> gateway;
  description described;

  kept_site() {
    fill();
    gateway = std::make_unique<site>(db.provider_yaml());
    BOOST_REQUIRE_MESSAGE(gateway->answered_by({"srv1", "srv2"}), gateway->log());
    BOOST_REQUIRE(eventually([&] { return fs::exists(view()); }));
  }
  void fill() const {
    db.sql(insert_server("api-backend", "srv1", one.port()) +
           insert_server("api-backend", "srv2", two.port()));
  }
  std::string view() const { return gateway->file("state") + "/view-db.json"; }

  /// Ends switchyard and its HAProxy; HAProxy's own configuration is lost.
  void stop_and_lose_configuration() const {
    BOOST_REQUIRE(gateway->stop_switchyard() == 0);
    fs::remove(gateway->config_file());
  }
  json ask(const std::string& path) const {
    const auto got = http_ask(gateway->api_port(), "GET", path);
    if (got.status == 0) return {};
    const auto fault = described.undescribed("get", path, got);
    BOOST_TEST(fault.empty(), path << ": " << fault);
    return json::parse(got.body, nullptr, false);
  }
  bool holds_become(std::size_t count) const {
    return eventually([&] {
      const auto all = ask("/v1/holds");
      return all.is_object() && all.at("count") == count;
    });
  }
};

struct source_down : kept_site {
  source_down() {
    stop_and_lose_configuration();
    database().stop();
  }
  ~source_down() {
    if (down) come_back();
  }
  void come_back() {
    down = false;
    database().start();
  }
  bool down = true;
};

/// A document of one backend with one server.
std::string document_of(const std::string& backend, std::uint16_t port) {
  return R"({"backends": [{"name": ")" + backend +
         R"(", "servers": [{"name": "srv1", "address": "127.0.0.1", "port": )" +
         std::to_string(port) + "}]}]}";
}

/// A source of each kind, each with a backend of its own; all of them are away, their last good
/// views are two hours old, and HAProxy's configuration is lost.
struct all_sources_down {
  static constexpr std::chrono::hours age{2};
  /// The other tests need it, whatever becomes of this one.
  struct database_back {
    ~database_back() { database().start(); }
  };

  const std::vector<std::string> names{"db", "registry", "catalog", "files", "hosts"};
  std::unique_ptr<database_back> back;
  http_upstream one{"srv1"};
  schema db;
  redis_server registry;
  temp_dir folder;
  std::unique_ptr<http_api> api;
  std::unique_ptr<site> gateway;
  description described;

  all_sources_down() {
    db.sql(insert_server("api-backend", "srv1", one.port()));
    registry.cli({"HSET", "switchyard:server:of-registry:srv1", "address", "127.0.0.1", "port",
                  std::to_string(one.port())});
    api = std::make_unique<http_api>(
        [this](const http_api::request&) {
          return http_api::answer(200, document_of("of-catalog", one.port()));
        },
        http_api::options{.socket = folder / "api.sock"});
    write_text(folder / "printed", document_of("of-hosts", one.port()));
    write_text(folder / "backends.json", document_of("of-files", one.port()));
    gateway = std::make_unique<site>(
        db.provider_yaml() + "  - {name: registry, type: redis, url: \"" + registry.url() +
        "\"}\n  - {name: catalog, type: rest, interval: 100ms, url: \"unix:" +
        (folder / "api.sock") +
        ":/\"}\n  - {name: files, type: file, path: " + (folder / "backends.json") +
        "}\n  - {name: hosts, type: exec, interval: 100ms, command: [cat, " + (folder / "printed") +
        "]}\n");
    BOOST_REQUIRE_MESSAGE(has_everything(), gateway->log());
    for (const auto& name : names)
      BOOST_REQUIRE(eventually([&] { return fs::exists(view(name)); }));
    BOOST_REQUIRE(gateway->stop_switchyard() == 0);
    take_away();
  }
  void take_away() {
    database().stop();
    back = std::make_unique<database_back>();
    registry.kill();
    api.reset();
    fs::remove(folder / "printed");
    fs::rename(folder / "backends.json", folder / "away");
    fs::remove(gateway->config_file());
    for (const auto& name : names) {
      auto kept = actors::load_view(view(name));
      BOOST_REQUIRE(kept);
      kept->as_of -= age;
      BOOST_REQUIRE(actors::save_view(view(name), *kept));
    }
  }
  std::string view(const std::string& name) const {
    return gateway->file("state") + "/view-" + name + ".json";
  }
  bool has_everything() const {
    return gateway->answered_by({"srv1"}) && eventually([&] {
             return std::ranges::all_of(
                 std::vector<std::string>{"of-registry", "of-catalog", "of-files", "of-hosts"},
                 [&](const auto& backend) { return !gateway->server(backend, "srv1").empty(); });
           });
  }
  std::string status() const { return http_ask(gateway->api_port(), "GET", "/v1/status").body; }
  /// The providers whose last good view is served, each of which must be as old as it is.
  std::vector<std::string> marked() const {
    const auto got = http_ask(gateway->api_port(), "GET", "/v1/status");
    if (got.status != 200) return {};
    BOOST_TEST(described.undescribed("get", "/v1/status", got) == "");
    const auto all = json::parse(got.body);
    std::vector<std::string> result;
    for (const auto& p : all.at("providers")) {
      if (p.at("last_good").is_null()) continue;
      result.push_back(p.at("name"));
      BOOST_TEST(p.at("last_good").at("age_seconds") >= 7200);
      BOOST_TEST(p.at("reported") == false);
    }
    return result;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(
    a_start_with_all_sources_down_serves_all_and_the_mark_of_one_that_is_back_goes,
    all_sources_down) {
  gateway->start_switchyard();
  BOOST_TEST(has_everything(), gateway->log());
  BOOST_TEST(eventually([&] { return marked() == names; }), status());
  const auto ready = http_ask(gateway->api_port(), "GET", "/readyz").body;
  for (const auto& name : names)
    BOOST_TEST(contains(ready, "provider " + name +
                                   ": has not reported yet; its last good view is served, 2 h old"),
               ready);
  const auto shown = switchyard({"status", "-c", gateway->settings_file()}).output;
  BOOST_TEST(contains(shown, ", 2 h old"), shown);
  fs::rename(folder / "away", folder / "backends.json");
  const std::vector<std::string> others{"db", "registry", "catalog", "hosts"};
  BOOST_TEST(eventually([&] { return marked() == others; }), status());
  BOOST_TEST(has_everything(), gateway->log());
}

BOOST_FIXTURE_TEST_SUITE(last_good, source_down)

BOOST_AUTO_TEST_CASE(a_start_with_the_source_down_serves_the_last_good_view_marked_with_its_age) {
  gateway->start_switchyard();
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}), gateway->log());
  BOOST_TEST(gateway->log_has("db: its source has not been read yet; what it had is served"),
             gateway->log());
  const auto provider = ask("/v1/status").at("providers").front();
  BOOST_TEST(provider.at("reported") == false);
  BOOST_REQUIRE_MESSAGE(provider.at("last_good").is_object(), provider.dump());
  BOOST_TEST(provider.at("last_good").at("age_seconds") < 60);
  const auto ready = ask("/readyz");
  BOOST_TEST(ready.at("status") == "ready", ready.dump());
  BOOST_TEST(contains(ready.dump(), "its last good view is served"), ready.dump());
  const auto shown = switchyard({"status", "-c", gateway->settings_file()});
  BOOST_TEST(contains(shown.output, "its last good view is served"), shown.output);

  come_back();
  BOOST_TEST(eventually(
      [&] { return ask("/v1/status").at("providers").front().at("last_good").is_null(); }));
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}));
}

BOOST_AUTO_TEST_CASE(without_the_kept_view_there_is_nothing_to_serve) {
  fs::remove(view());
  gateway->start_switchyard();
  BOOST_TEST(eventually([&] { return http_get(gateway->port()).status == 503; }), gateway->log());
  BOOST_TEST(ask("/v1/status").at("providers").front().at("last_good").is_null());
}

BOOST_AUTO_TEST_CASE(a_damaged_view_is_refused_as_a_whole_and_moved_aside) {
  auto text = read_text(view());
  text.replace(text.find("srv1"), 4, "srv9");
  write_text(view(), text);
  gateway->start_switchyard();
  BOOST_TEST(eventually([&] { return http_get(gateway->port()).status == 503; }), gateway->log());
  BOOST_TEST(eventually([&] {
               return gateway->log_has("is damaged: the checksum is wrong; nothing of it is used");
             }),
             gateway->log());
  BOOST_TEST(!fs::exists(view()));
  BOOST_TEST(read_text(view() + ".refused") == text);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(held_over_a_restart, kept_site)

BOOST_AUTO_TEST_CASE(a_table_that_was_emptied_meanwhile_is_held) {
  BOOST_REQUIRE(gateway->stop_switchyard() == 0);
  db.sql("TRUNCATE servers");
  gateway->start_switchyard();
  BOOST_TEST(holds_become(1), gateway->log());
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}), gateway->log());
}

BOOST_AUTO_TEST_CASE(a_killed_switchyard_goes_on_holding_and_an_approval_is_final) {
  db.sql("TRUNCATE servers");
  BOOST_REQUIRE(holds_become(1));
  const auto before = ask("/v1/holds").at("list").front();
  BOOST_REQUIRE(eventually([&] { return contains(read_text(view()), "\"since\""); }));
  gateway->switchyard().signal(SIGKILL);
  gateway->switchyard().wait(std::chrono::seconds(5));
  gateway->start_switchyard();
  BOOST_TEST(holds_become(1), gateway->log());
  BOOST_TEST((ask("/v1/holds").at("list").front() == before));
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}), gateway->log());

  const auto approved = switchyard({"approve", "--all", "-c", gateway->settings_file()});
  BOOST_TEST(approved.exit_code == 0, approved.output);
  BOOST_TEST(eventually([&] { return !contains(read_text(view()), "srv1"); }));
  gateway->switchyard().signal(SIGKILL);
  gateway->switchyard().wait(std::chrono::seconds(5));
  gateway->start_switchyard();
  BOOST_TEST(eventually([&] { return http_get(gateway->port()).status == 503; }), gateway->log());
  BOOST_TEST(holds_become(0), gateway->log());
}

BOOST_AUTO_TEST_CASE(a_redis_that_comes_back_empty_is_held) {
  redis_server server;
  const auto enter = [&] {
    server.cli({"HSET", "switchyard:server:api-backend:srv1", "address", "127.0.0.1", "port",
                std::to_string(one.port())});
  };
  enter();
  const site registry("  - {name: db, type: redis, url: \"" + server.url() + "\"}\n");
  BOOST_REQUIRE_MESSAGE(registry.answered_by({"srv1"}), registry.log());
  server.kill();
  server.start();
  BOOST_TEST(eventually([&] { return registry.log_has("would lose its last server"); }),
             registry.log());
  BOOST_TEST(registry.answered_by({"srv1"}));
  enter();
  BOOST_TEST(eventually([&] { return registry.log_has("has ended"); }), registry.log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
