#include "model/backend.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace switchyard::model;

BOOST_AUTO_TEST_SUITE(backend_values)

BOOST_AUTO_TEST_CASE(names_are_what_haproxy_takes) {
  for (const auto* name : {"a", "api-backend", "srv_1.x:8080", "0", ":", "A-Z"})
    BOOST_TEST(valid_name(name), name);
  BOOST_TEST(valid_name(std::string(128, 'a')));
}

BOOST_AUTO_TEST_CASE(names_with_anything_else_are_refused) {
  for (const auto* name : {"", " ", "a b", "a\n", "a;b", "a/b", "a\"", "a'", "a\\", "a#", "a$",
                           "a%", "\xc3\xa4", "a\t", "a,b", "a{", "a*"})
    BOOST_TEST(!valid_name(name), name);
  BOOST_TEST(!valid_name(std::string(129, 'a')));
  BOOST_TEST(!valid_name(std::string("a\0b", 3)));
}

BOOST_AUTO_TEST_CASE(ip_literals_become_canonical) {
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.1.10", "10.0.1.10"},
      {"255.255.255.255", "255.255.255.255"},
      {"::1", "::1"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"FE80::0001", "fe80::1"},
      {"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
      {"::FFFF:0a00:0001", "::ffff:10.0.0.1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
  };
  for (const auto& [text, canonical] : cases)
    BOOST_TEST(canonical_ip(text).value_or("none") == canonical, text);
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_an_ip_is_none) {
  for (const auto* text : {"",
                           "127.1",
                           "0x7f.1",
                           "0x7f.0.0.1",
                           "010.0.0.1",
                           "1.2.3.4/32",
                           "1.2.3",
                           "1.2.3.4.5",
                           "256.0.0.1",
                           "2130706433",
                           "[::1]",
                           "::1%eth0",
                           "fe80::1%1",
                           "::1/128",
                           "1:2:3:4:5:6:7",
                           "1::2::3",
                           ":::",
                           "::g",
                           " 10.0.0.1",
                           "10.0.0.1 ",
                           "10.0.0.1\n",
                           "10.0.0.1:80",
                           "localhost",
                           "/var/run/docker.sock",
                           "*",
                           "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:1"})
    BOOST_TEST(!canonical_ip(text), text);
  BOOST_TEST(!canonical_ip(std::string("10.0.0.1\0", 9)));
  BOOST_TEST(!canonical_ip(std::string("10.0.0.1\0.example.com", 21)));
}

BOOST_AUTO_TEST_CASE(a_canonical_ip_is_its_own_canonical_form) {
  for (const auto* text : {"10.0.1.10", "2001:DB8:0:0:1:0:0:1", "::ffff:1.2.3.4", "::"}) {
    const auto once = canonical_ip(text).value();
    BOOST_TEST(canonical_ip(once).value() == once);
  }
}

BOOST_AUTO_TEST_CASE(a_server_is_found_by_its_name_and_by_nothing_else) {
  backend b{"b", {}, {{"s2", "10.0.0.2", 80}, {"s10", "10.0.0.10", 80}, {"s1", "10.0.0.1", 80}}};
  sort_servers(b.servers);
  for (const auto* name : {"s1", "s2", "s10"}) {
    BOOST_REQUIRE(b.find(name) != nullptr);
    BOOST_TEST(b.find(name)->name == name);
  }
  for (const auto* name : {"", "s", "s3", "s11", "z"}) BOOST_TEST(b.find(name) == nullptr);
  BOOST_TEST(backend{}.find("s1") == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
