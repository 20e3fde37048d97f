// Cookie persistence: clients come back to their server, whatever happens to the others.

#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/haproxy/gateway_sites.hpp"
#include "tests/support/visitor.hpp"

namespace {

using namespace switchyard::tests;
namespace haproxy = switchyard::haproxy;
namespace model = switchyard::model;

/// Four upstreams, of which the backend "web" has s1 and s2 at first.
struct sticky_site : gateway_site {
  sticky_site() {
    for (const auto* name : {"s1", "s2", "s3", "s4"})
      upstreams[name] = std::make_unique<http_upstream>(name);
    begin({web({"s1", "s2"})});
    settle();
    worker = worker_pid();
  }

  model::server at(const std::string& name) const {
    return local_server(name, upstreams.at(name)->port());
  }
  model::backend web(const std::vector<std::string>& names, const char* backend = "web") const {
    std::vector<model::server> servers;
    servers.reserve(names.size());
    for (const auto& name : names) servers.push_back(at(name));
    auto b = backend_of(backend, servers);
    b.settings.sticky = model::sticky_settings{"SRV"};
    return b;
  }

  /// One client of each server.
  visitors client_of_each(std::size_t servers) const {
    auto clients = visitors_of(port(), servers);
    BOOST_REQUIRE(clients.size() == servers);
    for (const auto& [name, client] : clients)
      BOOST_REQUIRE_MESSAGE(client.cookie().starts_with("SRV=") && client.cookie().size() == 20,
                            name << ": " << client.cookie());
    return clients;
  }
  static void require_kept(visitors& clients) {
    BOOST_TEST(lost_ones(clients) == std::vector<std::string>(), boost::test_tools::per_element());
  }

  std::map<std::string, std::unique_ptr<http_upstream>> upstreams;
  pid_t worker = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_persistence, sticky_site)

BOOST_AUTO_TEST_CASE(servers_that_are_added_at_run_time_keep_their_clients_too) {
  auto clients = client_of_each(2);
  const auto report = apply(web({"s1", "s2", "s3"}));
  BOOST_TEST(
      told(report, "web/s3 added at 127.0.0.1:" + std::to_string(upstreams.at("s3")->port())) == 1U,
      words(report));
  BOOST_TEST(told(report, "moved") == 0U);
  require_kept(clients);
  clients = client_of_each(3);
  require_kept(clients);
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(one_that_was_added_in_maintenance_or_in_drain_has_a_cookie_once_it_is_ready) {
  auto both = web({"s1", "s2", "s3", "s4"});
  both.servers[2].state = model::server_state::maint;
  both.servers[3].state = model::server_state::drain;
  apply(both);
  apply(web({"s1", "s2", "s3", "s4"}));
  auto clients = client_of_each(4);
  require_kept(clients);
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_reload_and_a_restart_of_the_gateway_leave_each_client_its_server) {
  apply(web({"s1", "s2", "s3"}));
  settle();
  auto clients = client_of_each(3);
  reload_by_hand();
  reconcile();
  require_kept(clients);
  worker = worker_pid();
  const auto report = restart_gateway();
  BOOST_TEST(report.waiting.empty());
  apply(web({"s1", "s2", "s3", "s4"}));
  require_kept(clients);
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_server_that_was_removed_and_added_again_has_its_clients_back) {
  apply(web({"s1", "s2", "s3"}));
  settle();
  auto clients = client_of_each(3);
  apply(web({"s1", "s2"}));
  tick_after(settings.drain_timeout);
  settle();
  BOOST_REQUIRE(server("web", "s3").empty());
  apply(web({"s1", "s2", "s3"}));
  require_kept(clients);
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(clients_of_a_server_that_moves_are_balanced_anew_and_then_kept) {
  auto clients = client_of_each(2);
  auto moved = web({"s1", "s2"});
  moved.servers[1].port = upstreams.at("s4")->port();
  apply(moved);
  auto& client = clients.at("s2");
  const auto before = client.cookie();
  // Newer versions take the address up a moment after the command.
  BOOST_TEST(eventually([&] { return client_of_each(2).contains("s4"); }));
  const auto by = client.served_by();
  BOOST_TEST((by == "s1" || by == "s4"), by);
  BOOST_TEST(client.cookie() != before);
  for (int i = 0; i < 3; ++i) BOOST_TEST(client.served_by() == by);
  // It is the address that the cookie stands for, over a reload as well.
  settle();
  reload_by_hand();
  reconcile();
  for (int i = 0; i < 3; ++i) BOOST_TEST(client.served_by() == by);
}

BOOST_AUTO_TEST_CASE(persistent_clients_come_to_a_leaving_server_until_the_drain_timeout) {
  auto clients = client_of_each(2);
  apply(web({"s1"}));
  BOOST_TEST(server("web", "s2").ends_with(" drain"));
  for (int i = 0; i < 4; ++i) BOOST_TEST(visitor(port()).served_by() == "s1");
  tick_after(std::chrono::milliseconds(4'900));
  require_kept(clients);
  continuous_load others(port(), 2);
  // HAProxy needs a moment to see the end of the last request.
  BOOST_TEST(eventually([&] {
    settle();
    return server("web", "s2").empty();
  }));
  auto& client = clients.at("s2");
  for (int i = 0; i < 3; ++i) BOOST_TEST(client.served_by() == "s1");
  BOOST_TEST(client.cookie() == clients.at("s1").cookie());
  BOOST_TEST(others.stop().failed == 0U);
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(one_that_nobody_is_sent_to_leaves_at_once) {
  auto resting = web({"s1", "s2"});
  resting.servers[1].state = model::server_state::maint;
  apply(resting);
  apply(web({"s1"}));
  tick_after(std::chrono::milliseconds(25));
  BOOST_TEST(server("web", "s2").empty());
}

BOOST_AUTO_TEST_CASE(clients_of_a_server_in_drain_stay_and_of_one_in_maintenance_go) {
  auto clients = client_of_each(2);
  auto changed = web({"s1", "s2"});
  changed.servers[1].state = model::server_state::drain;
  apply(changed);
  require_kept(clients);
  for (int i = 0; i < 4; ++i) BOOST_TEST(visitor(port()).served_by() == "s1");
  changed.servers[1].state = model::server_state::maint;
  apply(changed);
  BOOST_TEST(clients.at("s2").served_by() == "s1");
  BOOST_TEST(clients.at("s2").cookie() == clients.at("s1").cookie());
  apply(web({"s1", "s2"}));
  BOOST_TEST(clients.at("s2").served_by() == "s1");
}

BOOST_AUTO_TEST_CASE(clients_of_a_server_that_died_go_elsewhere_without_a_failed_request) {
  auto clients = client_of_each(2);
  upstreams.at("s2").reset();  // no check tells of it
  BOOST_TEST(clients.at("s2").served_by() == "s1");
  BOOST_TEST(clients.at("s2").cookie() == clients.at("s1").cookie());
}

BOOST_AUTO_TEST_CASE(two_servers_at_one_address_share_their_clients) {
  auto clients = client_of_each(2);
  auto twice = web({"s1", "s2"});
  twice.servers.push_back(local_server("same", upstreams.at("s2")->port()));
  model::sort_servers(twice.servers);
  const auto report = apply(twice);
  BOOST_TEST(report.failed_steps == 0U, words(report));
  require_kept(clients);
  // Also when the one goes, and in a file that has both from the start.
  twice.servers[2].state = model::server_state::maint;
  apply(twice);
  require_kept(clients);
  twice.servers[2].state = model::server_state::ready;
  apply(twice);
  settle();
  reload_by_hand();
  BOOST_TEST(reconcile().waiting.empty());
  require_kept(clients);
}

BOOST_AUTO_TEST_CASE(persistence_comes_changes_and_goes_with_one_reload_each) {
  const auto reloaded_for_settings = [&](const model::backend& b) {
    now += std::chrono::minutes(1);  // past the reload before, which took real time
    const auto report = apply(b);
    BOOST_REQUIRE_MESSAGE(report.reload.has_value(), words(report));
    BOOST_REQUIRE(report.reload_reasons.size() == 1U);
    const auto& why = report.reload_reasons.front();
    BOOST_TEST((why.cause == haproxy::reload_cause::changed_settings));
    BOOST_TEST(why.subject == "web");
    BOOST_TEST(contains(why.detail, "cookie"), why.detail);
    settle();
  };
  auto b = web({"s1", "s2"});
  b.settings.sticky.reset();
  reloaded_for_settings(b);
  visitor client(port());
  client.served_by();
  BOOST_TEST(client.cookie() == "");
  b.settings.sticky = model::sticky_settings{"OTHER"};
  reloaded_for_settings(b);
  client.served_by();
  BOOST_TEST(client.cookie().starts_with("OTHER="), client.cookie());
  reloaded_for_settings(web({"s1", "s2"}));
}

BOOST_AUTO_TEST_CASE(a_new_backend_of_the_same_kind_is_persistent_without_a_reload) {
  if (!haproxy_adds_backends()) {
    BOOST_TEST_MESSAGE("not on this HAProxy: it adds no backends at run time");
    return;
  }
  settings.frontends.front().default_backend = "shop";
  gateway().configure(settings, now);
  settle();
  worker = worker_pid();
  const auto report = apply(web({"s3", "s4"}, "shop"));
  BOOST_TEST(!report.reload.has_value(), words(report));
  auto clients = client_of_each(2);
  require_kept(clients);
  BOOST_TEST(worker_pid() == worker);
  // The file says the same of it.
  settle();
  reload_by_hand();
  BOOST_TEST(reconcile().waiting.empty());
  require_kept(clients);
}

BOOST_AUTO_TEST_CASE(a_backend_that_goes_does_not_wait_for_clients_of_a_server_that_left_before) {
  if (!haproxy_adds_backends()) {
    BOOST_TEST_MESSAGE("not on this HAProxy: it deletes no backends at run time");
    return;
  }
  apply(web({"s3", "s4"}, "shop"));
  apply(web({"s3"}, "shop"));
  BOOST_TEST(server("shop", "s4").ends_with(" drain"));
  auto gone = part({{"shop", nullptr}});
  gone.complete = true;
  apply(gone);
  for (int i = 0; i < 10; ++i) tick_after(std::chrono::milliseconds(100));
  BOOST_TEST(!backend_exists("shop"));
}

BOOST_AUTO_TEST_SUITE_END()
