// A master that is busy with its own, or with somebody else's reload, and what it says then.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "tests/haproxy/fake_socket.hpp"
#include "tests/haproxy/master_site.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using switchyard::base::errc;
using switchyard::haproxy::capabilities;
namespace haproxy = switchyard::haproxy;

std::string fake_info(pid_t worker) {
  return "Name: HAProxy\nVersion: 3.0.1\nPid: " + std::to_string(worker) +
         "\nUptime_sec: 1\nStopping: 0\n";
}
const std::string fake_proc =
    "#<PID> <type> <reloads> <uptime> <version>\n1 master 0 [failed: 0] 0d00h00m02s 3.0.1\n"
    "# workers\n41 worker 0 0d00h00m02s 3.0.1\n\n";

/// What a master says to `reload` while a worker is still loading (src/mworker.c,
/// cli_parse_reload(), from 3.1 on).
const std::string in_progress = "Success=0\n--\nAnother reload is still in progress.\n\n";

/// A master that answers `reload` with these texts in turn, and a worker; 41 is the old one.
struct fake_master {
  explicit fake_master(std::vector<std::string> answers, pid_t answering = 42)
      : info(fake_info(answering)), answers_(std::move(answers)) {
    settings.runtime_socket = folder / "run";
    settings.master_socket = folder / "master";
    can.reload_verdict = true;
  }

  temp_dir folder;
  switchyard::config::haproxy_settings settings;
  capabilities can;
  std::string info;
  std::vector<std::string> answers_;
  std::size_t reloads = 0;
  line_server worker{folder / "run", [this](const std::string&) { return info; }};
  line_server master{folder / "master", [this](const std::string& line) {
                       return line == "reload" ? answers_.at(reloads++) : fake_proc;
                     }};
};

/// A file that a configuration reads when it is loaded, and that has no end until finish(): whoever
/// loads it waits.
class endless_file {
 public:
  explicit endless_file(std::string path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0600) != 0) throw std::runtime_error(path_ + ": no fifo");
  }

  /// A backend that reads it.
  std::string section() const {
    return "backend patterns\n    http-request deny if { src -f " + path_ + " }\n";
  }
  /// Waits until somebody loads it.
  bool is_read() {
    return eventually([&] {
      writer_ =
          switchyard::base::unique_fd(::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
      return static_cast<bool>(writer_);
    });
  }
  /// Lets who loads it go on, and everybody after that.
  void finish() {
    write_text(path_ + ".done", "");
    std::filesystem::rename(path_ + ".done", path_);
    writer_ = {};
  }

 private:
  std::string path_;
  switchyard::base::unique_fd writer_;
};

/// A HAProxy that somebody else reloads, and that does not come to an end with it.
struct reload_under_way {
  reload_under_way() : server(site(free_port(), 1)), can(abilities(server)) {
    server.configure(site(free_port(), 1) + patterns.section());
    somebody_else = std::jthread([this] { server.master_command("reload"); });
    BOOST_REQUIRE(patterns.is_read());
  }
  ~reload_under_way() { patterns.finish(); }
  reload_under_way(const reload_under_way&) = delete;
  reload_under_way& operator=(const reload_under_way&) = delete;

  haproxy_server server;
  capabilities can;
  endless_file patterns{server.folder() + "/patterns"};
  std::jthread somebody_else;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(a_busy_master)

// Without the runtime socket nothing tells that it is there while it loads (2.6 refuses connections
// for as long).
BOOST_AUTO_TEST_CASE(a_reload_waits_for_a_master_that_is_loading) {
  std::string sections = site(free_port(), 1);
  for (int i = 0; i < 60'000; ++i) {
    if (i % 100 == 0) sections += "backend b" + std::to_string(i) + "\n";
    sections += "    server s" + std::to_string(i) + " 127.0.0.1:1\n";
  }
  haproxy_server server(sections);
  const auto can = abilities(server);
  const auto by = by_master(server);
  std::filesystem::remove(server.runtime_socket());
  server.process().signal(SIGUSR2);
  const bool refused = eventually([&] { return server.master_command("show proc").empty(); });
  BOOST_TEST_MESSAGE("the master refuses connections while it loads: " << refused);
  const auto result = haproxy::reload(by, can);
  BOOST_TEST(bool(result), (result ? "" : result.error().message) + server.log());
}

BOOST_AUTO_TEST_CASE(a_silent_master_costs_no_more_than_the_deadline) {
  const temp_dir folder;
  const fake_socket silent(folder / "master");
  switchyard::config::haproxy_settings settings;
  settings.runtime_socket = folder / "run";
  settings.master_socket = folder / "master";
  check_error(haproxy::reload(settings, {}, milliseconds(200)), errc::timeout, "");
  BOOST_TEST(
      (haproxy::show_proc(folder / "master", milliseconds(100)).error().kind == errc::timeout));
}

BOOST_AUTO_TEST_CASE(a_refusal_brings_the_log_along) {
  fake_master fake({"Success=0\n--\n[ALERT] parsing [x.cfg:16] : unknown keyword\n\n"});
  check_error(haproxy::reload(fake.settings, fake.can), errc::refused,
              "old worker: [ALERT] parsing [x.cfg:16] : unknown keyword");
  fake_master terse({"Success=0\n"});
  check_error(haproxy::reload(terse.settings, terse.can), errc::refused, "log");
}

BOOST_AUTO_TEST_CASE(a_reload_of_somebody_else_is_waited_for) {
  fake_master fake({in_progress, "Success=1\n\n"});
  const auto result = haproxy::reload(fake.settings, fake.can);
  BOOST_REQUIRE(bool(result));
  BOOST_TEST(fake.reloads == 2U);
  BOOST_TEST(result->new_worker == 42);
}

// It says nothing of the configuration, so nothing of it may be blamed.
BOOST_AUTO_TEST_CASE(a_reload_of_somebody_else_that_lasts_is_a_timeout) {
  fake_master fake(std::vector<std::string>(1'000, in_progress), 41);
  check_error(haproxy::reload(fake.settings, fake.can, milliseconds(1'000)), errc::timeout, "");
  BOOST_TEST(fake.reloads > 0U);
}

BOOST_FIXTURE_TEST_CASE(what_a_real_master_says_meanwhile_is_what_is_looked_for, reload_under_way) {
  // Before 3.1 a master loads itself, and answers nobody until it has.
  if (std::pair(can.major, can.minor) < std::pair(3U, 1U)) return;
  // It executes itself anew first, and answers nobody while it does.
  BOOST_TEST(eventually([&] { return server.master_command("reload") == in_progress; }));
}

// It says nothing of the configuration, so nothing of it may be blamed.
BOOST_FIXTURE_TEST_CASE(a_real_reload_of_somebody_else_that_lasts_is_no_refusal, reload_under_way) {
  const auto before = server.worker_pid();
  const auto ours = haproxy::reload(by_master(server), can, milliseconds(300));
  BOOST_REQUIRE(!ours);
  BOOST_TEST((ours.error().kind != errc::refused), ours.error().message);
  BOOST_TEST(server.worker_pid() == before);
}

BOOST_FIXTURE_TEST_CASE(a_real_reload_of_somebody_else_is_waited_for, reload_under_way) {
  auto ours =
      std::async(std::launch::async, [&] { return haproxy::reload(by_master(server), can); });
  BOOST_TEST((ours.wait_for(milliseconds(300)) == std::future_status::timeout));
  patterns.finish();
  const auto result = ours.get();
  BOOST_REQUIRE_MESSAGE(bool(result), (result ? "" : result.error().message) + server.log());
  BOOST_TEST(eventually([&] { return server.worker_pid() == result->new_worker; }));
}

BOOST_AUTO_TEST_SUITE_END()
