// What a source leaves out all at once stays in service until somebody decides: on PostgreSQL,
// Redis and files.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/api/description.hpp"
#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_guard)

namespace {

using nlohmann::json;

site_options with(const std::string& more) {
  site_options o;
  o.more = more;
  return o;
}

/// switchyard's holds, as the API and the command line have them.
class holds_of {
 public:
  explicit holds_of(const site& of) : site_(of) {}

  /// The holds once there are that many; else as they are after a while.
  json become(std::size_t count) const {
    json all;
    eventually([&] {
      all = ask("GET", "/v1/holds", "/v1/holds").second;
      return all.value("count", count + 1) == count;
    });
    return all.at("list");
  }
  std::pair<int, json> decide(const json& hold, const std::string& what,
                              const std::string& query = "") const {
    return ask("POST", "/v1/holds/{id}/" + what,
               "/v1/holds/" + hold.at("id").dump() + "/" + what + query);
  }
  std::pair<int, json> ask(const std::string& method, const std::string& pattern,
                           const std::string& path) const {
    const auto got = http_ask(site_.api_port(), method, path);
    auto verb = method;
    for (char& c : verb) c = static_cast<char>(c | 0x20);
    const auto fault = described_.undescribed(verb, pattern, got);
    BOOST_TEST(fault.empty(), method << " " << path << ": " << fault);
    return {got.status, json::parse(got.body, nullptr, false)};
  }
  base::finished type(std::vector<std::string> words) const {
    words.insert(words.end(), {"-c", site_.settings_file()});
    return switchyard(words);
  }

 private:
  const site& site_;
  description described_;
};

struct postgres_site {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  std::unique_ptr<site> gateway;

  explicit postgres_site(const std::string& more = "") {
    fill();
    gateway = std::make_unique<site>(db.provider_yaml(), with(more));
    BOOST_REQUIRE_MESSAGE(gateway->answered_by({"srv1", "srv2"}), gateway->log());
  }
  void fill() const {
    db.sql(insert_server("api-backend", "srv1", one.port()) +
           insert_server("api-backend", "srv2", two.port()));
  }
  bool answers_503() const {
    return eventually([&] { return http_get(gateway->port()).status == 503; });
  }
};

struct unguarded : postgres_site {
  unguarded() : postgres_site(guard_off) {}
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(guarded, postgres_site)

BOOST_AUTO_TEST_CASE(a_truncated_table_is_held_under_load_until_it_is_filled_again) {
  const holds_of holds(*gateway);
  continuous_load load(gateway->port(), 2);
  db.sql("TRUNCATE servers, backends");
  const auto held = holds.become(1);
  BOOST_REQUIRE_EQUAL(held.size(), 1U);
  const auto& h = held.front();
  BOOST_TEST(h.at("provider") == "db");
  BOOST_TEST(h.at("what") == "provider db would lose its last 2 servers");
  BOOST_TEST(h.at("servers").at("count") == 2);
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}), gateway->log());
  BOOST_TEST(gateway->log_has("would lose its last 2 servers"), gateway->log());

  const auto [status, known] = holds.ask("GET", "/v1/status", "/v1/status");
  BOOST_TEST(known.at("holds").at("count") == 1);
  BOOST_TEST(known.at("providers").front().at("held") == 2);
  BOOST_TEST(known.at("degraded").dump().find("would lose") != std::string::npos, known.dump());
  const auto [found, backend] = holds.ask("GET", "/v1/backends/{name}", "/v1/backends/api-backend");
  BOOST_TEST((backend.at("held") == json{"srv1", "srv2"}), backend.dump());

  fill();
  BOOST_TEST(holds.become(0).empty());
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}));
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(gateway->log_has("has ended: the source has what was missing"), gateway->log());
}

BOOST_AUTO_TEST_CASE(what_is_approved_leaves_and_is_not_held_again) {
  const holds_of holds(*gateway);
  db.sql("TRUNCATE servers");
  const auto held = holds.become(1);
  BOOST_REQUIRE_EQUAL(held.size(), 1U);
  const auto [status, done] = holds.decide(held.front(), "approve", "?wait=20s");
  BOOST_TEST(status == 200, done.dump());
  BOOST_TEST(done.at("applied") == true, done.dump());
  BOOST_TEST(answers_503());
  BOOST_TEST(holds.become(0).empty());
  BOOST_TEST(holds.decide(held.front(), "approve").first == 404);
  BOOST_TEST(holds.ask("POST", "/v1/holds/{id}/approve", "/v1/holds/x/approve").first == 404);
  fill();
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}), gateway->log());
}

BOOST_AUTO_TEST_CASE(what_is_rejected_stays_until_it_is_approved) {
  const holds_of holds(*gateway);
  db.sql("DELETE FROM servers");
  const auto held = holds.become(1);
  BOOST_REQUIRE_EQUAL(held.size(), 1U);
  const auto [status, done] = holds.decide(held.front(), "reject", "?wait=20s");
  BOOST_TEST(status == 200, done.dump());
  BOOST_TEST(holds.become(1).front().at("rejected") == true);
  const auto ready = holds.ask("GET", "/readyz", "/readyz");
  BOOST_TEST(ready.second.at("degraded").empty(), ready.second.dump());
  BOOST_TEST(gateway->answered_by({"srv1", "srv2"}));
  BOOST_TEST(holds.decide(held.front(), "approve", "?wait=20s").first == 200);
  BOOST_TEST(answers_503());
}

BOOST_AUTO_TEST_CASE(the_command_line_shows_and_decides) {
  const holds_of holds(*gateway);
  BOOST_TEST(contains(holds.type({"approve"}).output, "nothing is held"));
  BOOST_TEST(holds.type({"approve", "7"}).exit_code == 1);
  BOOST_TEST(holds.type({"approve", "seven"}).exit_code == 2);
  BOOST_TEST(holds.type({"approve", "7", "--all"}).exit_code == 2);
  db.sql("TRUNCATE servers");
  const auto id = holds.become(1).front().at("id").dump();
  for (const auto* command : {"approve", "reject", "status"}) {
    const auto shown = holds.type({command});
    BOOST_TEST(shown.exit_code == 0);
    BOOST_TEST(contains(shown.output, "provider db would lose its last 2 servers"), shown.output);
  }
  BOOST_TEST(contains(holds.type({"backends", "api-backend"}).output,
                      "held, and missing in the source: srv1, srv2"));
  const auto rejected = holds.type({"reject", id});
  BOOST_TEST(rejected.exit_code == 0, rejected.output);
  BOOST_TEST(contains(rejected.output, "2 servers and 0 routes stay"), rejected.output);
  BOOST_TEST(contains(holds.type({"reject", "--all"}).output, "nothing is held"));
  const auto approved = holds.type({"approve", "--all", "-o", "json"});
  BOOST_TEST(approved.exit_code == 0, approved.output);
  BOOST_TEST(json::parse(approved.output).front().at("hold").at("id").dump() == id);
  BOOST_TEST(answers_503());
}

BOOST_AUTO_TEST_CASE(a_provider_that_leaves_the_settings_is_not_held) {
  const auto text = read_text(gateway->settings_file());
  const auto at = text.find(db.provider_yaml());
  write_text(gateway->settings_file(), text.substr(0, at) + "  - {name: manual, type: memory}\n" +
                                           text.substr(at + db.provider_yaml().size()));
  gateway->switchyard().signal(SIGHUP);
  BOOST_TEST(answers_503(), gateway->log());
  BOOST_TEST(holds_of(*gateway).become(0).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(without_the_guard, unguarded)

BOOST_AUTO_TEST_CASE(a_truncated_table_takes_traffic_down) {
  db.sql("TRUNCATE servers, backends");
  BOOST_TEST(answers_503());
  BOOST_TEST(holds_of(*gateway).become(0).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(guarded_sources)

BOOST_AUTO_TEST_CASE(what_is_held_leaves_after_hold_timeout) {
  postgres_site short_patience("guard: {hold_timeout: 1s}\n");
  short_patience.db.sql("TRUNCATE servers");
  BOOST_TEST(short_patience.answers_503(), short_patience.gateway->log());
  BOOST_TEST(short_patience.gateway->log_has("has ended after its hold_timeout of 1s"),
             short_patience.gateway->log());
}

BOOST_AUTO_TEST_CASE(an_approval_says_what_keeps_the_servers_where_something_is_not_resolved) {
  postgres_site touchy("guard: {min_removed: 1, keep_last_server: false}\n");
  touchy.db.sql(
      "INSERT INTO servers (backend, name, fqdn, port) VALUES "
      "('api-backend', 'ghost', 'ghost.invalid', 80)");
  BOOST_REQUIRE(eventually([&] { return touchy.gateway->log_has("ghost.invalid"); }));
  touchy.db.sql("DELETE FROM servers WHERE name <> 'ghost'");
  const holds_of holds(*touchy.gateway);
  const auto held = holds.become(1);
  BOOST_REQUIRE_EQUAL(held.size(), 1U);
  const auto [status, done] = holds.decide(held.front(), "approve", "?wait=5s");
  BOOST_TEST(status == 202, done.dump());
  BOOST_TEST(done.at("applied") == false, done.dump());
  BOOST_TEST(contains(done.at("waiting").dump(), "backend api-backend, of which something cannot"),
             done.dump());
  // Nobody knows what ghost stands for: HAProxy goes on with what it has.
  BOOST_TEST(touchy.gateway->answered_by({"srv1", "srv2"}), touchy.gateway->log());
  touchy.db.sql("UPDATE servers SET fqdn = NULL, ip = '127.0.0.1', port = " +
                std::to_string(touchy.two.port()));
  BOOST_TEST(touchy.gateway->server_becomes("api-backend", "srv1", ""), touchy.gateway->log());
  BOOST_TEST(touchy.gateway->answered_by({"srv2"}), touchy.gateway->log());
}

namespace {

/// Two services that have registered themselves in Redis, with a route to them.
struct registered_services {
  redis_server& server = shared_redis();
  http_upstream one{"srv1"}, two{"srv2"};
  std::unique_ptr<site> gateway;

  registered_services() {
    server.cli({"FLUSHALL"});
    register_all();
    gateway = std::make_unique<site>("  - {name: registry, type: redis, url: \"" + server.url() +
                                     "\"}\n");
    BOOST_REQUIRE_MESSAGE(gateway->answered_by({"srv1", "srv2"}), gateway->log());
  }
  void enter(const http_upstream& upstream) const {
    server.cli({"HSET", "switchyard:server:shop:" + upstream.name(), "address", "127.0.0.1", "port",
                std::to_string(upstream.port())});
  }
  void register_all() const {
    enter(one);
    enter(two);
    server.cli({"SET", "switchyard:route:/", "shop"});
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(flushall_is_held_with_its_routes_until_the_services_register_again) {
  const registered_services shop;
  continuous_load load(shop.gateway->port(), 2);
  shop.server.cli({"FLUSHALL"});
  const holds_of holds(*shop.gateway);
  const auto held = holds.become(1);
  BOOST_REQUIRE_EQUAL(held.size(), 1U);
  BOOST_TEST(held.front().at("servers").at("count") == 2);
  BOOST_TEST(held.front().at("routes").at("count") == 1);
  shop.enter(shop.one);
  BOOST_TEST(eventually([&] {
    const auto left = holds.become(1);
    return left.size() == 1 && left.front().at("servers").at("count") == 1;
  }));
  shop.register_all();
  BOOST_TEST(holds.become(0).empty());
  BOOST_TEST(shop.gateway->answered_by({"srv1", "srv2"}));
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(totals.answered > 0U);
}

BOOST_AUTO_TEST_CASE(an_emptied_file_is_held) {
  temp_dir folder;
  http_upstream one{"srv1"};
  const auto document = folder / "backends.json";
  const auto full =
      json{{"backends",
            {{{"name", "api-backend"},
              {"servers", {{{"name", "srv1"}, {"address", "127.0.0.1"}, {"port", one.port()}}}}}}}};
  write_text(document, full.dump());
  const site gateway("  - {name: files, type: file, path: " + document + "}\n");
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  write_text(document, R"({"backends": []})");
  const holds_of holds(gateway);
  BOOST_TEST(holds.become(1).size() == 1U);
  BOOST_TEST(gateway.answered_by({"srv1"}));
  write_text(document, full.dump());
  BOOST_TEST(holds.become(0).empty());
  BOOST_TEST(gateway.answered_by({"srv1"}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
