// The end of a supervisor, with children of the test's that end when it says so.

#include <algorithm>
#include <stdexcept>

#include "tests/actors/injected_children.hpp"

namespace switchyard::actors {

using namespace std::chrono_literals;

namespace {

struct ending : injected_children {
  std::map<std::string, caf::actor> handles;  ///< a supervisor that has ended tells none
  bool unstartable = false;                   ///< no writer can be made from now on

  ending() {
    make.writer = [this, usual = make.writer](auto& in, auto settings, auto seen_by) {
      if (unstartable) throw std::runtime_error("no memory");
      return usual(in, settings, seen_by);
    };
  }

  void start(const std::map<std::string, std::string>& providers) {
    injected_children::start(providers);
    seen->lingering = true;
    seen->writer.keeps_on = true;
    for (const std::string name : {"api", "timer", "provider a", "provider b", "manager", "writer"})
      handles[name] = child(name).handle;
  }

  void stop() {
    self->send(supervisor, stop_atom::value);
    run();
  }
  /// The child ends, as it was told or not.
  void end(const std::string& name) {
    self->send_exit(handles.at(name), caf::exit_reason::kill);
    run();
  }
  /// Whether the supervisor has answered that all ended in order; it answers once.
  bool answered() { return answer() == "in order"; }
  std::string answer() {
    std::string came = "none";
    if (self->has_next_message())
      self->receive([&](stop_atom) { came = "in order"; },
                    [&](const caf::error&) { came = "not in order"; });
    return came;
  }
  bool ended() {
    bool gone = false;
    auto asked = self->request(supervisor, caf::infinite, children_atom::value);
    run();
    asked.receive([](const children_ptr&) {}, [&](const caf::error&) { gone = true; });
    return gone;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(the_end_of_the_supervisor, ending)

BOOST_AUTO_TEST_CASE(each_is_ended_when_the_one_before_it_has_ended_and_the_providers_together) {
  start({{"a", ""}, {"b", ""}});
  stop();
  check_told({"api 1: has to end"});
  end("api");
  check_told({"api 1 ends", "timer 1: has to end"});
  end("timer");
  check_told({"timer 1 ends", "provider a 1: has to end", "provider b 1: has to end"});
  end("provider b");
  check_told({"provider b 1 ends", "provider a 1: has to end"});  // once more
  end("provider a");
  check_told({"provider a 1 ends", "manager 1: has to end"});
  end("manager");
  check_told({"manager 1 ends", "writer 1: stop"});
  BOOST_TEST(!answered());
  end("writer");
  check_told({"writer 1 ends"});
  BOOST_TEST(answer() != "none");
  BOOST_TEST(ended());
}

BOOST_AUTO_TEST_CASE(the_writer_is_asked_and_not_ended) {
  start({});
  seen->lingering = false;
  seen->writer.keeps_on = false;
  stop();
  check_told({"api 1: has to end", "api 1 ends", "timer 1: has to end", "timer 1 ends",
              "manager 1: has to end", "manager 1 ends", "writer 1: stop", "writer 1 ends"});
  BOOST_TEST(answered());
}

BOOST_AUTO_TEST_CASE(what_waits_for_its_restart_does_not_get_it) {
  for (const std::string name : {"api", "timer", "provider a", "manager"}) {
    BOOST_TEST_CONTEXT(name) {
      ending site;
      site.start({{"a", ""}});
      site.seen->lingering = false;
      site.seen->writer.keeps_on = false;
      site.end(name);
      site.stop();
      BOOST_TEST(site.answered());
      site.told();
      site.pass(60s);
      site.check_told({});
    }
  }
}

BOOST_AUTO_TEST_CASE(a_wait_for_a_restart_that_is_over_meanwhile_starts_nothing) {
  start({{"a", ""}});
  end("timer");
  stop();
  told();
  pass(60s);  // the api has not ended yet
  check_told({});
  end("api");
  check_told({"api 1 ends", "provider a 1: has to end"});
}

BOOST_AUTO_TEST_CASE(what_fails_meanwhile_is_not_started_again) {
  start({{"a", ""}});
  stop();
  told();
  end("manager");
  end("provider a");
  check_told({"manager 1 ends", "api 1: has to end", "provider a 1 ends", "api 1: has to end"});
  pass(60s);
  check_told({});
  end("api");
  end("timer");
  check_told({"api 1 ends", "timer 1: has to end", "timer 1 ends", "writer 1: stop"});
}

// Nobody else ends a managed HAProxy.
BOOST_AUTO_TEST_CASE(a_writer_that_waits_for_its_restart_is_started_once_more_to_be_asked) {
  start({});
  seen->lingering = false;
  seen->writer.keeps_on = false;
  end("writer");
  told();
  stop();
  check_told({"api 1: has to end", "api 1 ends", "timer 1: has to end", "timer 1 ends",
              "manager 1: has to end", "manager 1 ends", "writer 2 starts", "writer 2: stop",
              "writer 2 ends"});
  BOOST_TEST(answered());
  pass(60s);
  check_told({});
}

BOOST_AUTO_TEST_CASE(a_writer_that_dies_before_its_turn_is_started_once_more_too) {
  start({});
  stop();
  end("writer");
  end("api");
  end("timer");
  told();
  seen->writer.keeps_on = false;
  end("manager");
  check_told({"manager 1 ends", "writer 2 starts", "writer 2: stop", "writer 2 ends"});
  BOOST_TEST(answered());
}

BOOST_AUTO_TEST_CASE(a_writer_that_ends_without_having_stopped_is_no_orderly_end) {
  start({});
  seen->lingering = false;
  stop();
  told();
  end("writer");
  check_told({"writer 1 ends"});
  BOOST_TEST(answer() == "not in order");
  BOOST_TEST(ended());
}

BOOST_AUTO_TEST_CASE(a_writer_that_cannot_be_started_once_more_is_no_orderly_end) {
  start({});
  seen->lingering = false;
  end("writer");
  unstartable = true;
  stop();
  BOOST_TEST(answer() == "not in order");
  BOOST_TEST(ended());
}

BOOST_AUTO_TEST_CASE(a_writer_that_was_given_up_is_not_started_once_more) {
  start({});
  seen->lingering = false;
  handles.clear();
  wait_after_deaths(6, "writer");
  kill("writer");
  BOOST_TEST(given_up.size() == 1U);
  const auto made = seen->made["writer"];
  stop();
  BOOST_TEST(answer() == "not in order");
  BOOST_TEST(seen->made["writer"] == made);
}

BOOST_AUTO_TEST_CASE(a_manager_that_was_given_up_leaves_haproxy_running) {
  start({});
  seen->lingering = false;
  handles.clear();
  wait_after_deaths(6, "manager");
  kill("manager");
  BOOST_REQUIRE(given_up.size() == 1U);
  told();
  stop();
  BOOST_TEST(std::ranges::count(told(), "writer 1: stop") == 0, "a writer that stops ends HAProxy");
  BOOST_TEST(answer() == "not in order");
  BOOST_TEST(ended());
}

BOOST_AUTO_TEST_CASE(the_last_good_views_are_on_disk_before_the_end_is_told) {
  auto report = std::make_shared<model::report>();
  report->full = true;
  report->routes.emplace();
  bool told_before = true;
  make.manager = [&, usual = make.manager](auto& in, auto settings, auto seen_by, auto keeper) {
    // The keeper's thread calls back at its end, for which the test's waits.
    keeper->take("a", report, {}, {}, false, [&] { told_before = self->has_next_message(); });
    return usual(in, settings, seen_by, keeper);
  };
  start({});
  seen->lingering = false;
  seen->writer.keeps_on = false;
  stop();
  BOOST_TEST(!told_before);
  BOOST_TEST(answered());
}

BOOST_AUTO_TEST_CASE(settings_that_come_meanwhile_start_nothing) {
  start({});
  stop();
  told();
  self->send(supervisor, configure_atom::value, settings_of({{"a", ""}}));
  run();
  const auto all = told();
  BOOST_TEST((std::find(all.begin(), all.end(), "provider a 1 starts") == all.end()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
