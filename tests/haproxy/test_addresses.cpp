// Which addresses of frontends are tried before a reload, on the kernel itself.

#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <optional>

#include "base/net.hpp"
#include "haproxy/addresses.hpp"
#include "tests/support/support.hpp"

namespace switchyard::haproxy {

namespace {

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
      const auto lost = lost_binds({frontend_on(t.wanted, port)}, head_with(t.loaded, port));
      BOOST_TEST(lost.size() == (t.lost ? 1U : 0U));
      if (!lost.empty()) BOOST_TEST((lost.front().why.kind == base::errc::conflict));
    }
  }
}

BOOST_AUTO_TEST_CASE(another_port_of_its_own_says_nothing) {
  const auto port = tests::free_port();
  const auto other = listener("127.0.0.1", port);
  const auto head = head_with("*", static_cast<std::uint16_t>(port + 1));
  BOOST_TEST(lost_binds({frontend_on("127.0.0.1", port)}, head).size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
