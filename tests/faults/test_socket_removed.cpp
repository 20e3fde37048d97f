// HAProxy's sockets vanish from their folder while it runs: somebody cleans up, a second HAProxy
// takes the path and ends, a folder is made anew.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/faults/installation.hpp"
#include "tests/support/server_state.hpp"

BOOST_AUTO_TEST_SUITE(test_faults_socket_removed)

namespace {

using namespace switchyard::tests;
namespace fs = std::filesystem;

constexpr const char* gone = "the runtime socket of the running HAProxy is gone";
constexpr const char* unreachable = "runs and cannot be reached";

site_options attached(bool pid_file = false) {
  site_options o;
  o.managed = false;
  o.pid_file = pid_file;
  o.sockets_in = "run";
  return o;
}

site_options managed() {
  site_options o;
  o.sockets_in = "run";
  return o;
}

/// The frontend is the operator's.
site_options frontend_in_base_file() {
  auto o = managed();
  o.frontend = false;
  o.base =
      "defaults\n  mode http\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s\n"
      "frontend own\n  bind 127.0.0.1:@PORT@\n  use_backend %[str(api-backend)]\n";
  return o;
}

struct attached_site : installation {
  attached_site() : installation(attached()) {}
};
struct managed_site : installation {
  managed_site() : installation(managed()) {}
};
struct site_of_an_operators_frontend : installation {
  site_of_an_operators_frontend() : installation(frontend_in_base_file()) {}
};
struct without_master_socket : installation {
  without_master_socket() : installation(attached(true)) {}
};

/// A file or folder that is elsewhere for a while.
class moved_away {
 public:
  explicit moved_away(std::string path) : path_(std::move(path)) { fs::rename(path_, there()); }
  void back() const { fs::rename(there(), path_); }
  std::string there() const { return path_ + ".away"; }

 private:
  std::string path_;
};

// Both would listen on the same ports, each with half of the traffic.
void starts_no_second_haproxy(installation& i) {
  const auto old_one = i.gateway.master_pid();
  BOOST_REQUIRE(old_one > 0);
  {
    const unbroken_traffic traffic(i);
    fs::remove_all(fs::path(i.gateway.runtime_socket()).parent_path());
    i.gateway.switchyard().signal(SIGKILL);
    i.gateway.switchyard().wait(std::chrono::seconds(5));
    i.want({installation::api({&i.three})});
    i.gateway.start_switchyard();
    BOOST_TEST(i.gateway.switchyard().wait(std::chrono::seconds(20)).value_or(-1) == 1);
    BOOST_TEST(i.gateway.log_has("(kill " + std::to_string(old_one) + ")"), i.gateway.log());
    BOOST_TEST(i.gateway.answered_by({"srv1", "srv2"}));
  }
  ::kill(old_one, SIGTERM);
  BOOST_REQUIRE(eventually([&] { return http_get(i.gateway.port()).status == 0; }));
  i.gateway.start_switchyard();
  BOOST_TEST(i.gateway.answered_by({"srv3"}), i.gateway.log());
}

bool file_has(const installation& i, const std::string& text) {
  return eventually([&] { return i.gateway.config_text().find(text) != std::string::npos; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_runtime_socket_that_is_gone)

BOOST_FIXTURE_TEST_CASE(is_told_with_its_remedy_and_changes_go_through_the_master, attached_site) {
  const unbroken_traffic traffic(*this);
  const moved_away socket(gateway.runtime_socket());
  want({api({&one, &two, &three})});
  BOOST_TEST(gateway.answered_by({"srv1", "srv2", "srv3"}), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.log_has(gone); }), gateway.log());
  BOOST_TEST(gateway.log_has("restart HAProxy at a quiet moment"), gateway.log());
  BOOST_TEST(!gateway.log_has(unreachable), gateway.log());
  // Many commands at once, and what only a reload can do.
  auto many = api({&one, &two, &three});
  for (int i = 0; i < 300; ++i) many.servers.push_back(local_server("x" + std::to_string(i)));
  for (auto& s : many.servers)
    if (s.name.starts_with("x")) s.state = switchyard::model::server_state::maint;
  switchyard::model::sort_servers(many.servers);
  want({many, of_its_own_kind("other-backend")});
  BOOST_TEST(eventually([&] { return has_backend("other-backend"); }), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.log_has("reloaded HAProxy in"); }), gateway.log());
  BOOST_TEST(!fs::exists(gateway.runtime_socket()));
  BOOST_TEST(file_has(*this, "    server x299 "));
  want({api({&three}), of_its_own_kind("other-backend")});
  BOOST_TEST(gateway.answered_by({"srv3"}), gateway.log());
  socket.back();
  BOOST_TEST(eventually([&] { return gateway.log_has("is back"); }), gateway.log());
  BOOST_TEST(gateway.server_becomes("api-backend", "x299", ""), gateway.log());
  BOOST_TEST(gateway.log_count(gone) == 1U);
  BOOST_TEST(!gateway.log_has("reload failed"), gateway.log());
}

BOOST_FIXTURE_TEST_CASE(is_there_again_once_haproxy_was_restarted, attached_site) {
  fs::remove(gateway.runtime_socket());
  want({api({&one, &three})});
  BOOST_TEST(gateway.answered_by({"srv1", "srv3"}), gateway.log());
  BOOST_TEST(file_has(*this, "    server srv3 "));
  BOOST_TEST(eventually([&] { return gateway.log_has(gone); }), gateway.log());
  gateway.start_haproxy();
  BOOST_TEST(eventually([&] { return fs::exists(gateway.runtime_socket()); }));
  BOOST_TEST(eventually([&] { return gateway.log_has("is back"); }), gateway.log());
  BOOST_TEST(gateway.server_becomes("api-backend", "srv3", at(three)));
  BOOST_TEST(gateway.answered_by({"srv1", "srv3"}), gateway.log());
}

BOOST_FIXTURE_TEST_CASE(leads_no_second_haproxy_into_being, managed_site) {
  const unbroken_traffic traffic(*this);
  const auto master = gateway.master_pid();
  fs::remove(gateway.runtime_socket());
  gateway.switchyard().signal(SIGKILL);
  gateway.switchyard().wait(std::chrono::seconds(5));
  want({api({&three})});
  gateway.start_switchyard();
  BOOST_TEST(gateway.answered_by({"srv3"}), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.log_has(gone); }), gateway.log());
  BOOST_TEST(gateway.log_has("restart switchyard, and HAProxy with it"), gateway.log());
  BOOST_TEST(gateway.master_pid() == master);
}

// The other way, to show that it is the master's socket that carries the changes.
BOOST_FIXTURE_TEST_CASE(keeps_changes_in_the_file_where_there_is_no_master_socket,
                        without_master_socket) {
  const unbroken_traffic traffic(*this);
  const moved_away socket(gateway.runtime_socket());
  BOOST_TEST(eventually([&] { return gateway.log_has(unreachable); }), gateway.log());
  want({api({&three})});
  BOOST_TEST(file_has(*this, "    server srv3 "));
  BOOST_TEST(
      server_in(ask_socket(socket.there(), "show servers state"), "api-backend", "srv3").empty());
  socket.back();
  BOOST_TEST(gateway.answered_by({"srv3"}), gateway.log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_folder_of_sockets_that_is_gone)

BOOST_FIXTURE_TEST_CASE(is_told_with_its_remedy_and_changes_wait_until_it_is_back, managed_site) {
  const unbroken_traffic traffic(*this);
  const auto worker = gateway.worker_pid();
  const auto master = gateway.master_pid();
  const moved_away folder(fs::path(gateway.runtime_socket()).parent_path());
  // Until then it may be loading.
  BOOST_TEST(eventually([&] { return gateway.log_has(unreachable); }, std::chrono::seconds(20)),
             gateway.log());
  BOOST_TEST(gateway.log_has("process " + std::to_string(master)), gateway.log());
  want({api({&three})});
  BOOST_TEST(file_has(*this, "    server srv3 "));
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}));
  folder.back();
  BOOST_TEST(gateway.answered_by({"srv3"}), gateway.log());
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_FIXTURE_TEST_CASE(leads_no_second_haproxy_into_being, managed_site) {
  starts_no_second_haproxy(*this);
}

// No setting tells of its port then.
BOOST_FIXTURE_TEST_CASE(leads_no_second_haproxy_beside_an_operators_frontend,
                        site_of_an_operators_frontend) {
  starts_no_second_haproxy(*this);
}

BOOST_FIXTURE_TEST_CASE(comes_back_with_a_restart_of_haproxy_and_so_does_what_waited,
                        attached_site) {
  fs::remove_all(fs::path(gateway.runtime_socket()).parent_path());
  want({api({&three}), of_its_own_kind("other-backend")});
  BOOST_TEST(file_has(*this, "    server srv3 "));
  fs::create_directory(fs::path(gateway.runtime_socket()).parent_path());
  gateway.start_haproxy();
  BOOST_TEST(gateway.answered_by({"srv3"}), gateway.log());
  BOOST_TEST(eventually([&] { return has_backend("other-backend"); }), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.log_has("HAProxy has a new worker"); }),
             gateway.log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
