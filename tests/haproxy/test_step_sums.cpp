#include "haproxy/step_sums.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::haproxy {

namespace {

step done(command_kind kind, const std::string& server,
          model::server_state state = model::server_state::ready) {
  step s;
  s.what.kind = kind;
  s.target.name = server;
  s.target.state = state;
  return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(step_sums_of_a_pass)

BOOST_AUTO_TEST_CASE(each_backend_has_a_line_of_its_own) {
  step_sums sums;
  sums.add("shop", done(command_kind::add_backend, ""));
  for (const auto* name : {"s1", "s2", "s3"})
    sums.add("shop", done(command_kind::add_server, name));
  sums.add("shop", done(command_kind::set_state, "s4", model::server_state::drain));
  sums.add("api", done(command_kind::set_weight, "s1"));
  sums.add_deleted("api");
  const auto lines = sums.notices();
  BOOST_REQUIRE(lines.size() == 2U);
  BOOST_TEST(lines[0].text == "api: 1 server given another weight, 1 server drained and deleted");
  BOOST_TEST((lines[0].about == subject{matter::server, "api"}));
  BOOST_TEST(lines[1].text ==
             "shop: added without a reload, 3 servers added, 1 server set to drain");
  BOOST_TEST((lines[1].about == subject{matter::backend, "shop"}));
}

BOOST_AUTO_TEST_CASE(of_very_many_backends_one_line_tells_the_sum) {
  step_sums sums;
  for (std::size_t i = 0; i < step_sums::most_backends; ++i)
    sums.add("b" + std::to_string(i), done(command_kind::add_server, "s"));
  BOOST_TEST(sums.notices().size() == step_sums::most_backends);
  sums.add("one-more", done(command_kind::add_backend, ""));
  const auto lines = sums.notices();
  BOOST_REQUIRE(lines.size() == 1U);
  BOOST_TEST(lines[0].text == "257 backends: 256 servers added, 1 backend added without a reload");
  BOOST_TEST((lines[0].about == subject{matter::server}));
}

BOOST_AUTO_TEST_CASE(nothing_done_is_no_line) {
  BOOST_TEST(step_sums().notices().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
