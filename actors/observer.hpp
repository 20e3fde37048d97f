#pragma once

// Who hears of everything that switchyard does, and tells operators: a line in the log, an event
// for /v1/events, and the figures of /metrics, all made from one value.
//
// Callers tell it after the fact, once what they did is on its way: nothing here comes before a
// change. Threading: any thread. Lives as long as the process, longer than all actors.

#include <spdlog/common.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/change_origins.hpp"
#include "actors/log.hpp"
#include "actors/pass_kind.hpp"
#include "actors/refusal_log.hpp"
#include "api/event_log.hpp"
#include "api/metrics.hpp"
#include "config/settings.hpp"
#include "haproxy/apply.hpp"
#include "haproxy/messages.hpp"
#include "model/desired_state.hpp"
#include "model/event.hpp"

namespace switchyard::actors {

class observer {
 public:
  explicit observer(log_ptr log);

  // -- the manager
  /// Other settings: providers come and go.
  void configured(const config::settings& settings);
  /// A provider's report was taken. `known`: how many objects of the provider are not taken now.
  void reported(const std::string& provider, const model::report& report,
                const refusal_log::news& refusals, std::size_t known);
  /// Lines for objects of a provider that are not taken.
  void refuses(const std::string& provider, const std::vector<std::string>& lines);
  /// A provider has read its full view.
  void read_whole(const std::string& provider);
  /// A provider's source has so many objects.
  void counts(const std::string& provider, std::size_t objects);
  /// So many of a provider's reports wait for the acknowledgement of the one before.
  void holds_back(const std::string& provider, std::size_t reports);
  /// Collisions that began or ended with a fold; each is told for both providers.
  void collided(const model::fold_result& what, const model::desired_state& desired);
  void fares(const std::string& provider, const model::provider_health& before,
             const model::provider_health& now);
  /// The highest revision of the desired state of any manager, at once: the next one goes on from
  /// there.
  void reached(std::uint64_t revision) { reached_ = revision; }
  std::uint64_t reached() const { return reached_; }
  /// The desired state, and how much of it waits for the writer.
  void desires(const model::desired_state& desired, std::size_t waiting);
  /// The writer has ended a pass. `whose`: the changes that it was about.
  void passed(pass_kind kind, const haproxy::apply_report& report, const attributions& whose,
              const model::desired_state& desired);

  // -- the writer, when no manager can tell
  void did(const haproxy::apply_report& report) { tell(report, {}, nullptr); }
  /// A managed HAProxy says something of itself: a line of the log, and no event, since there may
  /// be very many.
  void relays(const haproxy::message& said);

  // -- the supervisor
  /// A part has failed, and starts again after the wait.
  void failed(const std::string& actor, const std::string& reason, std::chrono::milliseconds wait);

  // -- anybody
  /// `kind` as docs/events.md names it.
  void say(spdlog::level::level_enum level, std::string_view kind, const std::string& text,
           const log_fields& fields = {});

  /// Another level of the log from now on.
  void use_level(config::log_level level);

  const log_ptr& log() const { return log_; }
  /// Tells the ids of these events apart from those of an earlier run.
  const std::string& run() const { return run_; }
  const std::shared_ptr<api::event_log>& events() const { return events_; }
  const std::shared_ptr<api::metrics>& figures() const { return figures_; }

 private:
  void tell(const haproxy::apply_report& report, const attributions& whose,
            const model::desired_state* desired);
  void describe(pass_kind kind, const haproxy::apply_report& report);
  void count(pass_kind kind, const haproxy::apply_report& report);
  void count_reload(const haproxy::apply_report& report);

  log_ptr log_;
  std::string run_;
  std::shared_ptr<api::event_log> events_;
  std::shared_ptr<api::metrics> figures_;
  std::atomic<std::uint64_t> reached_{0};  // written by one manager at a time
  std::mutex mutex_;
  std::set<std::string> providers_;  // guarded by mutex_
};

using observer_ptr = std::shared_ptr<observer>;

/// One that tells nobody, for tests.
observer_ptr make_silent_observer();

}  // namespace switchyard::actors
