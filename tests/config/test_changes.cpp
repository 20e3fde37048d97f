#include "config/changes.hpp"
#include "tests/config/sample.hpp"

namespace switchyard::config {

namespace {

using tests::good;

const std::string two =
    "providers: [{name: a, type: memory}, {name: b, type: file, path: /b.d}]\n"
    "frontends: [{name: web, binds: [{port: 80}]}]\n";

std::string from_two_to(const std::string& text) {
  return changes(good(two), good(text));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(changes_of_settings)

BOOST_AUTO_TEST_CASE(equal_settings_have_none) {
  BOOST_TEST(from_two_to(two + "drain_timeout: 30s\n") == "");
}

BOOST_AUTO_TEST_CASE(providers_and_frontends_are_named_one_by_one) {
  BOOST_TEST(
      from_two_to("providers: [{name: b, type: file, path: /other}, {name: c, type: memory}]\n"
                  "frontends: [{name: web, binds: [{port: 81}]}]\n") ==
      "provider b changed, provider c added, provider a removed, frontend web changed");
}

BOOST_AUTO_TEST_CASE(another_order_is_a_change) {
  BOOST_TEST(from_two_to("providers: [{name: b, type: file, path: /b.d}, {name: a, type: memory}]\n"
                         "frontends: [{name: web, binds: [{port: 80}]}]\n") ==
             "order of providers changed");
}

BOOST_AUTO_TEST_CASE(every_other_section_is_named) {
  const std::string all =
      "haproxy: {reload: {min_interval: 9s}}\nmerge: [x]\nreconcile: {interval: 9s}\n"
      "event_buffer: 7\nguard: {min_removed: 3}\ndrain_timeout: 3s\nresolver: {timeout: 3s}\n"
      "api: {listen: '127.0.0.1:9191'}\nlog: {level: debug}\n";
  BOOST_TEST(from_two_to(two + all) ==
             "haproxy changed, merge changed, reconcile changed, event_buffer changed, guard "
             "changed, drain_timeout changed, resolver changed, api changed, log changed");
  // A memory provider keeps its backends there.
  BOOST_TEST(from_two_to(two + "state_dir: /x\n") == "provider a changed, state_dir changed");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::config
