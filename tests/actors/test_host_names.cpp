#include "actors/host_names.hpp"

#include <boost/test/unit_test.hpp>
#include <future>
#include <utility>

namespace switchyard::actors {

namespace {

model::backend_ptr at_localhost(const std::string& name) {
  model::server s;
  s.name = "app";
  s.host = "localhost";
  s.port = 80;
  return std::make_shared<const model::backend>(model::backend{name, {}, {s}});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(followed_names)

// In one report a backend goes, and one that comes later by name has its servers.
BOOST_AUTO_TEST_CASE(a_host_that_moves_to_another_backend_keeps_its_address) {
  std::promise<name_answer> first;
  host_names names;
  names.tell([&, told = false](name_answer answer) mutable {
    if (!std::exchange(told, true)) first.set_value(std::move(answer));
  });
  config::resolver_settings settings;
  settings.family = config::address_family::ipv4;
  names.configure(settings);
  model::desired_state state({"p"});
  model::report blue;
  blue.full = true;
  blue.backends["blue"].value = at_localhost("blue");
  names.changed(state.fold("p", blue).versions, state);
  auto answer = first.get_future();
  BOOST_REQUIRE((answer.wait_for(std::chrono::seconds(20)) == std::future_status::ready));
  BOOST_REQUIRE((names.take(answer.get()).changed == std::set<std::string>{"blue"}));

  model::report green;
  green.full = true;
  green.backends["green"].value = at_localhost("green");
  names.changed(state.fold("p", green).versions, state);
  model::unread unread;
  const auto addressed = names.book().addressed(state.find("green"), unread);
  BOOST_REQUIRE_EQUAL(addressed->servers.size(), 1U);
  BOOST_TEST(addressed->servers.front().address == "127.0.0.1");
  BOOST_TEST(!unread.any());

  model::report none;
  none.full = true;
  names.changed(state.fold("p", none).versions, state);
  BOOST_TEST(names.book().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
