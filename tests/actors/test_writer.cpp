// The writer's protocol, on a real HAProxy and the test's clock.

#include <signal.h>

#include <algorithm>
#include <thread>

#include "tests/actors/writer_fixture.hpp"

namespace switchyard::actors {

namespace {

using namespace std::chrono_literals;
using tests::local_server;
using tests::of_its_own_kind;
using tests::ready;
using tests::web_site;

const model::backend web_and_s3 = web_site::web({local_server("s3")});

model::backend shop() {
  return of_its_own_kind(tests::backend_of("shop", {local_server("x1")}));
}

struct managed_writer : writer_fixture {
  managed_writer() : writer_fixture({.managed = true}) {
    site.end_gateway();
    start();
  }
  /// A writer that leaves it behind must not leave it to the machine.
  ~managed_writer() {
    stop();
    if (const auto left = site.processes().master; left != 0) ::kill(left, SIGKILL);
  }
};

}  // namespace

// -- what is handed to it

BOOST_FIXTURE_TEST_SUITE(a_writer, web_writer)

BOOST_AUTO_TEST_CASE(answers_an_apply_once_haproxy_has_it) {
  const auto report = apply(with(web_and_s3));
  BOOST_TEST(report.revision == 1U);
  BOOST_TEST(report.reachable);
  BOOST_TEST(report.steps > 0U);
  BOOST_TEST(report.failed_steps == 0U);
  BOOST_TEST(!report.reload.has_value());
  BOOST_TEST(site.server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(answers_a_reconcile_with_what_it_repaired) {
  apply(with(web_site::web()));
  site.command("set server web/s1 weight 7");
  const auto report = reconcile();
  BOOST_TEST(report.repaired == 1U);
  BOOST_TEST(site.server("web", "s1") == ready);
}

BOOST_AUTO_TEST_CASE(answers_in_turn_what_comes_in_the_middle_of_an_apply) {
  const auto worker = site.worker_pid();
  *in_reload = [&] {
    self->send(writer, reconcile_atom::value);
    self->send(writer, apply_atom::value, with(web_and_s3));
    self->send(writer, stop_atom::value);
  };
  self->send(writer, apply_atom::value, with(shop()));
  run();
  std::vector<std::string> answers;
  for (int i = 0; i < 4; ++i)
    self->receive(
        [&](const apply_report_ptr& r) {
          answers.push_back("revision " + std::to_string(r->revision) +
                            (r->reload ? ", reloaded" : ""));
        },
        [&](stop_atom) { answers.emplace_back("stopped"); },
        caf::after(0ms) >> [&] { answers.emplace_back("nothing"); });
  BOOST_TEST(answers == (std::vector<std::string>{"revision 1, reloaded", "revision 1",
                                                  "revision 2", "stopped"}),
             boost::test_tools::per_element());
  BOOST_TEST(tests::another_worker_than(worker, site));
  BOOST_TEST(site.server("shop", "x1") == ready);
  BOOST_TEST(site.server("web", "s3") == ready);
  BOOST_TEST(site.file_has("server s3 "));
}

BOOST_AUTO_TEST_CASE(takes_other_settings_and_tells_its_manager_of_the_reload) {
  reconcile();
  auto second = site.settings.frontends.front();
  second.name = "second";
  second.binds.front().port = tests::free_port();
  site.settings.frontends.push_back(second);
  self->send(writer, configure_atom::value, settings());
  run();
  BOOST_TEST(tests::http_get(second.binds.front().port).status == 0);
  pass(1s);
  const auto all = noted();
  BOOST_TEST(std::count_if(all.begin(), all.end(),
                           [](const auto& r) { return r.reload.has_value(); }) == 1);
  // Its servers are not there, the frontend is.
  BOOST_TEST(tests::http_get(second.binds.front().port).status == 503);
}

// -- what it does on its own

BOOST_AUTO_TEST_CASE(reads_back_a_moment_later_and_tells_its_manager) {
  apply(with(web_and_s3));
  site.command("set server web/s3 weight 7");
  pass(24ms);
  BOOST_TEST(noted().empty());
  pass(1ms);
  const auto all = noted();
  BOOST_REQUIRE_EQUAL(all.size(), 1U);
  BOOST_TEST(all.front().repaired == 1U);
  BOOST_TEST(site.server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(does_nothing_at_a_tick_that_is_too_early) {
  apply(with(web_and_s3));
  site.command("set server web/s3 weight 7");
  self->send(writer, tick_atom::value);
  run();
  BOOST_TEST(noted().empty());
  BOOST_TEST(site.server("web", "s3") != ready);
  pass(25ms);
  BOOST_TEST(site.server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(saves_a_quarter_of_a_second_later) {
  apply(with(web_and_s3));
  pass(249ms);
  BOOST_TEST(!site.file_has("server s3 "));
  pass(1ms);
  BOOST_TEST(site.file_has("server s3 "));
}

BOOST_AUTO_TEST_CASE(rests_when_nothing_is_left_to_do) {
  apply(with(web_and_s3));
  pass(1s);
  noted();
  BOOST_TEST(!scheduler.has_pending_timeout());
}

// -- an HAProxy that is away

BOOST_AUTO_TEST_CASE(answers_that_haproxy_is_away_and_brings_it_all_when_it_is_back) {
  site.hide_sockets();
  const auto away = reconcile();
  BOOST_TEST(!away.reachable);
  BOOST_TEST(!apply(with(web_and_s3)).reachable);
  BOOST_TEST(!end().has_value());
  site.show_sockets();
  pass(1s);
  const auto all = noted();
  BOOST_REQUIRE(!all.empty());
  BOOST_TEST(all.back().reachable);
  BOOST_TEST(site.server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(learns_at_once_that_haproxy_has_ended_and_finds_it_again) {
  apply(with(web_and_s3));
  pass(1s);
  noted();
  site.haproxy_process().signal(SIGKILL);
  std::vector<haproxy::apply_report> all;
  BOOST_REQUIRE(tests::eventually([&] {
    run();
    all = noted();
    return !all.empty();
  }));
  BOOST_TEST(!all.front().reachable);
  site.start_haproxy();
  pass(1s);
  all = noted();
  BOOST_REQUIRE(!all.empty());
  BOOST_TEST(all.back().reachable);
  BOOST_TEST(site.server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(makes_nothing_of_the_end_of_an_earlier_conversation) {
  apply(with(web_site::web()));
  pass(1s);
  noted();
  site.command("set server web/s1 weight 7");
  self->send(writer, lost_atom::value, std::uint64_t{0});
  run();
  BOOST_TEST(noted().empty());
  BOOST_TEST(site.server("web", "s1") != ready);
}

BOOST_AUTO_TEST_CASE(tells_the_log_when_no_manager_has_asked_yet) {
  site.haproxy_process().signal(SIGKILL);
  BOOST_TEST(tests::eventually([&] {
    run();
    return told("HAProxy is away");
  }));
  BOOST_TEST(noted().empty());
}

// -- failure

BOOST_AUTO_TEST_CASE(ends_with_an_error_where_it_fails_in_an_apply_and_the_next_one_goes_on) {
  const auto worker = site.worker_pid();
  *in_reload = [] { throw std::runtime_error("a broken invariant"); };
  self->send(writer, apply_atom::value, with(shop()));
  run();
  const auto why = end();
  BOOST_REQUIRE(why.has_value());
  BOOST_TEST((*why ? true : false));
  BOOST_TEST(site.worker_pid() == worker);
  BOOST_TEST(site.server("web", "s1") == ready);
  start();
  const auto report =
      apply(numbered(tests::whole({tests::change(web_and_s3), tests::change(shop())})));
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(site.server("shop", "x1") == ready);
  BOOST_TEST(site.server("web", "s3") == ready);
}

BOOST_AUTO_TEST_CASE(ends_with_an_error_where_it_cannot_take_haproxy_over) {
  stop();
  self->receive([](stop_atom) {});
  tests::write_text(site.settings.haproxy.config_file, "global\n    daemon\n");
  const auto worker = site.worker_pid();
  start();
  const auto why = end();
  BOOST_REQUIRE(why.has_value());
  BOOST_TEST(tests::contains(system.render(*why), "HAProxy cannot be taken over"));
  BOOST_TEST(told("put your own lines into haproxy.base_file"));
  BOOST_TEST(site.worker_pid() == worker);
  BOOST_TEST(site.file() == "global\n    daemon\n");
}

// -- the end

BOOST_AUTO_TEST_CASE(saves_at_the_end_and_leaves_an_attached_haproxy_alone) {
  apply(with(web_and_s3));
  BOOST_TEST(!site.file_has("server s3 "));
  const auto worker = site.worker_pid();
  stop();
  bool answered = false;
  self->receive([&](stop_atom) { answered = true; }, caf::after(0ms) >> [] {});
  BOOST_TEST(answered);
  BOOST_TEST(site.file_has("server s3 "));
  BOOST_TEST(site.worker_pid() == worker);
  const auto why = end();
  BOOST_REQUIRE(why.has_value());
  BOOST_TEST((*why ? false : true));
  bool refused = false;
  self->request(writer, caf::infinite, apply_atom::value, with(shop()))
      .receive([](const apply_report_ptr&) {}, [&](const caf::error&) { refused = true; });
  BOOST_TEST(refused);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(a_writer_with_an_haproxy_of_its_own, managed_writer)

BOOST_AUTO_TEST_CASE(starts_it_before_it_answers_and_ends_it_when_its_requests_are_answered) {
  tests::http_upstream slow("slow");
  slow.set_delay(300ms);
  apply(numbered(
      tests::whole({tests::change(tests::backend_of("web", {local_server("s1", slow.port())}))})));
  const auto worker = site.worker_pid();
  BOOST_REQUIRE(worker != 0);
  std::string answer;
  std::thread client([&] { answer = tests::name_in(tests::http_get(site.port())); });
  BOOST_REQUIRE(tests::eventually([&] { return slow.requests() == 1; }));
  stop();
  client.join();
  BOOST_TEST(answer == "slow");
  BOOST_TEST(site.worker_pid() == 0);
  BOOST_TEST(::kill(worker, 0) != 0);
}

BOOST_AUTO_TEST_CASE(starts_it_again_when_it_has_ended) {
  apply(numbered(tests::whole({tests::change(web_and_s3)})));
  const auto master = site.processes().master;
  BOOST_REQUIRE(master != 0);
  ::kill(master, SIGKILL);
  BOOST_TEST(tests::eventually([&] {
    pass(10ms);  // its sockets may close a moment before it counts as ended
    const auto all = noted();
    const auto now = site.processes().master;
    return now != 0 && now != master &&
           std::any_of(all.begin(), all.end(), [](const auto& r) { return r.reachable; });
  }));
  BOOST_TEST(site.server("web", "s3") == ready);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
