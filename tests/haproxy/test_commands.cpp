#include "haproxy/commands.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

using switchyard::base::errc;
using switchyard::haproxy::command_kind;
using switchyard::model::server;
using switchyard::model::server_state;
namespace haproxy = switchyard::haproxy;

server some_server() {
  server s;
  s.name = "srv1";
  s.address = "10.0.1.10";
  s.port = 8080;
  return s;
}

bool success(command_kind kind, std::string_view reply) {
  const auto verdict = haproxy::check_reply(kind, reply);
  if (!verdict) BOOST_TEST((verdict.error().kind == errc::refused));
  return bool(verdict);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(commands)

BOOST_AUTO_TEST_CASE(every_byte_that_could_end_an_argument_is_refused) {
  const std::string_view hostile = " ;\\\"'\n\r\t";
  for (int value = 0; value < 256; ++value) {
    const auto byte = static_cast<char>(value);
    const bool refused =
        hostile.find(byte) != std::string_view::npos || value < 0x20 || value >= 0x7f;
    for (const auto& text : {std::string(1, byte), "a" + std::string(1, byte) + "b"}) {
      const auto encoded = haproxy::argument(text);
      BOOST_TEST_CONTEXT("byte " << value) {
        BOOST_TEST(bool(encoded) == !refused);
        if (encoded) BOOST_TEST(*encoded == text);
        if (!encoded) BOOST_TEST((encoded.error().kind == errc::invalid));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_argument_that_opens_a_payload_is_refused) {
  BOOST_TEST(!haproxy::argument("<<"));
  BOOST_TEST(!haproxy::argument("a<<b"));
  BOOST_TEST(bool(haproxy::argument("a<b")));
}

BOOST_AUTO_TEST_CASE(an_empty_or_huge_argument_is_refused) {
  BOOST_TEST(!haproxy::argument(""));
  BOOST_TEST(bool(haproxy::argument(std::string(1536, 'x'))));
  BOOST_TEST(!haproxy::argument(std::string(1537, 'x')));
}

BOOST_AUTO_TEST_CASE(names_that_are_no_names_of_haproxy_make_no_command) {
  for (const auto* name : {"", "a/b", "a b", "a;b", "a\nb", "a<<b", "a'b", "a\"b", "a\\b", "a@b",
                           "\xc3\xa4", "a\tb", "#a"}) {
    BOOST_TEST_CONTEXT("name \"" << name << '"') {
      BOOST_TEST(!haproxy::set_weight(name, "s", 1));
      BOOST_TEST(!haproxy::set_weight("b", name, 1));
      BOOST_TEST(!haproxy::del_server(name, "s"));
      BOOST_TEST(!haproxy::enable_health("b", name));
      auto s = some_server();
      s.name = name;
      BOOST_TEST(!haproxy::add_server("b", s, ""));
    }
  }
}

BOOST_AUTO_TEST_CASE(addresses_that_are_no_ip_literals_make_no_command) {
  for (const auto* address : {"", "127.1", "localhost", "/var/run/docker.sock", "[::1]",
                              "10.0.0.1:80", "10.0.0.1 weight", "::1%lo", "10.0.0.1/8"}) {
    BOOST_TEST_CONTEXT("address \"" << address << '"') {
      BOOST_TEST(!haproxy::set_address("b", "s", address, 80));
      auto s = some_server();
      s.address = address;
      BOOST_TEST(!haproxy::add_server("b", s, ""));
    }
  }
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_make_no_command) {
  BOOST_TEST(!haproxy::set_address("b", "s", "10.0.0.1", 0));
  BOOST_TEST(!haproxy::set_weight("b", "s", 257));
  auto s = some_server();
  s.weight = 257;
  BOOST_TEST(!haproxy::add_server("b", s, ""));
  s = some_server();
  s.port = 0;
  BOOST_TEST(!haproxy::add_server("b", s, ""));
}

BOOST_AUTO_TEST_CASE(options_that_could_start_a_second_command_are_refused) {
  for (const auto* options : {"check\ndel server b/s", "check;del server b/s", "check <<",
                              "sni 'x'", "sni \"x\"", "check\\ inter", "check\t"}) {
    BOOST_TEST_CONTEXT("options \"" << options << '"')
    BOOST_TEST(!haproxy::add_server("b", some_server(), options));
  }
}

BOOST_AUTO_TEST_CASE(a_new_server_with_more_words_than_haproxy_reads_is_refused) {
  std::string options = "check";
  for (int i = 0; i < 40; ++i) options += " rise 2";
  BOOST_TEST(!haproxy::add_server("b", some_server(), options));
  BOOST_TEST(!haproxy::add_server("b", some_server(), std::string(16'000, 'x')));
}

BOOST_AUTO_TEST_CASE(lines_read_as_the_management_guide_writes_them) {
  auto s = some_server();
  BOOST_TEST(haproxy::add_server("web", s, "check inter 2s")->line ==
             "add server web/srv1 10.0.1.10:8080 weight 100 check inter 2s");
  s.maxconn = 50;
  s.backup = true;
  s.address = "2001:db8::1";
  BOOST_TEST(haproxy::add_server("web", s, "")->line ==
             "add server web/srv1 [2001:db8::1]:8080 weight 100 maxconn 50 backup");
  BOOST_TEST(haproxy::enable_server("web", "srv1")->line == "enable server web/srv1");
  BOOST_TEST(haproxy::enable_health("web", "srv1")->line == "enable health web/srv1");
  BOOST_TEST(haproxy::set_address("web", "srv1", "2001:db8::2", 81)->line ==
             "set server web/srv1 addr 2001:db8::2 port 81");
  BOOST_TEST(haproxy::set_weight("web", "srv1", 0)->line == "set server web/srv1 weight 0");
  BOOST_TEST(haproxy::set_state("web", "srv1", server_state::drain)->line ==
             "set server web/srv1 state drain");
  BOOST_TEST(haproxy::set_maxconn("web", "srv1", 7)->line == "set maxconn server web/srv1 7");
  BOOST_TEST(haproxy::del_server("web", "srv1")->line == "del server web/srv1");
}

BOOST_AUTO_TEST_CASE(a_key_that_names_another_entry_by_its_address_makes_no_command) {
  BOOST_TEST(!haproxy::add_map("/m", "#0x55ede010e160", "b"));
  BOOST_TEST(!haproxy::set_map("/m", "#0x55ede010e160", "b"));
  BOOST_TEST(!haproxy::del_map("/m", "#0x55ede010e160"));
  BOOST_TEST(haproxy::del_map("/m", "a#b")->line == "del map /m a#b");
}

BOOST_AUTO_TEST_CASE(a_version_passes_the_encoder_too) {
  BOOST_TEST(haproxy::add_map("/m", "k/", "b", "1")->line == "add map @1 /m k/ b");
  BOOST_TEST(haproxy::commit_map("/m", "1")->line == "commit map @1 /m");
  for (const auto* version : {"1 /other", "1\ncommit", "1;x", "<<"}) {
    BOOST_TEST(!haproxy::add_map("/m", "k/", "b", version));
    BOOST_TEST(!haproxy::commit_map("/m", version));
  }
}

BOOST_AUTO_TEST_CASE(silence_is_success_only_where_haproxy_is_silent) {
  for (const auto kind :
       {command_kind::enable_server, command_kind::enable_health, command_kind::set_weight,
        command_kind::set_state, command_kind::set_maxconn}) {
    BOOST_TEST(success(kind, ""));
    BOOST_TEST(!success(kind, "No such server."));
    BOOST_TEST(!success(kind, "New server registered."));
  }
  for (const auto kind :
       {command_kind::add_server, command_kind::del_server, command_kind::set_address})
    BOOST_TEST(!success(kind, ""));
}

BOOST_AUTO_TEST_CASE(a_new_or_deleted_server_is_confirmed_by_its_own_text) {
  BOOST_TEST(success(command_kind::add_server, "New server registered."));
  BOOST_TEST(success(command_kind::del_server, "Server deleted."));
  BOOST_TEST(!success(command_kind::add_server, "Server deleted."));
  BOOST_TEST(
      !success(command_kind::add_server, "Already exists a server with the same name in backend."));
  BOOST_TEST(
      !success(command_kind::del_server, "Only servers in maintenance mode can be deleted."));
  BOOST_TEST(!success(command_kind::del_server, "No such server."));
}

BOOST_AUTO_TEST_CASE(every_wording_of_a_taken_address_is_known) {
  for (
      const auto* reply :
      {// 2.6
       "no need to change the addr, no need to change the port by 'stats socket command'",
       "no need to change the addr, port changed from '1' to '2' by 'stats socket command'",
       "IP changed from '1.1.1.1' to '::1', no need to change the port by 'stats socket command'",
       "IP changed from '1.1.1.1' to '::1', port changed from '1' to '2' by 'stats socket command'",
       // 3.0, 3.2, 3.4
       "nothing changed", "port changed from '1' to '2' by 'stats socket command'",
       "IP changed from '1.1.1.1' to '::1' by 'stats socket command'",
       "IP changed from '(none)' to '::1', port changed from '0' to '2' by 'stats socket command'"})
    BOOST_TEST_CONTEXT(reply) BOOST_TEST(success(command_kind::set_address, reply));
}

BOOST_AUTO_TEST_CASE(an_address_that_was_not_or_half_taken_is_no_success) {
  for (const auto* reply :
       {"Invalid addr '127.1' by 'stats socket command'", "No such server.",
        "IP changed from '1.1.1.1' to '2.2.2.2', can't change <port> to port map because it is "
        "incompatible with current health check port configuration",
        "IP changed from '1.1.1.1' to '2.2.2.2', problem converting port '8x' to an int by 'stats "
        "socket command'",
        " by 'stats socket command'", "IP changed from '1.1.1.1' to '2.2.2.2",
        "nothing changed, really"})
    BOOST_TEST_CONTEXT(reply) BOOST_TEST(!success(command_kind::set_address, reply));
}

BOOST_AUTO_TEST_CASE(a_refusal_carries_haproxys_words) {
  const auto verdict = haproxy::check_reply(command_kind::set_weight, "No such backend.");
  BOOST_REQUIRE(!verdict);
  BOOST_TEST(verdict.error().message.find("No such backend.") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
