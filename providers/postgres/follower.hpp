#pragma once

// Follows the database over one session, until the session is lost or the provider is stopped.
//
// Subscribes, reads everything, then reads what notifications name. Threading: the provider's own
// thread.

#include <chrono>
#include <memory>
#include <string>

#include "base/backoff.hpp"
#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "providers/postgres/connection.hpp"
#include "providers/postgres/hints.hpp"
#include "providers/postgres/reader.hpp"
#include "providers/publisher.hpp"

namespace switchyard::providers::postgres {

class follower {
 public:
  /// All references must outlive the follower; `stop` ends run() and interrupts what it waits for.
  follower(const config::postgres_settings& settings, const reader& reader,
           const base::wakeup& stop, publisher& out);

  /// Returns success when it was stopped, or when a new session should be tried at once; else why
  /// the session could not be opened or was lost.
  base::status run();

 private:
  using clock = std::chrono::steady_clock;

  bool stopped() const;
  bool listens() const { return settings_.listen && why_not_.empty(); }
  base::status begin();
  base::status step();
  base::status wait(clock::time_point until);
  base::status take_notifications();
  base::status read();
  base::status refused(const base::error& why, clock::time_point began);
  base::outcome<model::report> collect();
  base::status beat();
  std::string slower_by_rows() const;
  void show_health();

  const config::postgres_settings& settings_;
  const reader& reader_;
  const base::wakeup& stop_;
  publisher& out_;
  std::unique_ptr<connection> session_;
  std::string why_not_;  // why notifications are not relied on though they are wanted
  session_memory memory_;
  hints hints_;
  clock::time_point told_at_;  // when the first of hints_ came
  clock::time_point full_at_;  // when everything is to be read next
  clock::time_point
      rest_until_;             // while reading is refused: not again before, whatever is notified
  clock::time_point beat_at_;  // when the session is to be tried next
  clock::time_point resubscribe_at_;
  bool failed_ = false;  // the last read was refused: only a full one shows the state again
  base::backoff retry_{{std::chrono::milliseconds(250), std::chrono::milliseconds(10'000),
                        std::chrono::milliseconds(30'000)}};
};

}  // namespace switchyard::providers::postgres
