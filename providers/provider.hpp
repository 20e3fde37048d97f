#pragma once

// The contract every provider implements.
//
// A provider watches one source and reports its backends and routes. Guarantees it gives:
//   * an event from the source is a hint: what it names is read again before it is reported;
//   * it subscribes before it reads, and after a lost connection it does both anew;
//   * an answer that failed, was cut or could not be read is never reported as "empty": nothing is
//     reported then but the health;
//   * one bad object is refused by name, the rest goes on;
//   * what one transaction of the source changed is one report.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "model/event.hpp"

namespace switchyard::providers {

/// Where a provider reports to. Every function may be called from any thread and returns at once;
/// the caller need not wait for what was reported to take effect.
class sink {
 public:
  virtual ~sink() = default;
  virtual void report(model::report report) = 0;
  virtual void health(model::provider_health health) = 0;
  /// The full view was read again, and is as it was reported last.
  virtual void unchanged() {}
};

/// What a look at a source has found, for `switchyard doctor`.
struct diagnosis {
  enum class level { ok, warning, error };
  level value = level::ok;
  std::string text;    ///< one sentence
  std::string remedy;  ///< what to do about it; "" for what is ok
};

class provider {
 public:
  virtual ~provider() = default;

  /// Watches the source on a thread of its own until stop(): reports a full view first, then what
  /// changes. Heals its own connections, with backoff. `target` must outlive stop(). A stopped
  /// provider may be started again and begins with a full view.
  virtual void start(sink& target) = 0;

  /// Ends the watching and waits for its thread, at most a few seconds even when the source hangs.
  /// After it returns the sink is not called any more. Safe when not started.
  virtual void stop() = 0;

  /// Reads the full view once, on the caller's thread and on a connection of its own. May block up
  /// to the provider's deadline. For `switchyard check` and for plans.
  virtual base::outcome<model::report> backends() = 0;

  /// Reads one backend once, likewise; the event's value is nullptr when the source has none.
  virtual base::outcome<model::report> backend(const std::string& name) = 0;

  /// What else its driver can ask of a source that can be read: whether changes are told of,
  /// clocks, the source's own settings. On the caller's thread and on connections of its own; every
  /// wait has a deadline.
  virtual std::vector<diagnosis> diagnose() { return {}; }

  /// What to do about an error of backends() or backend(); "" when nothing is known.
  virtual std::string remedy(const base::error& /*why*/) const { return ""; }
};

using provider_ptr = std::unique_ptr<provider>;

}  // namespace switchyard::providers
