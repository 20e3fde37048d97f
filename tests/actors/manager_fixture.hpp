#pragma once

// A manager with a writer under the test's control. Threading: the test's.

#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/manager.hpp"
#include "tests/actors/controlled_writer.hpp"
#include "tests/actors/coordinated.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

inline settings_ptr settings_with(const std::vector<std::string>& providers) {
  auto s = std::make_shared<config::settings>();
  for (const auto& name : providers) s->providers.push_back({name, config::file_settings{}});
  return s;
}

inline report_ptr report_of(const std::vector<std::string>& backends, bool full = true,
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

struct manager_fixture : tests::coordinated {
  writer_record record;
  writer_actor writer = system.spawn(controlled_writer, &record);
  manager_actor manager;
  observer_ptr seen_by = make_silent_observer();
  int acknowledged = 0;

  void start(const std::vector<std::string>& providers) { start(settings_with(providers)); }

  void start(const settings_ptr& settings, const keeper_ptr& keeper = nullptr) {
    manager = spawn_manager(system, settings, seen_by, keeper);
    self->send(manager, use_atom::value, writer);
    run();
    answer();  // the whole (empty) desired state, which a new writer always gets
    record.requests.clear();
  }

  ~manager_fixture() {
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
    const caf::scoped_actor asker{system};
    auto answer = asker->request(manager, caf::infinite, message...);
    // Whoever keeps views for the manager has a thread of its own, which tells it things.
    BOOST_REQUIRE(tests::eventually([&] {
      run();
      return asker->has_next_message();
    }));
    Result result{};
    answer.receive([&](const Result& r) { result = r; },
                   [&](const caf::error& e) { BOOST_FAIL(system.render(e)); });
    return result;
  }

  status_ptr status() { return ask<status_ptr>(status_atom::value); }
};

/// Names of so many backends: losing most of them is too much for the guard.
inline std::vector<std::string> twenty() {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("b" + std::to_string(i));
  return names;
}

}  // namespace switchyard::actors
