// Servers behind TLS: whom HAProxy trusts, from the file and at run time.

#include <boost/test/unit_test.hpp>

#include "tests/haproxy/gateway_sites.hpp"
#include "tests/support/h2.hpp"

namespace {

using namespace switchyard::tests;
using namespace std::chrono_literals;
namespace model = switchyard::model;

/// A backend "web" whose servers speak HTTP/2 over TLS and are known as `host`.
model::backend verified(const std::string& host, std::vector<model::server> servers) {
  auto b = backend_of("web", std::move(servers));
  b.settings.protocol = model::server_protocol::h2;
  b.settings.tls.enabled = true;
  b.settings.tls.verify = model::tls_verify::required;
  b.settings.tls.sni = host;
  b.settings.check.type = model::check_type::tcp;
  b.settings.check.interval = 200ms;
  b.settings.check.rise = 1;
  b.settings.check.fall = 1;
  return b;
}

/// An upstream whose certificate is of an authority of its own.
struct certified_upstream {
  certificate_authority authority;
  h2_upstream upstream{"up", authority.issue("up.test")};
};

struct verifying_site : certified_upstream, gateway_site {
  verifying_site() : gateway_site({.server_ca_file = authority.file()}) {
    begin({});
    worker = worker_pid();
  }

  /// Waits until the frontend answers so; a check may have to find a server first.
  bool answers(int status) const {
    return eventually([&] { return http_get(port()).status == status; });
  }
  model::server up(const std::string& name) const { return local_server(name, upstream.port()); }
  void settle_reload() {
    settle();
    worker = worker_pid();
  }
  bool same_worker() const { return worker_pid() == worker; }

  pid_t worker = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_tls, verifying_site)

BOOST_AUTO_TEST_CASE(servers_of_the_authority_are_used_from_the_file_and_at_run_time) {
  const auto first = apply(verified("up.test", {up("s1")}));
  settle();
  BOOST_TEST(answers(200), words(first));
  // HAProxy before 3.4 needs a reload for a new backend; 3.4 has had no server to learn the file
  // from.
  BOOST_TEST((same_worker() == haproxy_adds_backends()), words(first));
  worker = worker_pid();
  auto added = verified("up.test", {up("s1"), up("s2")});
  apply(added);
  added.servers[0].state = model::server_state::maint;
  apply(added);
  BOOST_TEST(answers(200));
  BOOST_TEST(eventually([&] { return stat("web", "s2", "check_status") == "L6OK"; }));
  BOOST_TEST(same_worker());
  BOOST_TEST(file_has("ca-file " + authority.file()));
}

BOOST_AUTO_TEST_CASE(without_a_name_any_certificate_of_the_authority_will_do) {
  const auto checked = [&](const std::string& name) {
    return eventually([&] { return stat("web", name, "check_status") == "L7OK"; });
  };
  auto unnamed = verified("", {up("s1")});
  unnamed.settings.tls.sni.reset();
  unnamed.settings.check.type = model::check_type::http;
  for (const auto protocol : {model::server_protocol::automatic, model::server_protocol::h2})
    BOOST_TEST_CONTEXT(model::to_string(protocol)) {
      unnamed.settings.protocol = protocol;
      unnamed.servers = {up("s1")};
      apply(unnamed);
      settle();
      BOOST_TEST(checked("s1"));
      BOOST_TEST(answers(200));
      unnamed.servers.push_back(up("s2"));
      unnamed.servers[0].state = model::server_state::maint;
      apply(unnamed);
      BOOST_TEST(checked("s2"));
      BOOST_TEST(answers(200));
    }
}

BOOST_AUTO_TEST_CASE(a_server_of_another_authority_is_not_used) {
  const h2_upstream foreign("foreign", certificate_authority().issue("up.test"));
  apply(verified("up.test", {local_server("s1", foreign.port())}));
  settle();
  BOOST_TEST(eventually([&] { return stat("web", "s1", "check_status") == "L6RSP"; }));
  BOOST_TEST(answers(503));
  // Nor is one that is added at run time, while its check has not found out.
  auto both = verified("up.test", {local_server("s1", foreign.port()), up("s2")});
  both.servers.push_back(local_server("s3", foreign.port()));
  apply(both);
  BOOST_TEST(answers(200));
  BOOST_TEST(eventually([&] { return stat("web", "s3", "status") == "DOWN"; }));
  // (On a busy machine the check of the good one may be late once.)
  for (const auto& [name, count] : sample(port(), 20)) BOOST_TEST(name != "foreign");
  BOOST_TEST(answers(200));
}

BOOST_AUTO_TEST_CASE(a_server_of_another_name_is_not_used) {
  apply(verified("other.test", {up("s1")}));
  settle();
  BOOST_TEST(eventually([&] { return stat("web", "s1", "check_status") == "L6RSP"; }));
  BOOST_TEST(answers(503));
}

BOOST_AUTO_TEST_CASE(another_file_in_the_settings_is_one_reload) {
  const certificate_authority other;
  apply(verified("up.test", {up("s1")}));
  settle_reload();
  BOOST_REQUIRE(answers(200));
  settings.haproxy.server_ca_file = other.file();
  auto report = gateway().configure(settings, now);
  BOOST_TEST(report.waiting.size() == 2U);  // the frontends' part of the file, and the backend
  settle();
  BOOST_TEST(!same_worker());
  BOOST_TEST(answers(503));
  BOOST_TEST(file_has("ca-file " + other.file()));
  BOOST_TEST(!file_has("ca-file " + authority.file()));
  const auto before = worker_pid();
  settle();
  BOOST_TEST(reconcile().waiting.empty());
  BOOST_TEST(worker_pid() == before);
  settings.haproxy.server_ca_file = authority.file();
  gateway().configure(settings, now);
  settle();
  BOOST_TEST(answers(200));
}

BOOST_AUTO_TEST_CASE(another_text_of_the_file_is_loaded_when_the_settings_are_read_again) {
  const certificate_authority other;
  const auto ours = read_text(authority.file());
  apply(verified("up.test", {up("s1")}));
  settle_reload();
  BOOST_REQUIRE(answers(200));
  write_text(authority.file(), read_text(other.file()));
  reconcile();
  settle();
  BOOST_TEST(same_worker());
  const auto report = gateway().configure(settings, now);
  BOOST_REQUIRE_EQUAL(report.waiting.size(), 1U);
  BOOST_TEST(to_string(report.waiting.front().cause) == "changed server_ca_file");
  settle();
  BOOST_TEST(!same_worker());
  BOOST_TEST(answers(503));
  write_text(authority.file(), read_text(other.file()) + ours);
  gateway().configure(settings, now);
  settle();
  BOOST_TEST(answers(200));
  BOOST_TEST(reconcile().waiting.empty());
}

BOOST_AUTO_TEST_CASE(another_text_that_came_while_switchyard_was_away_is_loaded) {
  const certificate_authority other;
  apply(verified("up.test", {up("s1")}));
  settle_reload();
  BOOST_REQUIRE(answers(200));
  write_text(authority.file(), read_text(other.file()));
  restart_gateway();
  settle();
  BOOST_TEST(!same_worker());
  BOOST_TEST(answers(503));
  const auto after = worker_pid();
  settle();
  BOOST_TEST(reconcile().waiting.empty());
  BOOST_TEST(worker_pid() == after);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_gone_leaves_the_running_haproxy_as_it_is) {
  apply(verified("up.test", {up("s1")}));
  settle_reload();
  BOOST_REQUIRE(answers(200));
  std::filesystem::remove(authority.file());
  gateway().configure(settings, now);
  std::string said;
  for (int i = 0; i < 5 && gateway().next_work(); ++i) {
    now = std::max(now, *gateway().next_work());
    said += words(tick());
  }
  BOOST_TEST(said.find("reload failed, HAProxy goes on as it was") != std::string::npos, said);
  BOOST_TEST(said.find(authority.file()) != std::string::npos, said);
  BOOST_TEST(same_worker());
  BOOST_TEST(answers(200));
}

BOOST_AUTO_TEST_SUITE_END()
