#include "cli/base_file.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::cli {

namespace {

const std::string text = R"(# operator's
global
    stats socket /run/a.sock mode 600 level admin   # ours
defaults web
    mode http
    option idle-close-on-response
defaults
    mode http
frontend plain
    bind :80
frontend named from web
    bind :81
frontend raw
    mode tcp
listen both
    bind :82
backend own
)";

}  // namespace

BOOST_AUTO_TEST_SUITE(base_file)

BOOST_AUTO_TEST_CASE(sections_have_their_lines_and_words) {
  const auto all = parse_base(text);
  BOOST_REQUIRE(all.size() == 8U);
  BOOST_TEST(all[0].kind == "global");
  const auto* socket = all[0].find({"stats", "socket", "/run/a.sock"});
  BOOST_REQUIRE(socket != nullptr);
  BOOST_TEST(socket->back() == "admin");
  BOOST_TEST(all[4].name == "named");
  BOOST_TEST(all[4].defaults == "web");
}

BOOST_AUTO_TEST_CASE(a_proxy_has_the_defaults_before_it_or_those_that_it_names) {
  const auto all = parse_base(text);
  const auto closes = [&](std::size_t at) {
    return effective(all, at, {"option", "idle-close-on-response"}) != nullptr;
  };
  BOOST_TEST(!closes(3));
  BOOST_TEST(closes(4));
  BOOST_TEST((*effective(all, 3, {"mode"}))[1] == "http");
  BOOST_TEST((*effective(all, 5, {"mode"}))[1] == "tcp");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::cli
