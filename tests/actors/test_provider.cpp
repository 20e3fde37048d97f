#include <atomic>
#include <boost/test/unit_test.hpp>
#include <mutex>

#include "actors/provider.hpp"
#include "providers/editable.hpp"
#include "tests/actors/scripted_manager.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

/// A source that the test speaks for.
struct source {
  std::mutex mutex;
  providers::sink* sink = nullptr;
  std::atomic<int> starts{0};
  std::atomic<int> stops{0};
  std::atomic<bool> reports_edits{true};  ///< false: as one that cannot report yet

  void say(model::report r) {
    const std::lock_guard lock(mutex);
    if (sink != nullptr) sink->report(std::move(r));
  }
};

model::report naming(const std::string& backend) {
  model::report r;
  r.backends[backend] = {};
  return r;
}

class spoken_provider final : public providers::provider, public providers::editable {
 public:
  explicit spoken_provider(source& s) : source_(s) {}
  void start(providers::sink& target) override {
    const std::lock_guard lock(source_.mutex);
    source_.sink = &target;
    ++source_.starts;
  }
  void stop() override {
    const std::lock_guard lock(source_.mutex);
    if (source_.sink != nullptr) ++source_.stops;
    source_.sink = nullptr;
  }
  base::outcome<model::edited> edit(const model::edit& change) override {
    if (source_.reports_edits) source_.say(naming(change.backend));
    return model::edited{false, true, "v"};
  }
  base::outcome<model::report> backends() override { return model::report{}; }
  base::outcome<model::report> backend(const std::string&) override { return model::report{}; }

 private:
  source& source_;
};

/// What reached the manager, which answers when the test says so.
struct manager_record {
  std::mutex mutex;
  std::vector<std::pair<std::uint64_t, report_ptr>> reports;
  std::vector<caf::typed_response_promise<std::uint64_t>> owed;

  std::size_t count() {
    const std::lock_guard lock(mutex);
    return reports.size();
  }
};

manager_script recording(manager_record* record) {
  return {
      .report =
          [=](manager_actor::pointer self, std::uint64_t epoch, const report_ptr& report) {
            auto p = self->make_response_promise<std::uint64_t>();
            const std::lock_guard lock(record->mutex);
            record->reports.emplace_back(epoch, report);
            record->owed.push_back(p);
            return p;
          },
      // The test's "go": answer all that is owed.
      .reconcile =
          [=] {
            const std::lock_guard lock(record->mutex);
            for (auto& p : record->owed) p.deliver(std::uint64_t{1});
            record->owed.clear();
          },
  };
}

struct sharing_config : caf::actor_system_config {
  sharing_config() { set("scheduler.policy", caf::atom("sharing")); }
};

struct fixture {
  source told;
  manager_record record;
  sharing_config cfg;
  caf::actor_system system{cfg};
  manager_actor manager = system.spawn(scripted_manager, recording(&record));
  provider_actor provider = spawn_provider(
      system, "p",
      [this]() -> base::outcome<providers::provider_ptr> {
        return providers::provider_ptr(std::make_unique<spoken_provider>(told));
      },
      {.event_buffer = 3, .max_objects = 20}, 100, make_silent_observer());

  fixture() {
    caf::anon_send(provider, use_atom::value, manager);
    BOOST_REQUIRE(tests::eventually([&] { return told.starts == 1; }));
  }
  ~fixture() {
    caf::anon_send_exit(provider, caf::exit_reason::kill);
    caf::anon_send_exit(manager, caf::exit_reason::kill);
    provider = nullptr;
    manager = nullptr;
    // An answer that is owed keeps the one who asked alive.
    BOOST_CHECK(tests::eventually([&] { return told.starts == told.stops; }));
    const std::lock_guard lock(record.mutex);
    record.owed.clear();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(provider_protocol, fixture)

BOOST_AUTO_TEST_CASE(one_report_is_on_the_way_and_what_comes_meanwhile_folds) {
  told.say(naming("a"));
  BOOST_REQUIRE(tests::eventually([&] { return record.count() == 1; }));
  for (const auto* name : {"b", "c", "d", "e", "f"}) told.say(naming(name));
  caf::anon_send(manager, reconcile_atom::value);
  BOOST_REQUIRE(tests::eventually([&] { return record.count() == 2; }));
  const std::lock_guard lock(record.mutex);
  BOOST_TEST(record.reports[1].second->backends.size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_new_manager_means_a_new_epoch_and_a_fresh_start) {
  told.say(naming("a"));
  BOOST_REQUIRE(tests::eventually([&] { return record.count() == 1; }));
  caf::anon_send(provider, use_atom::value, manager);
  BOOST_REQUIRE(tests::eventually([&] { return told.starts == 2; }));
  BOOST_TEST(told.stops == 1);
  told.say(naming("b"));
  BOOST_REQUIRE(tests::eventually([&] { return record.count() == 2; }));
  const std::lock_guard lock(record.mutex);
  BOOST_TEST(record.reports[1].first > record.reports[0].first);
}

BOOST_AUTO_TEST_CASE(whatever_ends_the_actor_the_source_is_let_go) {
  caf::anon_send_exit(provider, caf::exit_reason::kill);
  BOOST_TEST(tests::eventually([&] { return told.stops == 1; }));
}

BOOST_AUTO_TEST_CASE(a_change_by_hand_is_applied_with_the_report_that_has_it) {
  const caf::scoped_actor asker{system};
  const auto report_of_edit = [&] {
    std::uint64_t number = 0;
    asker
        ->request(provider, std::chrono::seconds(5), edit_atom::value,
                  edit_ptr(std::make_shared<const model::edit>()))
        .receive([&](const edit_answer_ptr& a) { number = a->report; },
                 [](const caf::error&) { BOOST_ERROR("no answer"); });
    return number;
  };
  BOOST_TEST(report_of_edit() == 1U);
  BOOST_TEST(report_of_edit() == 2U);
  told.reports_edits = false;
  BOOST_TEST(report_of_edit() == 3U);
  BOOST_TEST(report_of_edit() == 3U);  // they come in one
}

BOOST_AUTO_TEST_CASE(an_actor_that_ends_keeps_nobody_waiting_for_a_report) {
  const caf::scoped_actor asker{system};
  auto applied =
      asker->request(provider, std::chrono::seconds(5), await_atom::value, std::uint64_t{1});
  caf::anon_send_exit(provider, caf::exit_reason::user_shutdown);
  applied.receive([](std::uint64_t) { BOOST_ERROR("an answer"); },
                  [](const caf::error& e) { BOOST_TEST((e == caf::sec::request_receiver_down)); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
