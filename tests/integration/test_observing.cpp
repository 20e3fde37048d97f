// What a running switchyard tells of itself: /metrics and /v1/events.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <map>
#include <sstream>

#include "tests/api/description.hpp"
#include "tests/integration/haproxy_table.hpp"
#include "tests/integration/observed.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_observing)

namespace {

using nlohmann::json;

struct observed_default : observed {};

struct with_two_providers : observed {
  with_two_providers() : observed({}, "  - {name: manual, type: memory}\n") {}
  int put(const std::string& backend, std::uint16_t port) const {
    const json body{{"servers", {{{"name", "s"}, {"address", "127.0.0.1"}, {"port", port}}}}};
    return http_ask(all->api_port(), "PUT", "/v1/backends/" + backend + "?wait=0", body.dump())
        .status;
  }
};

std::string series(const std::string& name, const std::string& label, const std::string& value) {
  return name + "{" + label + "=\"" + value + "\"}";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(metrics, observed_default)

BOOST_AUTO_TEST_CASE(servers_and_backends_are_in_the_states_that_show_stat_gives) {
  for (const auto* name : {"srv2", "srv3"}) add(name);
  db.sql(
      "UPDATE servers SET state = 'maint' WHERE name = 'srv2';"
      "UPDATE servers SET state = 'drain' WHERE name = 'srv3';");
  BOOST_REQUIRE(eventually([&] { return contains(all->server("api-backend", "srv3"), "drain"); }));
  std::map<std::string, double> servers;
  std::map<std::string, double> backends;
  const auto agrees = [&] {
    servers = states(*all, false);
    backends = states(*all, true);
    const auto now = scrape();
    return now.count(series("switchyard_servers", "state", "up")) == servers["UP"] &&
           now.count(series("switchyard_servers", "state", "maint")) == servers["MAINT"] &&
           now.count(series("switchyard_servers", "state", "drain")) == servers["DRAIN"] &&
           now.count(series("switchyard_backends", "state", "up")) == backends["UP"];
  };
  BOOST_TEST(eventually(agrees), scrape().text());
  BOOST_TEST(servers["UP"] == 1);
  BOOST_TEST(servers["MAINT"] == 1);
  BOOST_TEST(servers["DRAIN"] == 1);
  BOOST_TEST(backends["UP"] >= 1);
  BOOST_TEST(count("switchyard_haproxy_up") == 1);
  all->stop_switchyard();
}

BOOST_AUTO_TEST_CASE(figures_agree_with_the_status) {
  add("srv2");
  db.sql(insert_backend_of_its_own_kind("own-kind"));
  BOOST_REQUIRE(all->tells_of_backend("own-kind"));
  const auto agrees = [&] {
    const auto now = scrape();
    const auto s = status();
    return now.count("switchyard_desired_revision") == s.at("revision") &&
           now.count("switchyard_applied_revision") == s.at("applied_revision") &&
           now.count("switchyard_desired_backends") == s.at("backends") &&
           now.count("switchyard_desired_routes") == s.at("routes") &&
           now.count(series("switchyard_reloads_total", "result", "ok")) == s.at("reloads") &&
           now.count(series("switchyard_provider_up", "provider", "db")) == 1 &&
           now.count(series("switchyard_refused_objects", "provider", "db")) == 0 &&
           now.count("switchyard_queue_depth") == 0 &&
           now.count(series("switchyard_provider_queue_depth", "provider", "db")) == 0 &&
           now.count("switchyard_reload_pending_reasons") ==
               static_cast<double>(s.at("haproxy").at("reload_waiting").size());
  };
  BOOST_TEST(eventually(agrees), scrape().text() << status().dump());
  const auto now = scrape();
  BOOST_TEST(now.count("switchyard_writer_connected") == 1);
  BOOST_TEST(now.value("switchyard_haproxy_old_workers").has_value());
  BOOST_TEST(now.count("switchyard_provider_info{provider=\"db\",type=\"postgres\"}") == 1);
  const auto age =
      now.value(series("switchyard_provider_last_snapshot_age_seconds", "provider", "db"));
  BOOST_REQUIRE(age.has_value());
  BOOST_TEST(*age < 60);
  BOOST_TEST(now.count("process_resident_memory_bytes") > 1e6);
}

BOOST_AUTO_TEST_CASE(a_change_counts_with_its_command_and_how_long_it_took) {
  const auto added = "switchyard_runtime_commands_total{command=\"add server\",result=\"done\"}";
  const auto in_time = "switchyard_propagation_seconds_bucket{provider=\"db\",le=\"30\"}";
  const auto before = scrape();
  add("srv2");
  BOOST_TEST(eventually([&] { return count(propagated) == before.count(propagated) + 1; }));
  const auto after = scrape();
  BOOST_TEST(after.count(added) == before.count(added) + 1);
  BOOST_TEST(after.count(in_time) == before.count(in_time) + 1);
  BOOST_TEST(after.count(series("switchyard_apply_seconds_count", "pass", "apply")) >
             before.count(series("switchyard_apply_seconds_count", "pass", "apply")));
}

BOOST_AUTO_TEST_CASE(a_change_that_needs_a_reload_counts_once_it_is_loaded) {
  const auto reasons = "switchyard_reload_reasons_total{reason=\"changed settings\",result=\"ok\"}";
  const auto before = scrape();
  db.sql("INSERT INTO backends (name, balance) VALUES ('api-backend', 'leastconn');");
  BOOST_TEST(eventually([&] { return count(propagated) == before.count(propagated) + 1; }));
  const auto after = scrape();
  BOOST_TEST(after.count(reasons) == before.count(reasons) + 1);
  BOOST_TEST(after.count(series("switchyard_reload_seconds_count", "result", "ok")) ==
             after.count(series("switchyard_reloads_total", "result", "ok")));
}

BOOST_AUTO_TEST_CASE(what_a_reconcile_repairs_is_counted_by_kind) {
  const auto repairs = series("switchyard_drift_repairs_total", "command", "set server weight");
  // What the start has touched is read back, and put right, by then.
  const auto compared = series("switchyard_apply_seconds_count", "pass", "reconcile");
  const auto first = count(compared);
  BOOST_REQUIRE(eventually([&] { return count(compared) > first; }));
  const auto before = count(repairs);
  all->command("set server api-backend/srv1 weight 7");
  BOOST_TEST(eventually([&] { return count(repairs) == before + 1; }), scrape().text());
  BOOST_TEST(status().at("repaired") >= 1);
}

BOOST_AUTO_TEST_CASE(what_the_guard_holds_is_counted_until_it_is_let_go) {
  const auto holds = series("switchyard_holds", "provider", "db");
  const auto servers = series("switchyard_held_servers", "provider", "db");
  BOOST_TEST((scrape().value(holds) == 0.0));
  for (int i = 2; i < 14; ++i) add("srv" + std::to_string(i));
  BOOST_REQUIRE(eventually([&] { return status().at("servers") == 13; }));
  db.sql("DELETE FROM servers WHERE name <> 'srv1'");
  BOOST_TEST(eventually([&] { return count(holds) == 1 && count(servers) == 12; }));
  BOOST_TEST(http_ask(all->api_port(), "POST", "/v1/holds/1/approve?wait=20s").status == 200);
  BOOST_TEST(eventually([&] { return count(holds) == 0 && count(servers) == 0; }));
}

BOOST_AUTO_TEST_CASE(an_haproxy_that_does_not_answer_shows) {
  std::filesystem::rename(all->runtime_socket(), all->file("away.sock"));
  BOOST_TEST(eventually([&] { return scrape().value("switchyard_haproxy_up") == 0.0; }));
  BOOST_TEST(!scrape().value(series("switchyard_servers", "state", "up")).has_value());
  std::filesystem::rename(all->file("away.sock"), all->runtime_socket());
  BOOST_TEST(eventually([&] { return scrape().value("switchyard_haproxy_up") == 1.0; }));
}

BOOST_AUTO_TEST_CASE(lines_of_the_log_and_listeners_are_counted) {
  BOOST_TEST(count(series("switchyard_log_lines_total", "level", "info")) > 0);
  BOOST_TEST(count("switchyard_event_listeners") == 0);
  {
    const event_reader reader(all->api_port());
    BOOST_TEST(count("switchyard_event_listeners") == 1);
  }
  BOOST_TEST(eventually([&] { return count("switchyard_event_listeners") == 0; }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(what_waits_for_haproxy_shows_as_depth_of_the_queues, with_two_providers) {
  const auto reports = series("switchyard_provider_queue_depth", "provider", "db");
  const auto worker = all->worker_pid();
  BOOST_REQUIRE(worker > 0);
  BOOST_REQUIRE(::kill(worker, SIGSTOP) == 0);
  // One change is on its way, and with it the provider's next report waits.
  add("srv2");
  BOOST_TEST(eventually([&] {
    db.sql("UPDATE servers SET weight = weight % 200 + 1 WHERE name = 'srv1'");
    return count(reports) > 0;
  }));
  // Another provider's wait in the manager's queue.
  BOOST_TEST(put("own", two.port()) == 202);
  BOOST_TEST(put("other", two.port()) == 202);
  BOOST_TEST(eventually([&] { return count("switchyard_queue_depth") > 0; }), scrape().text());
  BOOST_REQUIRE(::kill(worker, SIGCONT) == 0);
  BOOST_TEST(eventually([&] { return count("switchyard_queue_depth") == 0 && count(reports) == 0; },
                        std::chrono::seconds(30)));
  BOOST_TEST(eventually([&] { return all->backend_exists("other"); }, std::chrono::seconds(30)));
  BOOST_TEST(contains(all->server("api-backend", "srv2"), "ready"));
}

BOOST_FIXTURE_TEST_SUITE(events, observed_default)

BOOST_AUTO_TEST_CASE(a_change_is_an_event_as_the_description_says) {
  const event_reader reader(all->api_port());
  add("srv2");
  const auto found = reader.await("srv2 added");
  BOOST_REQUIRE(found.has_value());
  const auto& e = found->body;
  BOOST_TEST(found->name == "server");
  BOOST_TEST(found->id == e.at("id").get<std::string>());
  BOOST_TEST(e.at("kind") == "server");
  BOOST_TEST(e.at("level") == "info");
  BOOST_TEST(e.at("backend") == "api-backend");
  BOOST_TEST(e.at("server") == "srv2");
  BOOST_TEST(e.at("provider") == "db");
  BOOST_TEST(e.at("revision") == status().at("revision"));
  BOOST_TEST(e.at("took_seconds").get<double>() > 0);
  BOOST_TEST(e.at("propagation_seconds").get<double>() < 60);
  db.sql(insert_backend_of_its_own_kind("own-kind"));
  BOOST_TEST(reader.await("own-kind").has_value());
  const description described;
  for (const auto& any : reader.events())
    BOOST_TEST(described.faults_as(any.body, "event").empty(), any.body.dump());
}

BOOST_AUTO_TEST_CASE(a_reader_goes_on_where_it_was_and_misses_nothing) {
  std::string last;
  {
    const event_reader first(all->api_port());
    add("srv2");
    const auto seen = first.await("srv2 added");
    BOOST_REQUIRE(seen.has_value());
    last = seen->id;
  }
  for (const auto* name : {"srv3", "srv4", "srv5"}) {
    add(name);
    BOOST_REQUIRE(eventually([&] { return all->log_has(std::string(name) + " added"); }));
  }
  const event_reader second(all->api_port(), "", last);
  add("srv6");
  BOOST_REQUIRE(second.await("srv6 added").has_value());
  const auto number = [](const std::string& id) { return std::stoul(id.substr(id.find('-') + 1)); };
  auto expected = number(last);
  std::string text;
  for (const auto& e : second.events()) {
    BOOST_TEST(e.name != "reset");
    BOOST_TEST(number(e.id) == ++expected);
    text += e.body.at("text").get<std::string>() + "\n";
  }
  for (const auto* name : {"srv3", "srv4", "srv5", "srv6"})
    BOOST_TEST(contains(text, std::string(name) + " added"), text);
  BOOST_TEST(!contains(text, "srv2 added"), text);
}

BOOST_AUTO_TEST_CASE(a_reader_of_an_earlier_run_is_told_so_and_gets_everything) {
  std::string last;
  {
    const event_reader first(all->api_port());
    add("srv2");
    last = first.await("srv2 added").value_or(event_reader::event{}).id;
  }
  BOOST_REQUIRE(!last.empty());
  all->stop_switchyard();
  all->start_switchyard();
  BOOST_REQUIRE(
      eventually([&] { return http_ask(all->api_port(), "GET", "/readyz").status == 200; }));
  const event_reader second(all->api_port(), "", last);
  BOOST_REQUIRE(second.await("starts, settings from").has_value());
  BOOST_TEST(second.events().front().name == "reset");
  BOOST_TEST(description().faults_as(second.events().front().body, "reset").empty());
}

BOOST_AUTO_TEST_CASE(readers_choose_what_they_see) {
  const event_reader others(all->api_port(), "?backend=nobody");
  const event_reader sources(all->api_port(), "?kind=provider&last=100");
  const event_reader ours(all->api_port(), "?backend=api-backend&provider=db&kind=server");
  add("srv2");
  BOOST_TEST(ours.await("srv2 added").has_value());
  BOOST_TEST(others.events().empty());
  BOOST_TEST(sources.await("db: live").has_value());
  for (const auto& e : sources.events()) BOOST_TEST(e.body.at("kind") == "provider");
  BOOST_TEST(http_ask(all->api_port(), "GET", "/v1/events?last=many").status == 400);
  const auto misspelt = http_ask(all->api_port(), "GET", "/v1/events?kind=relaod");
  BOOST_TEST(misspelt.status == 400);
  BOOST_TEST(contains(misspelt.body, "kind must be one of actor, api,"), misspelt.body);
}

BOOST_AUTO_TEST_CASE(streams_end_with_switchyard) {
  event_reader reader(all->api_port());
  BOOST_TEST(all->stop_switchyard() == 0);
  BOOST_TEST(eventually([&] { return !reader.running(); }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
