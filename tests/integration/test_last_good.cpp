// What is kept over a restart: a start with every source down serves the last good view, and what
// is held stays held.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/api/description.hpp"
#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"
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

}  // namespace

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
