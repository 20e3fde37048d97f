// Settings that wait for a reload which is not to be had, and what somebody else has loaded.

#include <boost/test/unit_test.hpp>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// An operator's file that HAProxy refuses.
struct refused_base_site : web_site {
  refused_base_site() : sound(read_text(*settings.haproxy.base_file)) {
    write_text(*settings.haproxy.base_file, sound + "no such keyword\n");
  }
  /// The backend "web" with other settings.
  static switchyard::model::backend other(std::vector<switchyard::model::server> servers) {
    return of_its_own_kind(backend_of("web", std::move(servers)));
  }
  void later(seconds wait) {
    now += wait;
    reconcile();
    settle();
  }
  std::string sound;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_without_a_reload, refused_base_site)

BOOST_AUTO_TEST_CASE(servers_follow_the_source_all_the_same) {
  apply(other({local_server("s3")}));
  BOOST_TEST(server("web", "s3").empty());  // it waits for the reload
  later(seconds(5));
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(server("web", "s1").empty());
  apply(other({local_server("s4")}));
  BOOST_TEST(server("web", "s4") == ready);
  settle();
  BOOST_TEST(server("web", "s3").empty());
  // So does the file, for an HAProxy that starts again.
  BOOST_TEST(file_has("    server s4 "));
  BOOST_TEST(!file_has("    server s1 "));
  BOOST_TEST(!file_has("leastconn"));
}

BOOST_AUTO_TEST_CASE(the_settings_come_once_it_can_be) {
  apply(other({local_server("s3")}));
  later(seconds(5));
  write_text(*settings.haproxy.base_file, sound);
  BOOST_TEST(eventually([&] {
    later(seconds(60));
    return file_has("leastconn");
  }));
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(reconcile().waiting.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_and_a_file_that_somebody_edited, web_site)

BOOST_AUTO_TEST_CASE(what_a_worker_has_loaded_of_it_goes_with_a_reload) {
  auto text = file();
  const auto at = text.find("    server s1 ");
  BOOST_REQUIRE(at != std::string::npos);
  text.insert(at, "    http-request deny deny_status 429\n");
  write_text(settings.haproxy.config_file, text);
  reload_by_hand();
  BOOST_REQUIRE(http_get(port()).status == 429);
  reconcile();
  settle();
  BOOST_TEST(http_get(port()).status == 503);  // as before: nobody listens at port 1
  const auto worker = worker_pid();
  BOOST_TEST(reconcile().waiting.empty());
  settle();
  BOOST_TEST(worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()
