#pragma once

// When HAProxy may be reloaded: at least `min_interval` apart, after failures with growing waits,
// and not while too many old workers are still draining.
//
// Pure. Threading: one thread.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/backoff.hpp"
#include "config/settings.hpp"

namespace switchyard::haproxy {

class reload_budget {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit reload_budget(const config::reload_settings& settings) : settings_(settings) {}

  void configure(const config::reload_settings& settings) { settings_ = settings; }

  /// The earliest moment for the next reload; at or before now means at once.
  time_point earliest() const;
  /// Whether as many old workers as `old_workers` leave room for another one.
  bool allows(std::size_t old_workers) const { return old_workers < settings_.max_old_workers; }

  void succeeded(time_point now);
  /// HAProxy took a reload, without what had made it refuse the one before: that still counts.
  void went_without(time_point now) { last_ = now; }
  /// A reload that was refused or timed out, or a configuration that HAProxy does not take.
  void failed(time_point now, std::uint32_t random);
  /// What a reload would load is another one than what failed: it need not wait for the backoff.
  void changed() { not_before_ = {}; }
  unsigned failures() const { return backoff_.failures(); }

 private:
  config::reload_settings settings_;
  base::backoff backoff_{
      {std::chrono::seconds(1), std::chrono::seconds(60), std::chrono::hours(1)}};
  std::optional<time_point> last_;
  time_point not_before_{};
};

}  // namespace switchyard::haproxy
