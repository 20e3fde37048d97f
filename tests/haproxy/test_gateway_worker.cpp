// The gateway and the worker that it talks to: replaced, ended, found again.

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "tests/haproxy/gateway_sites.hpp"
#include "tests/haproxy/passing_surroundings.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
namespace base = switchyard::base;
namespace haproxy = switchyard::haproxy;

bool readable(int fd, std::chrono::milliseconds longest) {
  const auto there = base::wait_readable(fd, base::deadline(longest));
  return there && *there;
}

bool old_worker(const gateway_site& site, pid_t pid) {
  const auto old = site.processes().old_workers;
  return std::find(old.begin(), old.end(), pid) != old.end();
}

struct patience {
  int times = 1000;      ///< that the worker is reached
  bool accepts = false;  ///< after that: it takes a conversation, and ends it
};

/// Reaches the worker so many times more.
class ending : public passing_surroundings {
 public:
  ending(const switchyard::config::haproxy_settings& s, std::shared_ptr<patience> left)
      : passing_surroundings(haproxy::real_surroundings(s)), left_(std::move(left)) {}
  base::outcome<haproxy::way> reach_worker(const settings& s,
                                           const haproxy::incumbent& known) override {
    if (--left_->times >= 0) return passing_surroundings::reach_worker(s, known);
    if (!left_->accepts) return base::error{base::errc::unavailable, "it has just ended"};
    auto reached = passing_surroundings::reach_worker(s, known);
    ::shutdown(reached->conversation->fd(), SHUT_RDWR);
    return reached;
  }

 private:
  std::shared_ptr<patience> left_;
};

struct allowance {
  std::shared_ptr<patience> left = std::make_shared<patience>();
};

struct ending_site : allowance, gateway_site {
  ending_site()
      : gateway_site(
            {.outside = [this](const auto& s) { return std::make_unique<ending>(s, left); }}) {
    begin({web_site::web()});
  }

  /// A comparison meets a new worker, whose lifeline cannot be had.
  haproxy::apply_report meet_without_lifeline() {
    settle();
    reload_by_hand();
    left->times = 1;
    left->accepts = true;
    return reconcile();
  }
};

void kill_worker(const gateway_site& site) {
  const auto worker = site.worker_pid();
  BOOST_REQUIRE(worker > 0);
  ::kill(worker, SIGKILL);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(one_that_ends_as_soon_as_it_was_met_is_looked_after_at_once, ending_site) {
  settle();
  left->times = 1;  // the conversation, and none that would tell of its end
  const auto met = apply(of_its_own_kind(backend_of("other", {local_server("x")})));
  BOOST_REQUIRE(met.reload.has_value());
  BOOST_TEST(told(met, "HAProxy has a new worker") == 1U, words(met));
  BOOST_REQUIRE(gateway().next_work().has_value());
  BOOST_TEST((*gateway().next_work() <= now));
  left->times = 1000;
  tick();
  BOOST_TEST((!gateway().next_work() || *gateway().next_work() > now));
}

BOOST_FIXTURE_TEST_CASE(one_whose_lifeline_could_not_be_had_is_watched_a_moment_later,
                        ending_site) {
  settle();
  left->times = 1;
  left->accepts = true;
  BOOST_REQUIRE(
      apply(of_its_own_kind(backend_of("other", {local_server("x")}))).reload.has_value());
  BOOST_TEST(gateway().lifeline() == -1);
  tick();
  BOOST_TEST(gateway().lifeline() == -1);
  BOOST_REQUIRE(gateway().next_work().has_value());
  left->times = 1000;
  tick_after(milliseconds(200));
  BOOST_TEST(gateway().lifeline() >= 0);
  settle();  // and rests
  BOOST_TEST(!gateway().next_work().has_value());
}

BOOST_FIXTURE_TEST_CASE(one_whose_lifeline_could_not_be_had_by_a_comparison_is_watched_as_well,
                        ending_site) {
  BOOST_TEST(told(meet_without_lifeline(), "HAProxy has a new worker") == 1U);
  BOOST_TEST(gateway().lifeline() == -1);
  BOOST_REQUIRE(gateway().next_work().has_value());
  left->times = 1000;
  settle();
  BOOST_TEST(gateway().lifeline() >= 0);
  BOOST_TEST(!gateway().next_work().has_value());
}

BOOST_FIXTURE_TEST_CASE(one_whose_lifeline_is_never_to_be_had_is_asked_ever_less_often,
                        ending_site) {
  meet_without_lifeline();
  const auto begun = now;
  for (int ticks = 0; ticks < 10; ++ticks) {
    BOOST_REQUIRE(gateway().next_work().has_value());
    now = std::max(now, *gateway().next_work());
    tick();
  }
  BOOST_TEST((now - begun > std::chrono::seconds(20)));
}

BOOST_FIXTURE_TEST_SUITE(gateway_and_a_replaced_worker, web_site)

BOOST_AUTO_TEST_CASE(an_apply_that_went_to_the_old_worker_is_repeated_at_once) {
  apply(web({local_server("s3")}));
  const auto before = worker_pid();
  reload_by_hand();
  // The gateway's conversations keep it alive.
  BOOST_REQUIRE(eventually([&] { return old_worker(*this, before); }));
  BOOST_REQUIRE(server("web", "s3").empty());
  const auto report = apply(web({local_server("s3"), local_server("s4")}));
  // Once on the old worker, once on the new one.
  BOOST_TEST(told(report, "web/s4 added") == 2U, words(report));
  BOOST_TEST(told(report, "HAProxy has a new worker") == 1U, words(report));
  BOOST_TEST(server("web", "s3") == ready);
  BOOST_TEST(server("web", "s4") == ready);
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(eventually([&] { return !old_worker(*this, before); }));
}

BOOST_AUTO_TEST_CASE(reading_back_from_the_old_worker_deceives_nobody) {
  apply(web({local_server("s3")}));
  reload_by_hand();
  const auto report = tick_after(milliseconds(25));
  BOOST_TEST(told(report, "HAProxy has a new worker") == 1U, words(report));
  BOOST_TEST(server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(a_reload_by_hand_costs_no_other_one) {
  apply(web({local_server("s3")}));
  reload_by_hand();
  const auto worker = worker_pid();
  const auto report = reconcile();
  BOOST_TEST(!report.reload.has_value());
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(worker_pid() == worker);
  BOOST_TEST(server("web", "s3") == ready);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_lifeline, web_site)

BOOST_AUTO_TEST_CASE(it_becomes_readable_when_the_worker_ends) {
  BOOST_REQUIRE(gateway().lifeline() >= 0);
  BOOST_TEST(!readable(gateway().lifeline(), milliseconds(0)));
  const auto generation = gateway().lifeline_generation();
  kill_worker(*this);
  BOOST_TEST(readable(gateway().lifeline(), std::chrono::seconds(5)));
  BOOST_TEST(!reconcile().reachable);
  BOOST_TEST(gateway().lifeline() == -1);
  BOOST_TEST(gateway().lifeline_generation() != generation);
}

BOOST_AUTO_TEST_CASE(it_stays_the_same_while_the_worker_does) {
  const auto generation = gateway().lifeline_generation();
  const auto fd = gateway().lifeline();
  apply(web({local_server("s3")}));
  tick_after(milliseconds(25));
  tick_after(milliseconds(250));
  reconcile();
  BOOST_TEST(gateway().lifeline() == fd);
  BOOST_TEST(gateway().lifeline_generation() == generation);
}

BOOST_AUTO_TEST_CASE(a_reload_gives_another_one_and_holds_no_old_worker) {
  const auto generation = gateway().lifeline_generation();
  const auto before = worker_pid();
  const auto report = apply(of_its_own_kind(backend_of("other", {local_server("o1")})));
  BOOST_REQUIRE(report.reload.has_value());
  BOOST_TEST(gateway().lifeline_generation() != generation);
  BOOST_REQUIRE(gateway().lifeline() >= 0);
  BOOST_TEST(!readable(gateway().lifeline(), milliseconds(0)));
  BOOST_TEST(eventually([&] { return !old_worker(*this, before); }));
  kill_worker(*this);
  BOOST_TEST(readable(gateway().lifeline(), std::chrono::seconds(5)));
}

BOOST_AUTO_TEST_CASE(a_reload_by_hand_gives_another_one_with_the_next_pass) {
  const auto generation = gateway().lifeline_generation();
  const auto before = worker_pid();
  reload_by_hand();
  reconcile();
  BOOST_TEST(gateway().lifeline_generation() != generation);
  BOOST_TEST(eventually([&] { return !old_worker(*this, before); }));
  kill_worker(*this);
  BOOST_TEST(readable(gateway().lifeline(), std::chrono::seconds(5)));
}

BOOST_AUTO_TEST_CASE(one_that_somebody_closed_is_renewed) {
  const auto generation = gateway().lifeline_generation();
  const auto sessions = command("show sess");
  std::size_t ended = 0;
  // All conversations but the one that asks.
  for (std::size_t at = sessions.find("0x"); at != std::string::npos;
       at = sessions.find("\n0x", at + 1)) {
    const auto from = sessions.find("0x", at);
    command("shutdown session " + sessions.substr(from, sessions.find(':', from) - from));
    ++ended;
  }
  BOOST_REQUIRE(ended > 0U);
  BOOST_TEST(readable(gateway().lifeline(), std::chrono::seconds(5)));
  const auto report = reconcile();
  BOOST_TEST(report.reachable);
  BOOST_TEST(gateway().lifeline_generation() != generation);
  BOOST_TEST(!readable(gateway().lifeline(), milliseconds(0)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_and_a_conversation_that_breaks, tapped_web_site)

// HAProxy refuses a step; whether it does so because it is stopping cannot be asked any more.
BOOST_AUTO_TEST_CASE(the_refusal_before_is_not_taken_for_the_cause) {
  command("set server web/s2 state maint");
  BOOST_REQUIRE(command("del server web/s2").find("deleted") != std::string::npos);
  auto changed = web();
  changed.servers.back().weight = 50;
  tap().break_at(wiretap::cut::before, "show info");
  const auto report = apply(changed);
  BOOST_TEST(!report.reachable);
  BOOST_TEST(told(report, "HAProxy is away: ") == 1U, words(report));
  BOOST_TEST(told(report, "set server") == 0U, words(report));
}

BOOST_AUTO_TEST_SUITE_END()
