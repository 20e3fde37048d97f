#pragma once

// A writer on the test's clock, with a real HAProxy. The test is its manager.
//
// Threading: the test's.

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/writer.hpp"
#include "tests/actors/coordinated.hpp"
#include "tests/haproxy/gateway_sites.hpp"
#include "tests/haproxy/passing_surroundings.hpp"

namespace switchyard::actors {

/// The real surroundings, in which something happens before the next reload.
class interrupted final : public tests::passing_surroundings {
 public:
  interrupted(const settings& s, std::shared_ptr<std::function<void()>> what)
      : passing_surroundings(haproxy::real_surroundings(s)), what_(std::move(what)) {}

  base::outcome<haproxy::reload_result> reload(const settings& s,
                                               const haproxy::capabilities& can) override {
    if (const auto what = std::exchange(*what_, nullptr)) what();
    return passing_surroundings::reload(s, can);
  }

 private:
  std::shared_ptr<std::function<void()>> what_;
};

struct writer_fixture : tests::coordinated {
  tests::gateway_site site;
  observer_ptr seen_by = make_silent_observer();
  /// Done in the middle of the next reload, and so of an apply, once.
  std::shared_ptr<std::function<void()>> in_reload = std::make_shared<std::function<void()>>();
  writer_actor writer;
  std::uint64_t revision = 0;

  explicit writer_fixture(const tests::gateway_options& options = {}) : site(options) {
    // That of HAProxy's files and processes as well.
    scheduler.clock().current_time = std::chrono::steady_clock::now();
  }
  ~writer_fixture() { stop(); }

  /// Asks the writer to end, where there is one.
  void stop() {
    if (writer) self->send(writer, stop_atom::value);
    run();
  }

  settings_ptr settings() const {
    auto s = std::make_shared<switchyard::config::settings>();
    s->haproxy = site.settings.haproxy;
    s->frontends = site.settings.frontends;
    s->drain_timeout = site.settings.drain_timeout;
    return s;
  }

  void start() {
    writer = spawn_writer(system, settings(), seen_by,
                          {.outside =
                               [what = in_reload](const switchyard::config::haproxy_settings& s) {
                                 return std::make_unique<interrupted>(s, what);
                               },
                           .detached = false});
    run();
  }

  apply_request_ptr numbered(haproxy::apply_request request) {
    request.revision = ++revision;
    return std::make_shared<const haproxy::apply_request>(std::move(request));
  }
  apply_request_ptr with(const model::backend& backend) {
    return numbered(tests::part({tests::change(backend)}));
  }

  haproxy::apply_report apply(const apply_request_ptr& request) {
    return ask(apply_atom::value, request);
  }
  haproxy::apply_report reconcile() { return ask(reconcile_atom::value); }

  /// The answer to a message.
  template <class... Message>
  haproxy::apply_report ask(const Message&... message) {
    self->send(writer, message...);
    std::optional<haproxy::apply_report> answer;
    // Whoever watches HAProxy's sockets has a thread of its own, which tells the writer things.
    BOOST_REQUIRE(tests::eventually([&] {
      run();
      self->receive([&](const apply_report_ptr& a) { answer = *a; },
                    caf::after(std::chrono::milliseconds(0)) >> [] {});
      return answer.has_value();
    }));
    return *answer;
  }

  /// What the manager was told without having asked, since the last call.
  std::vector<haproxy::apply_report> noted() {
    std::vector<haproxy::apply_report> all;
    while (self->has_next_message())
      self->receive([&](noted_atom, const apply_report_ptr& r) { all.push_back(*r); });
    return all;
  }

  /// Whether the writer has ended; what for, when it was an error.
  std::optional<caf::error> end() {
    std::optional<caf::error> why;
    self->monitor(writer);
    self->receive([&](const caf::down_msg& down) { why = down.reason; },
                  caf::after(std::chrono::milliseconds(0)) >> [] {});
    return why;
  }

  std::vector<std::string> events() const {
    std::vector<std::string> texts;
    for (const auto& e : seen_by->events()->after(0, 1000).events) texts.push_back(e->text);
    return texts;
  }
  bool told(std::string_view text) const {
    for (const auto& e : events())
      if (tests::contains(e, text)) return true;
    return false;
  }
};

/// An attached HAProxy that has the backend "web" of s1 and s2 from an earlier run.
struct web_writer : writer_fixture {
  web_writer() {
    site.begin({tests::web_site::web()});
    site.end_gateway();
    start();
  }
};

}  // namespace switchyard::actors
