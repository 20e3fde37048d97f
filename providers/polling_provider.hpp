#pragma once

// A provider that looks at its source again and again: the base of exec and rest, and the shortest
// way to a provider of one's own (docs/providers/custom.md).
//
// The last good view stays in force until a look gives another one; a look that fails changes
// nothing but the health. A view that equals the last one goes no further than here.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/backoff.hpp"
#include "providers/threaded_provider.hpp"

namespace switchyard::providers {

/// What one look at a source gave.
struct polled {
  /// The view. Nothing: it is what it was at the look before, or could not be had (see fault).
  std::optional<model::report> view{};
  /// What could not be read, in one sentence; "": nothing. The view is of what could.
  std::string fault{};
  /// What works, but not at its best; "" usually.
  std::string note{};
  /// When to look again. Nothing: after the interval, or after a backoff when there is a fault.
  std::optional<std::chrono::milliseconds> wait{};
};

/// Looks at a source once. Called by one thread at a time, so it may keep what it has learned. An
/// error is a fault without a view. It must come back within a few seconds once `stop` is notified
/// (nullptr: nobody will), so everything that it waits for has a deadline or is waited for together
/// with `stop`. An exception is an internal error: watching starts over.
using look_function = std::function<base::outcome<polled>(const base::wakeup* stop)>;

/// When to look again. Pure. Threading: a value.
class polling_schedule {
 public:
  using clock = std::chrono::steady_clock;

  explicit polling_schedule(std::chrono::milliseconds interval);

  /// The interval, a tenth of it more or less as `random` says (uniform over its range), so that
  /// many switchyards do not ask together.
  std::chrono::milliseconds after_success(std::uint32_t random);
  /// A second or less after the first failure, twice as long after each further one, up to the
  /// interval or half a minute, whichever is longer.
  std::chrono::milliseconds after_failure(clock::time_point now, std::uint32_t random);

 private:
  std::chrono::milliseconds interval_;
  base::backoff retry_;
};

class polling_provider : public threaded_provider {
 public:
  /// `name` is that of the entry under `providers:`. `open` gives a look that knows nothing yet:
  /// one for watching, one for each call of backends() or backend(), which may run side by side.
  polling_provider(std::string name, std::chrono::milliseconds interval,
                   std::function<look_function()> open);
  ~polling_provider() override;

  base::outcome<model::report> backends() override;
  base::outcome<model::report> backend(const std::string& name) override;

 protected:
  void watch(sink& target) final;

 private:
  std::string name_;
  std::chrono::milliseconds interval_;
  std::function<look_function()> open_;
};

}  // namespace switchyard::providers
