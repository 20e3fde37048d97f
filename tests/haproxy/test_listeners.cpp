// What /proc/net/tcp says, and which listeners share connections.

#include <boost/test/unit_test.hpp>
#include <string>

#include "haproxy/listeners.hpp"

namespace switchyard::haproxy {

namespace {

const std::string heading =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n";
const std::string heading6 =
    "  sl  local_address                         remote_address                        st "
    "tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

/// A row as a machine of little endian has it; `state` 0A listens.
std::string row(const std::string& address, const std::string& state, inode socket) {
  return "   0: " + address + " 00000000:0000 " + state +
         " 00000000:00000000 00:00000000 00000000   101        0 " + std::to_string(socket) +
         " 1 00000000daedeec2 100 0 0 10 0\n";
}

std::vector<listening_socket> read(const std::string& text) {
  listener_table table;
  table.feed(text);
  return table.found();
}

base::tcp_address at(const std::string& address) {
  return base::parse_address(address).value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listening_sockets)

BOOST_AUTO_TEST_CASE(are_read_with_address_port_and_inode) {
  const auto four =
      read(heading + row("0100007F:1F90", "0A", 4711) + row("00000000:0050", "0A", 9));
  BOOST_TEST(
      (four == std::vector<listening_socket>{{at("127.0.0.1:8080"), 4711}, {at("0.0.0.0:80"), 9}}));
  const auto six = read(heading6 + row("B80D0120000000000000000001000000:01BB", "0A", 1) +
                        row("00000000000000000000000000000000:0050", "0A", 2) +
                        row("0000000000000000FFFF00000100007F:1F90", "0A", 3));
  BOOST_TEST(
      (six == std::vector<listening_socket>{
                  {at("[2001:db8::1]:443"), 1}, {at("[::]:80"), 2}, {at("127.0.0.1:8080"), 3}}));
}

BOOST_AUTO_TEST_CASE(are_all_read_once_the_first_connection_comes) {
  const auto listener = row("0100007F:1F90", "0A", 4711);
  const auto connection = row("0100007F:1F90", "01", 4712);
  listener_table table;
  BOOST_TEST(table.feed(heading));
  for (const char c : listener) BOOST_TEST(table.feed({&c, 1}));
  BOOST_TEST(table.found().size() == 1U);
  BOOST_TEST(!table.feed(connection + listener));
  BOOST_TEST(table.found().size() == 1U);
}

BOOST_AUTO_TEST_CASE(that_cannot_be_read_are_none) {
  BOOST_TEST(read("").empty());
  BOOST_TEST(read(row("0100007F1F90", "0A", 1)).empty());
  BOOST_TEST(read(row("0100007:1F90", "0A", 1)).empty());
  BOOST_TEST(read(row("0100007G:1F90", "0A", 1)).empty());
  BOOST_TEST(read(row("0100007F:11F90", "0A", 1)).empty());
  BOOST_TEST(read(row("0100007F:1F90", "0A", 0)).empty());
  BOOST_TEST(read("   0: 0100007F:1F90 00000000:0000 0A\n").empty());
  BOOST_TEST(read(std::string(3, '\0') + "\n" + row("0100007F:1F90", "0A", 1)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(share_connections_where_one_takes_the_other_s) {
  BOOST_TEST(overlap(at("127.0.0.1:80"), at("127.0.0.1:80")));
  BOOST_TEST(overlap(at("0.0.0.0:80"), at("127.0.0.1:80")));
  BOOST_TEST(overlap(at("127.0.0.1:80"), at("0.0.0.0:80")));
  BOOST_TEST(overlap(at("[::1]:80"), at("[::]:80")));
  BOOST_TEST(!overlap(at("127.0.0.1:80"), at("127.0.0.1:81")));
  BOOST_TEST(!overlap(at("127.0.0.1:80"), at("127.0.0.2:80")));
  BOOST_TEST(!overlap(at("[::1]:80"), at("127.0.0.1:80")));
  // It may be one of IPv6 alone.
  BOOST_TEST(!overlap(at("[::]:80"), at("0.0.0.0:80")));
}

BOOST_AUTO_TEST_CASE(of_others_count_where_they_overlap_with_ours) {
  const listening_socket ours{at("127.0.0.1:80"), 1};
  const listening_socket same{at("127.0.0.1:80"), 2};
  const listening_socket wide{at("0.0.0.0:80"), 3};
  const listening_socket far{at("127.0.0.1:81"), 4};
  const std::vector<listening_socket> all{ours, same, wide, far};
  BOOST_TEST((beside(all, {1}) == std::vector<listening_socket>{same, wide}));
  BOOST_TEST((beside(all, {1, 2}) == std::vector<listening_socket>{wide}));
  BOOST_TEST(beside(all, {1, 2, 3}).empty());
  BOOST_TEST(beside(all, {}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
