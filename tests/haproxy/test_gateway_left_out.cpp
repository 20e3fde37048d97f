// Backends that a reload, or the file for a start, has to leave out: what becomes of their servers,
// and of them.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "tests/haproxy/gateway_sites.hpp"
#include "tests/haproxy/picky_haproxy.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::seconds;
namespace haproxy = switchyard::haproxy;
namespace model = switchyard::model;

/// The backend "one" (o1, o2) may get settings that HAProxy refuses: by a reload (balance source),
/// or by `haproxy -c` as well (mode tcp, while a frontend of the operator's in mode http leads
/// there).
struct left_out_site : with_dislikes, gateway_site {
  left_out_site()
      : gateway_site({.outside = [this](const auto& s) {
          return std::make_unique<picky_haproxy>(s, about);
        }}) {
    about->texts = {"balance source"};
    begin({web_site::web(), one});
    settle();
    now += std::chrono::minutes(5);  // ahead of the clock by which reloads wait for each other
    write_text(*settings.haproxy.base_file,
               base + "frontend own\n    mode http\n    timeout client 1s\n    bind 127.0.0.1:" +
                   std::to_string(free_port()) + "\n    default_backend one\n");
  }
  model::backend refused_by_a_reload() const {
    auto b = one;
    b.settings.balance = model::balance_algorithm::source;
    return b;
  }
  model::backend refused_by_a_check() const {
    auto b = one;
    b.settings.mode = model::proxy_mode::tcp;
    return b;
  }
  /// Has o3 for o1.
  static model::backend moved(model::backend b) {
    std::erase_if(b.servers, [](const auto& s) { return s.name == "o1"; });
    b.servers.push_back(local_server("o3"));
    return b;
  }
  /// With settings that no other one has.
  static haproxy::backend_change other(const std::string& name, int timeout) {
    auto b = of_its_own_kind(backend_of(name, {local_server("x1")}));
    b.settings.timeouts.server = seconds(timeout);
    return change(b);
  }
  /// Does what is due until the condition holds, and saves nothing that is not.
  void work_until(const std::function<bool()>& done) {
    for (int i = 0; i < 50 && !done() && gateway().next_work(); ++i) {
      now = std::max(now, *gateway().next_work());
      said += words(tick());
    }
    BOOST_TEST(done(), said);
  }
  void end_haproxy() {
    haproxy_process().signal(SIGTERM);
    BOOST_REQUIRE(haproxy_process().wait(seconds(5)));
    BOOST_REQUIRE(!reconcile().reachable);
  }
  bool line_in_file(const std::string& name) const {
    return file_has("    server " + name + " 127.0.0.1:1 ");
  }

  bool refused_settings_in_file() const {
    return !file_has("backend one from switchyard-http\n") || file_has("balance source");
  }

  const std::string base = read_text(*settings.haproxy.base_file);
  model::backend one = backend_of("one", {local_server("o1"), local_server("o2")});
  std::string said;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_and_backends_that_are_left_out, left_out_site)

// Nothing is saved in between: the file is what the new worker was loaded with.
BOOST_AUTO_TEST_CASE(the_servers_of_one_that_rests_are_loaded_as_they_run) {
  apply(part({change(refused_by_a_check()), other("two", 3)}));
  settle();
  BOOST_REQUIRE(file_has("backend two from"));
  const auto worker = worker_pid();
  const auto report = apply(part({change(moved(refused_by_a_check())), other("three", 4)}));
  BOOST_TEST(another_worker_than(worker, *this), words(report));
  BOOST_TEST(file_has("backend three from"));
  BOOST_TEST(line_in_file("o3"));
  BOOST_TEST(!line_in_file("o1"));
  BOOST_TEST(!refused_settings_in_file());
}

BOOST_AUTO_TEST_CASE(so_are_those_of_one_that_the_check_of_that_reload_finds) {
  const auto worker = worker_pid();
  const auto report = apply(part({change(moved(refused_by_a_check())), other("two", 3)}));
  BOOST_TEST(told(report, "backend one is left as it was") == 1U, words(report));
  BOOST_TEST(another_worker_than(worker, *this));
  BOOST_TEST(line_in_file("o3"));
  BOOST_TEST(!line_in_file("o1"));
}

BOOST_AUTO_TEST_CASE(so_are_those_of_a_suspect) {
  said = words(apply(moved(refused_by_a_reload())));
  BOOST_REQUIRE(about->refused.size() == 1U);
  BOOST_REQUIRE(about->taken == 0U);
  // The reload that goes without it is the next thing to do.
  tick();
  BOOST_REQUIRE(about->taken == 1U);
  BOOST_TEST(line_in_file("o3"));
  BOOST_TEST(!line_in_file("o1"));
  BOOST_TEST(!refused_settings_in_file());
}

BOOST_AUTO_TEST_CASE(one_that_is_refused_while_haproxy_is_away_is_tried_again) {
  end_haproxy();
  auto report = apply(part({change(moved(refused_by_a_check())), other("two", 3)}));
  BOOST_TEST(told(report, "backend one is left as it was") == 1U, words(report));
  BOOST_TEST(file_has("backend two from"));
  BOOST_TEST(line_in_file("o3"));
  BOOST_TEST(!refused_settings_in_file());
  write_text(*settings.haproxy.base_file, base);
  apply(web_site::web({local_server("s3")}));
  BOOST_TEST(!refused_settings_in_file());
  now += haproxy::blame_book::lasts;
  report = apply(web_site::web({local_server("s4")}));
  BOOST_TEST(file_has("backend one from switchyard-tcp\n"), words(report));
  start_haproxy();
  now += seconds(5);
  BOOST_TEST(reconcile().waiting.empty());
}

// It may be the one with which HAProxy does not start.
BOOST_AUTO_TEST_CASE(none_of_those_that_are_searched_reaches_the_file_of_an_haproxy_that_is_away) {
  auto guilty = *other("bad", 5).value;
  guilty.settings.balance = model::balance_algorithm::source;
  apply(part({other("alpha", 2), change(guilty), other("gamma", 3), other("omega", 4)}));
  work_until([&] { return file_has("backend alpha from") && about->taken == 2; });
  BOOST_REQUIRE(!file_has("backend bad from"));
  end_haproxy();
  apply(web_site::web({local_server("s3")}));
  BOOST_TEST(line_in_file("s3"));
  BOOST_TEST(!file_has("backend bad from"), said);
  start_haproxy();
  now += seconds(5);
  reconcile();
  work_until([&] { return backend_exists("gamma") && backend_exists("omega"); });
  settle();
  BOOST_TEST(!file_has("backend bad from"));
  BOOST_TEST(file_has("backend omega from"));
}

BOOST_AUTO_TEST_SUITE_END()
