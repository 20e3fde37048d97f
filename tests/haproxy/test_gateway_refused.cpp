// Reloads that HAProxy refuses although `haproxy -c` takes the file: the search for the backend
// that is why.

#include <boost/test/unit_test.hpp>
#include <functional>
#include <stdexcept>

#include "tests/haproxy/gateway_sites.hpp"
#include "tests/haproxy/picky_haproxy.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::seconds;
namespace haproxy = switchyard::haproxy;

/// With a backend "aclash" of the operator's, a name that `haproxy -c` takes no second time.
struct picky_site : with_dislikes, gateway_site {
  picky_site()
      : gateway_site({.outside = [this](const auto& s) {
          return std::make_unique<picky_haproxy>(s, about);
        }}) {
    write_text(*settings.haproxy.base_file,
               read_text(*settings.haproxy.base_file) +
                   "backend aclash\n    timeout connect 1s\n    timeout server 1s\n");
    begin({web_site::web()});
    settle();
  }

  static haproxy::backend_change other(const std::string& name) {
    return change(of_its_own_kind(backend_of(name, {local_server("o1")})));
  }
  /// Does what is due until the condition holds, and gives what was told.
  std::string work_until(const std::function<bool(const std::string&)>& done) {
    std::string said;
    for (int i = 0; i < 50 && !done(said) && gateway().next_work(); ++i) {
      now = std::max(now, *gateway().next_work());
      said += words(tick());
    }
    BOOST_TEST(done(said), said);
    return said;
  }
  std::string work_until_told(const std::string& text) {
    return work_until([&](const auto& said) { return contains(said, text); });
  }
};

constexpr const char* left = "is left as it was";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_of_a_picky_haproxy, picky_site)

BOOST_AUTO_TEST_CASE(the_guilty_one_is_told_after_a_reload_without_it_went_through) {
  about->texts = {"backend bad from"};
  auto said = words(apply(part({other("bad")})));
  BOOST_TEST(!contains(said, left), said);
  said = work_until_told("backend bad is left as it was");
  BOOST_TEST(contains(said, "trial without the backends that wait"), said);
  BOOST_TEST(about->refused.size() == 2U);
  BOOST_TEST(about->taken == 1U);
  BOOST_TEST((tick().refused == std::set<std::string>{"bad"}));
  // Once it is known it is tried again without another trial.
  now += seconds(90);
  reconcile();
  BOOST_TEST(about->refused.size() == 3U);
  settle();
  BOOST_TEST(about->refused.size() == 3U);
  BOOST_TEST(about->taken == 1U);
  about->texts.clear();
  now += seconds(90);
  BOOST_TEST(reconcile().refused.empty());
  BOOST_TEST(backend_exists("bad"));
}

BOOST_AUTO_TEST_CASE(nobody_is_blamed_for_what_is_refused_without_them) {
  about->texts = {"backend web from"};  // it is loaded, and no part of what waits
  auto said = words(apply(part({other("alpha"), other("beta"), other("gamma")})));
  said += work_until([&](const auto&) { return about->refused.size() == 6; });
  BOOST_TEST(!contains(said, left), said);
  BOOST_TEST(about->taken == 0U);
  about->texts.clear();
  work_until([&](const auto&) { return about->taken == 1; });
  BOOST_TEST(backend_exists("alpha"));
  BOOST_TEST(backend_exists("gamma"));
}

// `haproxy -c` refuses another one while the search brings one at a time.
BOOST_AUTO_TEST_CASE(one_that_a_check_refuses_does_not_hold_up_those_behind_it) {
  about->texts = {"backend heavy from"};
  apply(part({other("beta"), other("heavy")}));
  work_until([&](const auto&) { return about->taken == 1; });  // the trial
  auto said = words(apply(part({other("aclash")})));
  said += work_until([&](const auto&) { return backend_exists("beta"); });
  BOOST_TEST(contains(said, "backend aclash is left as it was"), said);
}

BOOST_AUTO_TEST_CASE(nor_does_it_hold_up_a_frontend) {
  auto said = words(apply(part({other("aclash")})));
  BOOST_TEST(!contains(said, left), said);
  gateway().configure(with_second_frontend(settings, free_port()), now);
  said = work_until([&](const auto&) { return file_has("frontend second"); });
  BOOST_TEST(contains(said, "backend aclash is left as it was"), said);
  BOOST_TEST(about->taken == 1U);
}

// Where one after the other is guilty, the waits in between are longer than a blame lasts.
BOOST_AUTO_TEST_CASE(one_that_was_found_stays_out_while_the_search_goes_on) {
  about->texts = {"backend bad"};
  apply(part({other("bad1"), other("bad2"), other("bad3"), other("bad4")}));
  work_until_told("backend bad1 is left as it was");
  const auto found = now;
  const auto before = about->refused.size();
  work_until([&](const auto&) { return about->refused.size() > before; });
  now = found + haproxy::blame_book::lasts + std::chrono::milliseconds(500);
  reconcile();
  work_until([&](const auto&) { return about->refused.size() > before + 1; });
  BOOST_TEST(contains(about->refused.back(), "backend bad2 from"));
  BOOST_TEST(!contains(about->refused.back(), "backend bad1 from"));
}

BOOST_AUTO_TEST_CASE(nobody_is_blamed_while_a_reload_of_somebody_else_lasts) {
  about->busy = 3;
  const auto report = apply(part({other("alpha")}));
  BOOST_TEST(report.reload_error.value_or("") == "HAProxy is still busy with another reload");
  BOOST_TEST(told(report, "reload failed: HAProxy is still busy") == 1U, words(report));
  const auto said = work_until([&](const auto&) { return about->busy == 0; }) +
                    work_until([&](const auto&) { return backend_exists("alpha"); });
  BOOST_TEST(!contains(said, left), said);
  // One that goes without it would be another disturbance, and say nothing.
  BOOST_TEST(!contains(said, "trial"), said);
  BOOST_TEST(about->taken == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_killed_switchyard_had_written_gives_way_to_what_was_loaded_before) {
  about->texts = {"backend bad from"};
  about->kills = true;
  BOOST_CHECK_THROW(apply(part({other("bad")})), std::runtime_error);
  about->kills = false;
  BOOST_REQUIRE(file_has("backend bad from"));
  restart_gateway();
  apply(whole({change(web_site::web()), other("bad"), other("good")}));
  work_until([&](const auto&) { return !about->refused.empty(); });
  BOOST_TEST(!file_has("backend bad from"));
  work_until_told("backend bad is left as it was");
  work_until([&](const auto&) { return backend_exists("good"); });
}

// Its settings wait; its servers follow the source, in the file as well.
BOOST_AUTO_TEST_CASE(the_servers_of_the_guilty_one_reach_the_file) {
  auto one = backend_of("one", {local_server("s1")});
  apply(one);
  settle();
  about->texts = {"balance source"};
  one.settings.balance = switchyard::model::balance_algorithm::source;
  one.servers.push_back(local_server("s3"));
  const auto worker = worker_pid();
  apply(part({change(one), other("two")}));
  const auto said = work_until([&](const auto&) { return backend_exists("two"); });
  BOOST_TEST(contains(said, "backend one is left as it was"), said);
  BOOST_TEST(another_worker_than(worker, *this));
  settle();
  BOOST_TEST(server("one", "s3") == ready);
  BOOST_TEST(file_has("    server s3 "));
  BOOST_TEST(!file_has("balance source"));
}

BOOST_AUTO_TEST_SUITE_END()
