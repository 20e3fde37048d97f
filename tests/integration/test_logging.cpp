// The log of a running switchyard, and its level.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <regex>
#include <sstream>

#include "tests/api/description.hpp"
#include "tests/integration/observed.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_logging)

namespace {

using nlohmann::json;

struct observed_default : observed {};

struct in_json : observed {
  static site_options options() {
    site_options o;
    o.base =
        "backend own\n  mode http\n  timeout connect 1s\n  timeout server 1s\n  server s1 "
        "127.0.0.1:1\n";
    o.more = "log: {format: json}\n" + guard_off;
    return o;
  }
  in_json() : observed(options()) {}

  /// HAProxy says four thousand times that a server of the operator's is down or up, and goes on.
  void make_haproxy_talk() const {
    std::string commands;
    for (int i = 0; i < 100; ++i)
      commands += "set server own/s1 state maint;set server own/s1 state ready;";
    for (int i = 0; i < 20; ++i)
      BOOST_REQUIRE(!ask_socket(all->runtime_socket(), commands).empty());
  }

  /// Waits for a line whose message has this text.
  json line_with(std::string_view text) const {
    json found = json::object();
    const auto is_there = [&] {
      std::istringstream log(all->log());
      for (std::string line; std::getline(log, line);)
        if (contains(line, text)) {
          found = json::parse(line, nullptr, false);
          return found.is_object();  // written whole
        }
      return false;
    };
    BOOST_REQUIRE_MESSAGE(eventually(is_there), text);
    return found;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(log_lines, observed_default)

BOOST_AUTO_TEST_CASE(a_line_tells_provider_revision_and_time) {
  add("srv2");
  const auto revision = [&] { return std::to_string(status().at("revision").get<int>()); };
  BOOST_REQUIRE(eventually([&] { return all->log_has("api-backend/srv2 added at 127.0.0.1:"); }));
  const auto log = all->log();
  const auto line = log.substr(log.find("api-backend/srv2 added"));
  const std::regex end("\\(db, revision " + revision() + ", [0-9]+\\.[0-9] ms\\)$");
  BOOST_TEST(std::regex_search(line.substr(0, line.find('\n')), end), line);
}

BOOST_AUTO_TEST_CASE(watch_chooses_by_backend_and_provider_and_begins_with_the_last) {
  temp_dir folder;
  db.sql(insert_server("other", "first", two.port()) +
         insert_server("api-backend", "first", two.port()));
  BOOST_REQUIRE(eventually([&] { return all->log_has("api-backend/first added"); }));
  BOOST_REQUIRE(all->tells_of_backend("other"));
  struct watcher {
    std::string name;
    std::vector<std::string> arguments;
    std::unique_ptr<background_process> process{};
  };
  std::vector<watcher> watchers;
  watchers.push_back({"backend", {"--backend", "api-backend", "--last", "1000"}});
  watchers.push_back({"provider", {"--provider", "db", "--last", "1000"}});
  watchers.push_back({"nobody", {"--provider", "nobody", "--last", "1000"}});
  watchers.push_back({"last", {"--last", "1"}});
  watchers.push_back({"all", {"--last", "1000"}});
  watchers.push_back({"none", {"--kind", "server", "--backend", "api-backend"}});
  for (auto& w : watchers) {
    w.arguments.insert(w.arguments.begin(), {SWITCHYARD_BINARY, "watch", "-o", "json", "--config",
                                             all->settings_file()});
    w.process = std::make_unique<background_process>(w.arguments, folder.path() / w.name);
  }
  BOOST_REQUIRE(eventually([&] {
    const double wanted = static_cast<double>(watchers.size());
    return figures(all->api_port()).count("switchyard_event_listeners") == wanted;
  }));
  db.sql(insert_server("api-backend", "last", two.port()));
  const auto events = [&](const std::string& name) {
    std::vector<json> found;
    std::istringstream whole(read_text(folder.path() / name));
    for (std::string line; std::getline(whole, line);)
      if (auto object = json::parse(line, nullptr, false); object.is_object())
        found.push_back(std::move(object));
    return found;
  };
  const auto tells = [&](const std::string& name, const std::string& text) {
    return contains(read_text(folder.path() / name), text);
  };
  for (const auto* name : {"backend", "provider", "last", "all", "none"})
    BOOST_TEST(eventually([&] { return tells(name, "api-backend/last added"); }), name);
  BOOST_TEST(tells("backend", "api-backend/first added"));
  for (const auto& e : events("backend")) BOOST_TEST(e.at("backend") == "api-backend", e.dump());
  for (const auto& e : events("provider")) BOOST_TEST(e.at("provider") == "db", e.dump());
  BOOST_TEST(events("nobody").empty());
  BOOST_TEST(events("last").size() < events("all").size());
  BOOST_TEST(events("none").size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_level_changes_at_run_time_both_ways) {
  const auto level = [&](const std::string& body = "") {
    const auto method = body.empty() ? "GET" : "PUT";
    const auto got = http_ask(all->api_port(), method, "/v1/log/level", body);
    const auto fault =
        description().undescribed(body.empty() ? "get" : "put", "/v1/log/level", got);
    BOOST_TEST(fault.empty(), fault);
    return got;
  };
  const auto is = [&](const std::string& word) {
    return eventually([&] { return json::parse(level().body).at("level") == word; });
  };
  const auto debugged = [&] { return all->log_count("db: a change of 1 backend"); };
  BOOST_TEST(is("info"));
  add("srv2");
  BOOST_REQUIRE(eventually([&] { return all->log_has("srv2 added"); }));
  BOOST_TEST(debugged() == 0U);
  BOOST_TEST(level(R"({"level": "debug"})").status == 200);
  add("srv3");
  BOOST_TEST(eventually([&] { return debugged() == 1; }));
  BOOST_TEST(level(R"({"level": "info"})").status == 200);
  all->switchyard().signal(SIGUSR1);
  BOOST_TEST(is("debug"));
  all->switchyard().signal(SIGUSR1);
  BOOST_TEST(is("info"));
  add("srv4");
  BOOST_REQUIRE(eventually([&] { return all->log_has("srv4 added"); }));
  BOOST_TEST(debugged() == 1U);
  BOOST_TEST(level(R"({"level": "warn"})").status == 200);
  all->switchyard().signal(SIGHUP);
  BOOST_TEST(is("info"));
  for (const auto* wrong : {R"({"level": "loud"})", R"({})", R"([])", R"({"level": 1})"})
    BOOST_TEST(level(wrong).status == 422, wrong);
  BOOST_TEST(level("{").status == 400);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(json_log, in_json)

BOOST_AUTO_TEST_CASE(each_line_is_an_object_and_a_change_has_its_fields) {
  add("srv2");
  BOOST_REQUIRE(eventually([&] { return all->log_has("srv2 added"); }));
  std::istringstream log(all->log());
  json change;
  for (std::string line; std::getline(log, line);) {
    const auto object = json::parse(line, nullptr, false);
    BOOST_REQUIRE_MESSAGE(object.is_object(), line);
    for (const auto* member : {"time", "level", "message"})
      BOOST_TEST(object.contains(member), line);
    if (contains(line, "srv2 added")) change = object;
  }
  BOOST_REQUIRE(change.is_object());
  BOOST_TEST(change.at("kind") == "server");
  BOOST_TEST(change.at("provider") == "db");
  BOOST_TEST(change.at("backend") == "api-backend");
  BOOST_TEST(change.at("server") == "srv2");
  BOOST_TEST(change.at("revision") == status().at("revision"));
  BOOST_TEST(change.at("took_seconds").get<double>() > 0);
  BOOST_TEST(change.at("propagation_seconds").get<double>() > 0);
}

BOOST_AUTO_TEST_CASE(many_changes_at_once_have_one_line_that_names_their_backend) {
  std::string statements = "BEGIN;";
  for (int i = 0; i < 30; ++i)
    statements += insert_server("api-backend", "more" + std::to_string(i), two.port()) + ";";
  db.sql(statements + "COMMIT;");
  const auto added = line_with("api-backend: 30 servers added");
  BOOST_TEST(added.at("kind") == "server");
  BOOST_TEST(added.at("provider") == "db");
  BOOST_TEST(added.at("backend") == "api-backend");
  BOOST_TEST(added.at("propagation_seconds").get<double>() > 0);
  db.sql("DELETE FROM servers WHERE name LIKE 'more%'");
  BOOST_TEST(line_with("api-backend: 30 servers set to drain").at("backend") == "api-backend");
  // In one pass or in several.
  BOOST_TEST(line_with("drained and deleted").at("backend") == "api-backend");
}

BOOST_AUTO_TEST_CASE(every_kind_of_change_has_a_line_with_its_fields) {
  add("srv2");
  line_with("api-backend/srv2 added");
  const auto changed = [&](const std::string& sql, const std::string& message) {
    db.sql(sql);
    const auto line = line_with("api-backend/srv2 " + message);
    BOOST_TEST(line.at("kind") == "server", line.dump());
    BOOST_TEST(line.at("provider") == "db", line.dump());
    BOOST_TEST(line.at("backend") == "api-backend", line.dump());
    BOOST_TEST(line.at("server") == "srv2", line.dump());
    BOOST_TEST(line.at("revision").get<int>() > 0, line.dump());
    BOOST_TEST(line.at("took_seconds").get<double>() > 0, line.dump());
  };
  const std::string of_srv2 = " WHERE name = 'srv2'";
  changed("UPDATE servers SET weight = 7" + of_srv2, "weight 7");
  changed("UPDATE servers SET state = 'drain'" + of_srv2, "state drain");
  changed("UPDATE servers SET port = 9" + of_srv2, "moved to 127.0.0.1:9");
  changed("DELETE FROM servers" + of_srv2, "drained and deleted");
  db.sql(insert_backend_of_its_own_kind("own-kind"));
  const auto reload = line_with("reloaded HAProxy in ");
  BOOST_TEST(reload.at("kind") == "reload");
  const auto why = line_with("new backend own-kind");
  BOOST_TEST(why.at("kind") == "reload", why.dump());
}

BOOST_AUTO_TEST_CASE(a_route_has_a_line_of_its_own) {
  db.sql("INSERT INTO routes (host, path, backend) VALUES ('a.example.com', '/v1', 'api-backend')");
  const auto line = line_with("route a.example.com/v1 leads to api-backend");
  BOOST_TEST(line.at("kind") == "routes");
  BOOST_TEST(line.at("provider") == "db");
  BOOST_TEST(line.at("backend") == "api-backend");
  db.sql("DELETE FROM routes");
  BOOST_TEST(line_with("route a.example.com/v1 to api-backend deleted").at("kind") == "routes");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(a_log_that_nobody_reads_keeps_nothing_from_going_on, in_json) {
  const temp_dir folder;
  const auto pipe = folder / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const base::unique_fd both(::open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  BOOST_REQUIRE(all->stop_switchyard() == 0);
  background_process daemon({SWITCHYARD_BINARY, "run", "--config", all->settings_file()}, pipe);
  const auto ready = [&] { return http_ask(all->api_port(), "GET", "/readyz").status == 200; };
  BOOST_REQUIRE(eventually(ready));
  std::string block(4096, ' ');
  while (::write(both.get(), block.data(), block.size()) > 0) {
  }
  make_haproxy_talk();
  add("srv2");
  BOOST_TEST(all->answered_by({"srv1", "srv2"}));
  const auto port = free_port();
  auto settings = read_text(all->settings_file());
  settings.insert(settings.find("frontends:\n") + 11,
                  "  - {name: more, binds: [{address: 127.0.0.1, port: " + std::to_string(port) +
                      "}], default_backend: api-backend}\n");
  write_text(all->settings_file(), settings);
  daemon.signal(SIGHUP);
  BOOST_TEST(eventually([&] { return http_get(port, "/", "test").status == 200; }));
  daemon.signal(SIGTERM);
  BOOST_TEST(daemon.wait(std::chrono::seconds(20)).value_or(-1) == 0);
}

BOOST_FIXTURE_TEST_CASE(a_haproxy_that_is_alone_waits_for_nobody_and_is_heard_again, in_json) {
  // So that the next switchyard has no reason to reload.
  BOOST_REQUIRE(eventually([&] { return contains(all->config_text(), "backend api-backend "); }));
  all->switchyard().signal(SIGKILL);
  BOOST_REQUIRE(all->switchyard().wait(std::chrono::seconds(5)).has_value());
  const auto start = "HAProxy (process " + std::to_string(all->worker_pid()) + "): Server own/s1 ";
  const auto before = all->log().size();
  for (int i = 0; i < 4; ++i) make_haproxy_talk();
  BOOST_TEST(all->answered_by({"srv1"}));
  all->start_switchyard();
  const auto left_out = line_with("left out here: more than 1000 of a level in a second");
  BOOST_TEST(left_out.at("level") == "warning");
  BOOST_TEST(left_out.at("kind") == "haproxy");
  const auto text = all->log();
  // Up to the end of the last line that is written whole.
  std::istringstream log(text.substr(before, text.rfind('\n') - before));
  std::size_t said = 0;
  for (std::string line; std::getline(log, line);) {
    const auto object = json::parse(line, nullptr, false);
    BOOST_REQUIRE_MESSAGE(object.is_object(), line);
    if (!object.at("message").get<std::string>().starts_with(start)) continue;
    ++said;
    BOOST_TEST(object.at("level") == "warning", line);
    BOOST_TEST(object.at("kind") == "haproxy", line);
  }
  BOOST_TEST(said > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
