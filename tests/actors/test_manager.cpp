#include <boost/test/unit_test.hpp>
#include <deque>
#include <optional>

#include "actors/manager.hpp"
#include "tests/actors/coordinated.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

using promise = caf::typed_response_promise<apply_report_ptr>;

/// What the manager asked of its writer, and the answers that are still owed.
struct writer_record {
  std::deque<apply_request_ptr> requests;
  std::deque<promise> owed;
  int reconciles = 0;
  haproxy::apply_report answer;  ///< the next one
};

/// A writer under the test's control: it answers when the test says so.
writer_actor::behavior_type controlled_writer(writer_actor::pointer self, writer_record* record) {
  const auto owe = [=] {
    auto p = self->make_response_promise<apply_report_ptr>();
    record->owed.push_back(p);
    return p;
  };
  return {
      [=](apply_atom, const apply_request_ptr& request) {
        record->requests.push_back(request);
        return owe();
      },
      [=](reconcile_atom) {
        ++record->reconciles;
        return owe();
      },
      // The test's "go": give the oldest answer that is owed.
      [=](tick_atom) {
        record->owed.front().deliver(
            apply_report_ptr(std::make_shared<const haproxy::apply_report>(record->answer)));
        record->owed.pop_front();
      },
      [](lost_atom, std::uint64_t) {},
      [](configure_atom, const settings_ptr&) {},
      [=](stop_atom) {
        self->quit();
        return stop_atom::value;
      },
  };
}

settings_ptr settings_with(const std::vector<std::string>& providers) {
  auto s = std::make_shared<config::settings>();
  for (const auto& name : providers) s->providers.push_back({name, config::file_settings{}});
  return s;
}

report_ptr report_of(const std::vector<std::string>& backends, bool full = true,
                     const std::string& address = "10.0.0.1") {
  auto r = std::make_shared<model::report>();
  r->full = full;
  for (const auto& name : backends) {
    auto b = std::make_shared<model::backend>();
    b->name = name;
    model::server s;
    s.name = "s";
    s.address = address;
    s.port = 80;
    b->servers = {s};
    r->backends[name].value = b;
  }
  return r;
}

struct fixture : tests::coordinated {
  writer_record record;
  writer_actor writer = system.spawn(controlled_writer, &record);
  manager_actor manager;
  int acknowledged = 0;

  void start(const std::vector<std::string>& providers) { start(settings_with(providers)); }

  void start(const settings_ptr& settings, const keeper_ptr& keeper = nullptr) {
    manager = spawn_manager(system, settings, make_silent_observer(), keeper);
    self->send(manager, use_atom::value, writer);
    run();
    answer();  // the whole (empty) desired state, which a new writer always gets
    record.requests.clear();
  }

  ~fixture() {
    record.owed.clear();
    self->send_exit(manager, caf::exit_reason::kill);
    self->send_exit(writer, caf::exit_reason::kill);
    run();
  }

  void report(const std::string& provider, const report_ptr& r, std::uint64_t epoch = 1) {
    self->send(manager, report_atom::value, provider, epoch, r);
    run();
  }

  void answer(haproxy::apply_report r = {}) {
    BOOST_REQUIRE(!record.owed.empty());
    record.answer = std::move(r);
    self->send(writer, tick_atom::value);
    run();
  }

  /// Acknowledgements that have come since the last call.
  int acknowledgements() {
    int n = 0;
    while (self->has_next_message()) {
      self->receive([&](std::uint64_t) { ++n; });
    }
    return n;
  }

  /// The manager's answer to a message.
  template <class Result, class... Message>
  Result ask(const Message&... message) {
    auto answer = self->request(manager, caf::infinite, message...);
    run();
    Result result{};
    answer.receive([&](const Result& r) { result = r; },
                   [](const caf::error&) { BOOST_FAIL("no answer"); });
    return result;
  }

  status_ptr status() {
    auto answer = self->request(manager, caf::infinite, status_atom::value);
    run();
    status_ptr result;
    answer.receive([&](const status_ptr& s) { result = s; },
                   [](const caf::error&) { BOOST_FAIL("no status"); });
    return result;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(manager_protocol, fixture)

BOOST_AUTO_TEST_CASE(a_report_goes_to_the_writer_at_once_and_is_acknowledged_after_the_apply) {
  start({"p"});
  report("p", report_of({"a"}));
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_TEST(acknowledgements() == 0);
  answer();
  BOOST_TEST(acknowledgements() == 1);
}

BOOST_AUTO_TEST_CASE(reports_during_an_apply_fold_into_the_next_one) {
  start({"p"});
  report("p", report_of({"a"}));
  answer();
  record.requests.clear();
  report("p", report_of({"a"}, false, "10.0.0.2"));
  for (int i = 3; i < 10; ++i)
    report("p", report_of({"a", "b"}, false, "10.0.0." + std::to_string(i)));
  BOOST_TEST(record.requests.size() == 1U);
  answer();
  BOOST_REQUIRE_EQUAL(record.requests.size(), 2U);
  BOOST_REQUIRE_EQUAL(record.requests.back()->changes.size(), 2U);
  BOOST_TEST(record.requests.back()->changes.front().value->servers.front().address == "10.0.0.9");
  answer();
  BOOST_TEST(acknowledgements() == 9);
}

BOOST_AUTO_TEST_CASE(a_report_that_changes_nothing_reaches_no_writer) {
  start({"p"});
  report("p", report_of({"a"}));
  answer();
  record.requests.clear();
  acknowledgements();
  report("p", report_of({"a"}));
  BOOST_TEST(record.requests.empty());
  BOOST_TEST(acknowledgements() == 1);
}

BOOST_AUTO_TEST_CASE(nothing_may_be_removed_before_every_provider_has_reported) {
  start({"p", "q"});
  report("p", report_of({"a"}));
  BOOST_TEST(!record.requests.back()->complete);
  answer();
  report("q", report_of({"b"}));
  BOOST_TEST(record.requests.back()->complete);
  BOOST_TEST(record.requests.back()->full);
  BOOST_TEST(record.requests.back()->changes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_report_of_an_older_epoch_is_answered_and_dropped) {
  start({"p"});
  report("p", report_of({"a"}), 5);
  answer();
  record.requests.clear();
  acknowledgements();
  report("p", report_of({"b"}), 4);
  BOOST_TEST(record.requests.empty());
  BOOST_TEST(acknowledgements() == 1);
}

BOOST_AUTO_TEST_CASE(a_new_writer_gets_everything_and_the_lost_apply_is_acknowledged_after_it) {
  start({"p"});
  report("p", report_of({"a", "b"}));
  answer();
  acknowledgements();
  report("p", report_of({"c"}, false));
  record.owed.clear();
  self->send_exit(writer, caf::exit_reason::kill);
  run();
  BOOST_TEST(acknowledgements() == 0);
  record.requests.clear();
  writer = system.spawn(controlled_writer, &record);
  self->send(manager, use_atom::value, writer);
  run();
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_TEST(record.requests.back()->full);
  BOOST_TEST(record.requests.back()->changes.size() == 3U);
  answer();
  BOOST_TEST(acknowledgements() == 1);
}

BOOST_AUTO_TEST_CASE(a_reconcile_waits_for_the_apply_in_flight) {
  start({"p"});
  report("p", report_of({"a"}));
  self->send(manager, reconcile_atom::value);
  self->send(manager, reconcile_atom::value);
  run();
  BOOST_TEST(record.reconciles == 0);
  answer();
  BOOST_TEST(record.reconciles == 1);
  answer();
  BOOST_TEST(record.reconciles == 1);
}

BOOST_AUTO_TEST_CASE(a_reconcile_goes_before_changes_that_came_meanwhile) {
  start({"p", "q"});
  report("p", report_of({"a"}));
  report("q", report_of({"b"}));
  self->send(manager, reconcile_atom::value);
  run();
  const auto before = record.requests.size();
  answer();
  BOOST_TEST(record.reconciles == 1);
  BOOST_TEST(record.requests.size() == before);
  answer();
  BOOST_TEST(record.requests.size() == before + 1);
}

BOOST_AUTO_TEST_CASE(a_provider_that_leaves_the_settings_takes_its_backends_along) {
  start({"p", "q"});
  report("p", report_of({"a"}));
  answer();
  report("q", report_of({"b"}));
  answer();
  record.requests.clear();
  self->send(manager, configure_atom::value, settings_with({"q"}));
  run();
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_REQUIRE_EQUAL(record.requests.back()->changes.size(), 1U);
  BOOST_TEST(record.requests.back()->changes.front().name == "a");
  BOOST_TEST((record.requests.back()->changes.front().value == nullptr));
}

BOOST_AUTO_TEST_CASE(the_status_tells_what_is_missing_and_what_was_done) {
  start({"p", "q"});
  report("p", report_of({"a"}));
  haproxy::apply_report done;
  done.reload = haproxy::reload_result{};
  answer(done);
  self->send(manager, health_atom::value, std::string("q"),
             std::make_shared<const model::provider_health>(
                 model::provider_health{model::provider_health::level::degraded, "no such host"}));
  run();
  const auto s = status();
  BOOST_TEST(s->backends == 1U);
  BOOST_TEST(s->reloads == 1U);
  BOOST_TEST(!s->providers.at(1).reported);
  BOOST_TEST(s->providers.at(1).reason == "no such host");
}

// -- what is held

std::vector<std::string> many() {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("b" + std::to_string(i));
  return names;
}

BOOST_AUTO_TEST_CASE(what_leaves_all_at_once_is_held_and_never_reaches_the_writer) {
  start({"p"});
  report("p", report_of(many()));
  answer();
  record.requests.clear();
  report("p", report_of({"b0"}));
  BOOST_TEST(record.requests.empty());
  BOOST_TEST(acknowledgements() == 2);
  const auto s = status();
  BOOST_TEST(s->backends == 20U);
  BOOST_TEST(s->holds.count == 1U);
  BOOST_TEST(s->holds.holds.front().what == "provider p would lose 19 of 20 servers");
  BOOST_TEST(s->holds.holds.front().server_count == 19U);
  BOOST_TEST(s->providers.front().held == 19U);
  const auto one = ask<desired_ptr>(find_atom::value, std::string("b1"));
  BOOST_TEST((one->held == std::set<std::string>{"s"}));
  const auto page = ask<page_ptr>(list_atom::value, std::string(), std::string(), std::uint64_t{2});
  BOOST_TEST(page->backends.front().held == 0U);
  BOOST_TEST(page->backends.back().held == 1U);
}

BOOST_AUTO_TEST_CASE(an_approval_is_awaited_until_the_writer_has_it) {
  start({"p"});
  report("p", report_of(many()));
  answer();
  report("p", report_of({"b0"}));
  record.requests.clear();
  const auto decided = ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  BOOST_REQUIRE(decided->hold);
  BOOST_TEST(decided->hold->server_count == 19U);
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_TEST(record.requests.back()->changes.size() == 19U);
  acknowledgements();
  auto applied = self->request(manager, caf::infinite, await_atom::value, decided->ticket);
  run();
  BOOST_TEST(!self->has_next_message());
  answer();
  std::uint64_t revision = 0;
  applied.receive([&](std::uint64_t r) { revision = r; },
                  [](const caf::error&) { BOOST_FAIL("no answer"); });
  BOOST_TEST(revision == status()->revision);
  BOOST_TEST(ask<std::uint64_t>(await_atom::value, decided->ticket) == revision);
  BOOST_TEST(status()->holds.count == 0U);
}

BOOST_AUTO_TEST_CASE(a_rejected_hold_is_shown_as_one_and_an_unknown_one_is_none) {
  start({"p"});
  report("p", report_of(many()));
  answer();
  report("p", report_of({"b0"}));
  BOOST_TEST(!ask<decision_ptr>(reject_atom::value, std::uint64_t{7})->hold);
  BOOST_TEST(!ask<decision_ptr>(approve_atom::value, std::uint64_t{7})->hold);
  BOOST_TEST(ask<decision_ptr>(reject_atom::value, std::uint64_t{1})->hold->rejected);
  BOOST_TEST(ask<holds_ptr>(holds_atom::value)->holds.front().rejected);
}

BOOST_AUTO_TEST_CASE(changes_by_hand_are_not_held) {
  auto settings = std::make_shared<switchyard::config::settings>();
  settings->providers = {{"manual", switchyard::config::memory_settings{}}};
  start(settings);
  report("manual", report_of(many()));
  answer();
  report("manual", report_of({}));
  BOOST_TEST(status()->backends == 0U);
  BOOST_TEST(status()->holds.count == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_held_for_hold_timeout_leaves_with_the_next_reconcile) {
  auto settings = std::make_shared<switchyard::config::settings>(*settings_with({"p"}));
  settings->guard.hold_timeout = std::chrono::milliseconds(0);
  start(settings);
  report("p", report_of(many()));
  answer();
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->backends == 20U);
  self->send(manager, reconcile_atom::value);
  run();
  BOOST_TEST(status()->backends == 1U);
}

// -- what was kept of an earlier run

struct kept : fixture {
  tests::temp_dir folder;
  keeper_ptr keeper = new_keeper();

  keeper_ptr new_keeper() const {
    return std::make_shared<view_keeper>(folder / "state", make_silent_observer());
  }
  /// Another manager, after a restart of everything.
  void restart(const std::vector<std::string>& providers) {
    self->send_exit(manager, caf::exit_reason::kill);
    run();
    manager = nullptr;
    keeper.reset();
    keeper = new_keeper();
    record.owed.clear();
    start(settings_with(providers), keeper);
  }
  void degrade(const std::string& provider) {
    self->send(manager, health_atom::value, provider,
               std::make_shared<const model::provider_health>(
                   model::provider_health{model::provider_health::level::degraded, "gone"}));
    run();
  }
};

BOOST_FIXTURE_TEST_CASE(a_source_that_is_down_has_its_last_good_view_served_and_nothing_removed,
                        kept) {
  start(settings_with({"p"}), keeper);
  report("p", report_of({"a", "b"}));
  answer();
  restart({"p"});
  BOOST_TEST(status()->backends == 0U);  // its source may answer at any moment
  BOOST_TEST(!status()->providers.front().last_good);
  degrade("p");
  const auto s = status();
  BOOST_TEST(s->backends == 2U);
  BOOST_TEST(s->providers.front().last_good.has_value());
  BOOST_TEST(!s->providers.front().reported);
  BOOST_REQUIRE_EQUAL(record.requests.size(), 1U);
  BOOST_TEST(record.requests.back()->changes.size() == 2U);
  BOOST_TEST(!record.requests.back()->complete);
  answer();
  report("p", report_of({"a", "b"}));
  BOOST_TEST(record.requests.back()->complete);
  BOOST_TEST(!status()->providers.front().last_good);
}

BOOST_FIXTURE_TEST_CASE(a_source_that_is_silent_falls_back_with_the_first_reconcile, kept) {
  start(settings_with({"p"}), keeper);
  report("p", report_of({"a", "b"}));
  answer();
  restart({"p"});
  self->send(manager, reconcile_atom::value);
  run();
  BOOST_TEST(status()->backends == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_view_of_an_earlier_run_is_what_the_first_report_is_measured_by, kept) {
  start(settings_with({"p"}), keeper);
  report("p", report_of(many()));
  answer();
  restart({"p"});
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->holds.count == 1U);
  BOOST_TEST(status()->backends == 20U);
}

BOOST_FIXTURE_TEST_CASE(without_what_was_kept_the_first_report_is_believed, kept) {
  start(settings_with({"p"}));
  report("p", report_of(many()));
  answer();
  restart({"p"});
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->holds.count == 0U);
  BOOST_TEST(status()->backends == 1U);
}

BOOST_FIXTURE_TEST_CASE(decisions_outlive_a_restart, kept) {
  start(settings_with({"p"}), keeper);
  report("p", report_of(many()));
  answer();
  report("p", report_of({"b0"}));
  ask<decision_ptr>(reject_atom::value, std::uint64_t{1});
  restart({"p"});
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->holds.count == 1U);
  BOOST_TEST(status()->holds.holds.front().rejected);
  BOOST_TEST(status()->backends == 20U);
  ask<decision_ptr>(approve_atom::value, std::uint64_t{1});
  BOOST_TEST(status()->backends == 1U);
  restart({"p"});
  report("p", report_of({"b0"}));
  BOOST_TEST(status()->holds.count == 0U);
  BOOST_TEST(status()->backends == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
