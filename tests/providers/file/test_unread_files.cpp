// A file that has never been readable since the provider started, beside others that are.

#include <boost/test/unit_test.hpp>

#include "fixture.hpp"
#include "model/desired_state.hpp"

using namespace switchyard;
using namespace switchyard::tests;

namespace {

std::string with_routes(const std::string& backend, const std::vector<std::string>& paths) {
  auto text = yaml_document(backend) + "routes:\n";
  for (const auto& path : paths) text += "  - {path: " + path + ", backend: " + backend + "}\n";
  return text;
}

/// A provider that was started anew after b.yaml, which has the backend web, broke.
struct started_again : watched_path {
  started_again() : watched_path("") {
    write("a.yaml", with_routes("api", {"/a", "/aa"}));
    write("b.yaml", with_routes("web", {"/b"}));
    start();
    BOOST_REQUIRE(shows("api:80 web:80"));
    provider.stop();
    write("b.yaml", "backends: [");
    start();
    BOOST_REQUIRE(degraded("b.yaml"));
    BOOST_REQUIRE(shows("api:80"));
  }
  /// Backends and paths that are served with all that was reported.
  std::string served() const {
    model::desired_state state({"files"});
    for (const auto& r : sink.reports()) state.fold("files", r);
    std::string text;
    for (const auto& [name, backend] : state.backends()) text += name + " ";
    for (const auto& r : state.routes()) text += r.path + " ";
    return text;
  }
  bool serves(const std::string& expected) const {
    return eventually([&] { return served() == expected; });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(unread_files, started_again)

BOOST_AUTO_TEST_CASE(what_such_a_file_had_stays_in_service) {
  BOOST_TEST(served() == "api web /a /aa /b ");
  BOOST_TEST(!sink.reports().back().full);
}

BOOST_AUTO_TEST_CASE(what_goes_from_the_others_goes_meanwhile) {
  write("a.yaml", with_routes("api", {"/aa", "/c"}));
  BOOST_TEST(serves("api web /aa /b /c "));
  write("a.yaml", with_routes("other", {"/aa"}));
  BOOST_TEST(serves("other web /aa /b "));
}

BOOST_AUTO_TEST_CASE(what_it_has_when_it_can_be_read_is_all_there_is) {
  write("b.yaml", with_routes("web", {"/new"}));
  BOOST_TEST(serves("api web /a /aa /new "));
  BOOST_TEST(live());
  BOOST_TEST(sink.reports().back().full);
}

BOOST_AUTO_TEST_SUITE_END()
