// An HAProxy whose program is not at hand (another container): no `haproxy -c` tells beforehand
// what it refuses.

#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::seconds;

/// Of the name of a backend of the operator's, which HAProxy takes no second time.
struct unchecked_site : gateway_site {
  unchecked_site() : gateway_site({.unchecked = true}) {
    write_text(*settings.haproxy.base_file,
               read_text(*settings.haproxy.base_file) +
                   "backend clash\n    timeout connect 1s\n    timeout server 1s\n");
    begin({web_site::web()});
    settle();
  }
  void end_haproxy() {
    haproxy_process().signal(SIGTERM);
    BOOST_REQUIRE(haproxy_process().wait(seconds(5)));
    BOOST_REQUIRE(!reconcile().reachable);
  }
  static switchyard::model::backend other(const std::string& name) {
    return of_its_own_kind(backend_of(name, {local_server("o1")}));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_without_a_check, unchecked_site)

BOOST_AUTO_TEST_CASE(a_backend_that_a_reload_refuses_does_not_hold_up_the_others) {
  const auto worker = worker_pid();
  apply(part({change(other("alpha")), change(other("clash")), change(other("delta")),
              change(other("omega"))}));
  BOOST_TEST(eventually([&] {
    settle();
    return backend_exists("alpha") && backend_exists("delta") && backend_exists("omega");
  }));
  BOOST_TEST(worker_pid() != worker);
  // The guilty one asks for no reload of its own until it is tried again.
  settle();
  const auto last = worker_pid();
  now += seconds(5);
  BOOST_TEST(reconcile().waiting.empty());
  settle();
  BOOST_TEST(worker_pid() == last);
  BOOST_TEST(!file_has("backend clash"));
  BOOST_TEST(file_has("backend omega"));
  BOOST_TEST(server("web", "s1") == ready);
}

BOOST_AUTO_TEST_CASE(while_haproxy_is_away_its_file_takes_no_more_than_servers) {
  end_haproxy();
  apply(part({change(other("clash")), change(web_site::web({local_server("s3")}))}));
  tick_after(seconds(5));
  BOOST_TEST(!file_has("backend clash"));
  BOOST_TEST(file_has("    server s3 "));
  start_haproxy();
  now += seconds(5);
  BOOST_TEST(reconcile().reachable);
  BOOST_TEST(server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(what_waited_for_haproxy_comes_by_a_reload) {
  end_haproxy();
  apply(other("alpha"));
  BOOST_TEST(!file_has("backend alpha"));
  start_haproxy();
  BOOST_TEST(eventually([&] {
    now += seconds(1);
    reconcile();
    settle();
    return backend_exists("alpha");
  }));
  BOOST_TEST(file_has("backend alpha"));
}

BOOST_AUTO_TEST_SUITE_END()
