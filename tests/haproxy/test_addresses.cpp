// Which addresses of frontends are tried before a reload, on the kernel itself.

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/net.hpp"
#include "haproxy/addresses.hpp"
#include "tests/support/support.hpp"

namespace switchyard::haproxy {

namespace {

using mode = config::haproxy_mode;

struct bind_trial {
  const char* loaded;  ///< an address of HAProxy's own; "": none
  const char* held;    ///< an address of somebody else; "": none
  const char* wanted;
  bool lost;
};

config::frontend_settings frontend_on(const std::string& address, std::uint16_t port) {
  config::frontend_settings f;
  f.name = "gateway";
  config::bind_settings bind;
  bind.address = address;
  bind.port = port;
  f.binds = {bind};
  return f;
}

/// Listens as another program does, "::" with IPv4.
std::optional<base::unique_fd> listener(const std::string& host, std::uint16_t port) {
  if (host.empty()) return std::nullopt;
  auto fd = base::reserve({host, port}, base::any_ipv6::as_system);
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(fd), host);
  BOOST_REQUIRE(::listen(fd->get(), 1) == 0);
  return *std::move(fd);
}

/// A process that bears HAProxy's name, begun by `before`.
struct named_haproxy {
  tests::temp_dir folder;
  std::string program = folder / "haproxy-asleep";
  std::unique_ptr<tests::background_process> process;

  explicit named_haproxy(std::vector<std::string> argv = {}) {
    std::filesystem::create_symlink("/bin/sleep", program);
    argv.insert(argv.end(), {program, "300"});
    process = std::make_unique<tests::background_process>(argv, folder / "log");
    BOOST_REQUIRE(tests::eventually([&] {
      return tests::contains(tests::read_text("/proc/" + std::to_string(pid()) + "/comm"),
                             "haproxy-asleep");
    }));
  }
  pid_t pid() const { return process->pid(); }
};

bool is_root(const char* what) {
  if (::geteuid() == 0) return true;
  std::printf("NOT RUN: %s takes root\n", what);
  return false;
}

/// What it returns to a user without any right.
int as_nobody(const std::function<int()>& asked) {
  const pid_t child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0)
      ::_exit(100);
    ::_exit(asked());
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

config::haproxy_settings attached() {
  config::haproxy_settings settings;
  settings.mode = mode::attached;
  return settings;
}

std::string head_with(const std::string& host, std::uint16_t port) {
  if (host.empty()) return "";
  return "frontend gateway\n    bind " + base::to_string({host, port}) +
         " ssl crt /tmp/c.pem\n    mode http\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(addresses)

BOOST_AUTO_TEST_CASE(only_what_haproxy_has_itself_is_not_tried) {
  const std::vector<bind_trial> trials{
      {"", "", "127.0.0.1", false},
      {"", "127.0.0.1", "127.0.0.1", true},
      {"", "127.0.0.1", "127.0.0.2", false},
      {"", "127.0.0.1", "*", true},
      {"", "*", "127.0.0.1", true},
      // "::" takes IPv4 along.
      {"", "127.0.0.1", "::", true},
      {"", "::", "127.0.0.1", true},
      {"", "::1", "127.0.0.1", false},
      // Its own.
      {"127.0.0.1", "", "127.0.0.1", false},
      {"127.0.0.1", "", "*", false},
      {"*", "", "127.0.0.1", false},
      {"*", "", "0.0.0.0", false},
      {"::", "", "127.0.0.1", false},
      {"::", "", "::1", false},
      {"127.0.0.1", "", "::", false},
      {"::1", "", "0:0:0:0:0:0:0:1", false},
      // Its port, somebody else's address.
      {"127.0.0.1", "127.0.0.2", "127.0.0.2", true},
      {"127.0.0.1", "::1", "::1", true},
      {"::1", "127.0.0.1", "127.0.0.1", true},
      {"::1", "127.0.0.1", "*", true},
  };
  for (const auto& t : trials) {
    BOOST_TEST_CONTEXT("loaded '" << t.loaded << "' held '" << t.held << "' wanted " << t.wanted) {
      const auto port = tests::free_port();
      const auto own = listener(t.loaded, port);
      const auto other = listener(t.held, port);
      const auto lost =
          lost_binds(mode::managed, {frontend_on(t.wanted, port)}, head_with(t.loaded, port));
      BOOST_TEST(lost.size() == (t.lost ? 1U : 0U));
      if (!lost.empty()) BOOST_TEST((lost.front().why.kind == base::errc::conflict));
    }
  }
}

BOOST_AUTO_TEST_CASE(another_port_of_its_own_says_nothing) {
  const auto port = tests::free_port();
  const auto other = listener("127.0.0.1", port);
  const auto head = head_with("*", static_cast<std::uint16_t>(port + 1));
  BOOST_TEST(lost_binds(mode::managed, {frontend_on("127.0.0.1", port)}, head).size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_haproxy_of_another_user_is_seen_to_share_our_network) {
  const named_haproxy here;
  BOOST_TEST(shares_network(attached(), here.pid()));
  BOOST_TEST(!shares_network(attached(), ::getpid()));  // is no HAProxy
  if (!is_root("the network of another user's HAProxy")) return;
  BOOST_TEST(as_nobody([&] { return shares_network(attached(), here.pid()) ? 1 : 0; }) == 1);
  const named_haproxy elsewhere({"unshare", "--net"});
  BOOST_TEST(!shares_network(attached(), elsewhere.pid()));
  BOOST_TEST(as_nobody([&] { return shares_network(attached(), elsewhere.pid()) ? 1 : 0; }) == 0);
}

// Attached, HAProxy is started by root, who may have them.
BOOST_AUTO_TEST_CASE(low_ports_that_only_we_may_not_have_are_left_to_haproxy) {
  constexpr std::uint16_t low = 81;
  if (!is_root("a low port")) return;
  if (std::stoi(tests::read_text("/proc/sys/net/ipv4/ip_unprivileged_port_start")) <= low) {
    std::printf("NOT RUN: everybody may bind low ports here\n");
    return;
  }
  const auto lost = [&](mode m) {
    return as_nobody([&] {
      return static_cast<int>(lost_binds(m, {frontend_on("127.0.0.1", low)}, "").size());
    });
  };
  BOOST_TEST(lost(mode::managed) == 1);
  BOOST_TEST(lost(mode::attached) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
