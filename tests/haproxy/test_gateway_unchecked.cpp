// An HAProxy whose program is not at hand (another container): no `haproxy -c` tells beforehand
// what it refuses.

#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "tests/haproxy/gateway_sites.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::seconds;
namespace haproxy = switchyard::haproxy;
namespace model = switchyard::model;

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
  static model::backend other(const std::string& name) {
    return of_its_own_kind(backend_of(name, {local_server("o1")}));
  }
};

/// An HAProxy that has ended and does not start any more, with or without a program for
/// `haproxy -c`: what changed is the operator's file.
struct unloadable_site : gateway_site {
  explicit unloadable_site(bool unchecked) : gateway_site({.unchecked = unchecked}) {
    auto b = corrected_web();
    b.settings.mode = model::proxy_mode::tcp;
    begin({b});
    settle();
  }
  void end_haproxy() {
    haproxy_process().signal(SIGTERM);
    BOOST_REQUIRE(haproxy_process().wait(seconds(5)));
    BOOST_REQUIRE(!reconcile().reachable);
  }
  void add_to_base_file(const std::string& sections) const {
    write_text(*settings.haproxy.base_file, read_text(*settings.haproxy.base_file) + sections);
  }
  /// A frontend of its own leads to a backend "web" of mode http.
  void want_web_in_mode_http() const {
    add_to_base_file("frontend own\n    mode http\n    timeout client 1s\n    bind 127.0.0.1:" +
                     std::to_string(free_port()) + "\n    default_backend web\n");
    BOOST_REQUIRE(!starts());
  }
  static model::backend corrected_web() { return web_site::web(); }
  bool corrected() const { return file_has("backend web from switchyard-http\n"); }
  bool starts() const {
    background_process tried(command_line(), path("tried.log"));
    return !tried.wait(seconds(5)).has_value();
  }
};

struct unchecked_unloadable_site : unloadable_site {
  unchecked_unloadable_site() : unloadable_site(true) {}
};
struct checked_unloadable_site : unloadable_site {
  checked_unloadable_site() : unloadable_site(false) {}
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
  BOOST_TEST(another_worker_than(worker, *this));
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

BOOST_AUTO_TEST_CASE(a_reload_that_haproxy_refuses_leaves_file_and_worker_as_they_were) {
  const auto worker = worker_pid();
  const auto before = file();
  auto report = apply(other("clash"));
  for (int i = 0; i < 5 && !report.reload_error; ++i) {
    now = std::max(now, gateway().next_work().value_or(now));
    report = tick();
  }
  BOOST_TEST(report.reload_error.has_value(), words(report));
  BOOST_TEST(file() == before);
  BOOST_TEST(worker_pid() == worker);
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

// It is found by a reload without any of the backends that wait.
BOOST_AUTO_TEST_CASE(no_backend_is_blamed_for_an_operators_file_that_haproxy_refuses) {
  const auto sound = read_text(*settings.haproxy.base_file);
  write_text(*settings.haproxy.base_file, sound + "frontend own\n    timeout client 1s\n" +
                                              "    bind 127.0.0.1:" + std::to_string(free_port()) +
                                              "\n    default_backend nosuch\n");
  auto said = words(apply(part({change(other("alpha")), change(other("delta"))})));
  for (int i = 0; i < 5; ++i) {
    now = std::max(now, gateway().next_work().value_or(now));
    said += words(tick());
  }
  BOOST_TEST(said.find("is left as it was") == std::string::npos, said);
  BOOST_TEST(!backend_exists("alpha"));
  write_text(*settings.haproxy.base_file, sound);
  said.clear();
  for (int i = 0; i < 50 && !(backend_exists("alpha") && backend_exists("delta")); ++i) {
    now = std::max(now, gateway().next_work().value_or(now));
    said += words(tick());
  }
  BOOST_TEST(backend_exists("alpha"), said);
  BOOST_TEST(backend_exists("delta"), said);
}

// No HAProxy may come back with what was configured before.
BOOST_AUTO_TEST_CASE(a_corrected_frontend_reaches_the_file_of_an_haproxy_that_is_away) {
  end_haproxy();
  gateway().configure(with_second_frontend(settings, free_port()), now);
  BOOST_TEST(file_has("frontend second"));
  start_haproxy();
  BOOST_TEST(reconcile().waiting.empty());
}

BOOST_AUTO_TEST_CASE(so_does_one_that_was_corrected_while_switchyard_was_away) {
  end_haproxy();
  settings = with_second_frontend(settings, free_port());
  restart_gateway();
  BOOST_TEST(file_has("frontend second"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_and_an_unchecked_file_that_cannot_be_loaded,
                         unchecked_unloadable_site)

BOOST_AUTO_TEST_CASE(what_was_corrected_is_its_chance_once_haproxy_does_not_come_back) {
  end_haproxy();
  want_web_in_mode_http();
  apply(corrected_web());
  tick_after(seconds(5));
  BOOST_TEST(!corrected());  // HAProxy may just be restarting
  now += seconds(30);
  const auto report = reconcile();
  BOOST_TEST(told(report, "takes the changed settings of 1 backend") == 1U, words(report));
  BOOST_TEST(corrected());
  start_haproxy();
  now += seconds(5);
  BOOST_TEST(reconcile().waiting.empty());
  BOOST_TEST(server("web", "s1") == ready);
}

BOOST_AUTO_TEST_CASE(so_is_its_removal) {
  end_haproxy();
  add_to_base_file("backend web\n    timeout connect 1s\n    timeout server 1s\n");
  BOOST_REQUIRE(!starts());
  now += seconds(31);
  auto gone = part({{"web", nullptr}});
  gone.complete = true;
  apply(gone);
  BOOST_TEST(!file_has("backend web from"));
  BOOST_TEST(starts());
}

BOOST_AUTO_TEST_CASE(what_is_new_waits_for_a_reload_all_the_same) {
  end_haproxy();
  now += seconds(31);
  apply(backend_of("other", {local_server("o1")}));
  now += seconds(31);
  reconcile();
  BOOST_TEST(!file_has("backend other"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_and_a_checked_file_that_cannot_be_loaded, checked_unloadable_site)

// A reload that failed before says nothing of what was corrected since.
BOOST_AUTO_TEST_CASE(what_was_corrected_reaches_it_also_after_a_reload_that_failed) {
  want_web_in_mode_http();
  auto other = backend_of("other", {local_server("o1")});
  other.settings.balance = model::balance_algorithm::source;
  BOOST_REQUIRE(apply(other).reload_error.has_value());
  end_haproxy();
  apply(corrected_web());
  BOOST_TEST(corrected());
  start_haproxy();
  now += seconds(5);
  BOOST_TEST(reconcile().reachable);
}

BOOST_AUTO_TEST_SUITE_END()
