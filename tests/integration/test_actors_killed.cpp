// Each actor killed in turn is restarted, and all converge without a needless reload.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "actors/supervisor.hpp"
#include "config/load.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_actors_killed)

namespace {

struct caf_config : caf::actor_system_config {
  caf_config() { set("scheduler.policy", caf::atom("sharing")); }
};

/// The actors in this process, so that a test can reach them one by one.
struct in_process {
  http_upstream one{"srv1"}, two{"srv2"}, three{"srv3"};
  schema db;
  temp_dir folder;
  std::uint16_t port = free_port();
  std::uint16_t api = free_port();
  caf_config cfg;
  caf::actor_system system{cfg};
  caf::scoped_actor self{system};
  std::promise<std::string> given_up;
  std::future<std::string> why_given_up = given_up.get_future();
  actors::observer_ptr seen_by = actors::make_silent_observer();
  actors::supervisor_actor supervisor;

  in_process() {
    db.sql(insert_server("api-backend", "srv1", one.port()) +
           insert_server("api-backend", "srv2", two.port()));
    auto settings = config::parse(text(), folder / "switchyard.yaml", {});
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(settings), (settings ? "" : settings.error().message));
    supervisor = actors::spawn_supervisor(
        system, std::make_shared<const config::settings>(std::move(*settings)), seen_by,
        [this](std::string why) { given_up.set_value(std::move(why)); });
    BOOST_REQUIRE(eventually([&] { return status()->reloads == 1; }));
  }

  ~in_process() {
    self->request(supervisor, caf::infinite, actors::stop_atom::value)
        .receive([](actors::stop_atom) {}, [](caf::error&) {});
  }

  std::string text() const {
    return "haproxy: {mode: managed, config_file: haproxy.cfg, runtime_socket: run.sock, "
           "reload: {min_interval: 100ms}}\nfrontends:\n  - name: gateway\n    binds: [{address: "
           "127.0.0.1, port: " +
           std::to_string(port) + "}]\n    default_backend: api-backend\nproviders:\n" +
           db.provider_yaml() +
           "reconcile: {interval: 500ms}\ndrain_timeout: 1s\nstate_dir: state\napi: {listen: "
           "\"127.0.0.1:" +
           std::to_string(api) + "\"}\n";
  }

  actors::status_ptr status() {
    actors::status_ptr result = std::make_shared<api::status>();
    self->request(supervisor, std::chrono::seconds(5), actors::status_atom::value)
        .receive([&](const actors::status_ptr& s) { result = s; }, [](const caf::error&) {});
    return result;
  }

  actors::child_list::child child(const std::string& name) {
    actors::child_list::child found;
    self->request(supervisor, std::chrono::seconds(5), actors::children_atom::value)
        .receive(
            [&](const actors::children_ptr& list) {
              const auto c = list->children.find(name);
              if (c != list->children.end()) found = c->second;
            },
            [](const caf::error&) {});
    return found;
  }

  bool gives_up_within(std::chrono::milliseconds longest) {
    return why_given_up.wait_for(longest) == std::future_status::ready;
  }

  pid_t worker() const {
    const auto reply = ask_socket(folder / "run.sock", "show info");
    const auto at = reply.find("\nPid: ");
    return at == std::string::npos ? 0 : std::stoi(reply.substr(at + 6));
  }

  bool answered_by(const std::set<std::string>& wanted) const {
    return eventually([&] {
      std::set<std::string> seen;
      for (const auto& [name, count] : sample(port, 12)) seen.insert(name);
      return seen == wanted;
    });
  }

  void kill_and_converge(const std::string& name) {
    const auto worker_before = worker();
    BOOST_REQUIRE(worker_before > 0);
    const auto before = child(name);
    BOOST_REQUIRE(before.handle);
    self->send_exit(before.handle, caf::exit_reason::kill);
    // A change that happens while the actor is away arrives as well.
    db.sql("DELETE FROM servers WHERE name = 'srv2'; " +
           insert_server("api-backend", "srv3", three.port()));
    BOOST_TEST(eventually([&] { return child(name).restarts == before.restarts + 1; }));
    BOOST_TEST(answered_by({"srv1", "srv3"}));
    // And so does one after its return.
    db.sql("DELETE FROM servers WHERE name = 'srv3'; " +
           insert_server("api-backend", "srv2", two.port()));
    BOOST_TEST(answered_by({"srv1", "srv2"}));
    BOOST_TEST(worker() == worker_before);
    BOOST_TEST(!gives_up_within(std::chrono::seconds(0)));
    BOOST_TEST(contains(seen_by->figures()->text(),
                        "\nswitchyard_actor_restarts_total{actor=\"" + name + "\"} 1\n"));
    BOOST_TEST(eventually([&] { return shown_restarts(name) == 1; }));
  }

  /// As the API tells; nothing: it does not.
  std::optional<int> shown_restarts(const std::string& name) const {
    const auto body =
        nlohmann::json::parse(http_get(api, "/v1/status", "localhost").body, nullptr, false);
    if (!body.is_object()) return std::nullopt;
    for (const auto& actor : body.at("actors"))
      if (actor.at("name") == name) return actor.at("restarts").get<int>();
    return std::nullopt;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(killed_actors, in_process)

BOOST_AUTO_TEST_CASE(the_provider) {
  kill_and_converge("provider db");
}
BOOST_AUTO_TEST_CASE(the_manager) {
  kill_and_converge("manager");
}
BOOST_AUTO_TEST_CASE(the_manager_while_a_row_cannot_be_read) {
  db.sql(
      "ALTER TABLE servers DROP CONSTRAINT servers_weight;"
      "ALTER TABLE servers ALTER weight TYPE text;"
      "UPDATE servers SET weight = 'heavy' WHERE name = 'srv2'");
  const auto before = child("manager");
  self->send_exit(before.handle, caf::exit_reason::kill);
  BOOST_TEST(eventually([&] { return child("manager").restarts == before.restarts + 1; }));
  db.sql(insert_server("api-backend", "srv3", three.port()));
  BOOST_TEST(answered_by({"srv1", "srv2", "srv3"}));
}

BOOST_AUTO_TEST_CASE(the_writer) {
  kill_and_converge("writer");
}

BOOST_AUTO_TEST_CASE(the_timer) {
  kill_and_converge("timer");
  const auto before = status()->applies;
  BOOST_TEST(eventually([&] { return status()->applies > before + 2; }));
}

BOOST_AUTO_TEST_CASE(the_api) {
  kill_and_converge("api");
  BOOST_TEST(eventually([&] { return http_get(api, "/healthz", "localhost").status == 200; }));
}

BOOST_AUTO_TEST_CASE(all_at_once) {
  const auto worker_before = worker();
  const std::vector<std::string> names{"api", "timer", "provider db", "manager", "writer"};
  for (const auto& name : names) {
    const auto c = child(name);
    BOOST_REQUIRE(c.handle);
    self->send_exit(c.handle, caf::exit_reason::kill);
  }
  for (const auto& name : names)
    BOOST_TEST(eventually([&] { return child(name).handle && child(name).restarts == 1; }), name);
  db.sql(insert_server("api-backend", "srv3", three.port()));
  BOOST_TEST(answered_by({"srv1", "srv2", "srv3"}));
  BOOST_TEST(worker() == worker_before);
}

BOOST_AUTO_TEST_CASE(a_writer_that_keeps_failing_is_given_up) {
  const auto failures = [&] { return child("writer").restarts; };
  for (;;) {
    BOOST_REQUIRE(eventually(
        [&] { return gives_up_within(std::chrono::seconds(0)) || child("writer").handle; },
        std::chrono::seconds(30)));
    if (gives_up_within(std::chrono::seconds(0))) break;
    const auto before = failures();
    self->send_exit(child("writer").handle, caf::exit_reason::kill);
    BOOST_REQUIRE(eventually([&] { return failures() > before; }));
  }
  BOOST_TEST(contains(why_given_up.get(), "writer keeps failing"));
  BOOST_TEST(failures() == 7U);
  // What is served goes on, for the next switchyard to find.
  BOOST_TEST(answered_by({"srv1", "srv2"}));
  const auto left = processes_with(folder.path().string());
  BOOST_TEST(left.size() >= 2U);
  for (const auto pid : left) ::kill(pid, SIGTERM);
  BOOST_TEST(eventually([&] { return processes_with(folder.path().string()).empty(); }));
}

BOOST_AUTO_TEST_CASE(an_end_just_after_the_writers_death_ends_haproxy_too) {
  BOOST_REQUIRE(worker() > 0);
  self->send_exit(child("writer").handle, caf::exit_reason::kill);
  BOOST_REQUIRE(eventually([&] { return !child("writer").handle; }));
  bool orderly = false;
  self->request(supervisor, caf::infinite, actors::stop_atom::value)
      .receive([&](actors::stop_atom) { orderly = true; }, [](const caf::error&) {});
  BOOST_TEST(orderly);
  BOOST_TEST(worker() == 0);
  BOOST_TEST(processes_with(folder.path().string()).empty());
}

BOOST_AUTO_TEST_CASE(the_timer_is_never_given_up) {
  for (std::uint64_t i = 0; i < 8; ++i) {
    BOOST_REQUIRE(eventually([&] { return child("timer").restarts == i && child("timer").handle; },
                             std::chrono::seconds(30)));
    self->send_exit(child("timer").handle, caf::exit_reason::kill);
  }
  BOOST_TEST(eventually([&] { return child("timer").restarts == 8U; }));
  BOOST_TEST(!gives_up_within(std::chrono::seconds(0)));
}

BOOST_AUTO_TEST_CASE(all_end_in_order) {
  std::map<caf::actor_addr, std::string> names;
  for (const auto* name : {"api", "timer", "provider db", "manager", "writer"}) {
    const auto c = child(name);
    BOOST_REQUIRE(c.handle);
    names[c.handle.address()] = name;
    self->monitor(c.handle);
  }
  self->send(supervisor, actors::stop_atom::value);
  std::vector<std::string> ended;
  while (ended.size() < names.size())
    self->receive([&](const caf::down_msg& down) { ended.push_back(names[down.source]); },
                  [](actors::stop_atom) {},
                  caf::after(std::chrono::seconds(30)) >> [] { BOOST_FAIL("not all have ended"); });
  BOOST_TEST(
      ended == (std::vector<std::string>{"api", "timer", "provider db", "manager", "writer"}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
