#pragma once

// What a scrape of /metrics asks HAProxy and its master, without the writer.
//
// Threading: any thread. One conversation is held at a time. A table that took HAProxy long is
// shown again for twenty times as long, so that scrapes never cost it more than a twentieth of its
// time; one that does not answer is left alone for a second at most.

#include <chrono>
#include <mutex>
#include <optional>

#include "actors/protocol.hpp"
#include "api/metrics.hpp"

namespace switchyard::actors {

class haproxy_scrape {
 public:
  explicit haproxy_scrape(settings_ptr settings) : settings_(std::move(settings)) {}

  void configure(settings_ptr settings);

  /// Nothing when HAProxy does not answer within a few seconds.
  std::optional<api::haproxy_figures> figures();
  /// Nothing when there is no master socket, or it does not answer.
  std::optional<std::uint64_t> old_workers();

 private:
  using clock = std::chrono::steady_clock;

  settings_ptr settings() const;

  mutable std::mutex settings_mutex_;
  settings_ptr settings_;  // guarded by settings_mutex_
  std::mutex asking_;      // held while HAProxy is asked; guards the two below
  std::optional<api::haproxy_figures> last_;
  clock::time_point good_until_{};
};

}  // namespace switchyard::actors
