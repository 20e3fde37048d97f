#pragma once

// Follows a Redis over two connections, until one is lost or the provider is stopped.
//
// Subscribes, reads everything, then reads what events name. Threading: the provider's own thread.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "providers/publisher.hpp"
#include "providers/redis/book.hpp"
#include "providers/redis/expiry.hpp"
#include "providers/redis/hints.hpp"
#include "providers/redis/notifications.hpp"
#include "providers/redis/reader.hpp"
#include "providers/redis/sentinels.hpp"
#include "providers/redis/subscriber.hpp"

namespace switchyard::providers::redis {

class follower {
 public:
  /// All references must outlive the follower; `stop` ends run() and interrupts what it waits for.
  follower(const config::redis_settings& settings, sentinels& masters, const base::wakeup& stop,
           publisher& out);

  /// Returns success when it was stopped, or when a new session should be tried at once; else why
  /// the session could not be opened or was lost.
  base::status run();

 private:
  using clock = std::chrono::steady_clock;

  bool stopped() const;
  base::status begin();
  base::status subscribe(std::uint32_t database);
  bool by_sentinels() const { return !settings_.sentinels.empty(); }
  base::status step();
  base::status wait(clock::time_point until);
  clock::time_point next_time() const;
  base::status take_events();
  void note(const std::vector<std::string>& keys);
  base::status read();
  base::outcome<model::report> collect();
  base::status read_everything();
  base::status read_named(const hints& wanted);
  base::status beat();
  base::status try_connections();
  base::status judge_role(const reply& answer);
  base::status judge_flags(const reply& answer);
  void judge_size(const reply& answer);
  void ask_for_everything();
  base::status explain_disturbance();
  base::status failed(const base::error& why);
  void watch_another(const std::set<std::string>& known);
  void show_health();

  const config::redis_settings& settings_;
  sentinels& masters_;
  const base::wakeup& stop_;
  publisher& out_;
  endpoint at_;
  notifications flags_;
  std::unique_ptr<subscriber> events_;  // null when nothing can be heard
  std::unique_ptr<reader> reader_;
  book book_;
  expiry expiry_;
  hints hints_;
  std::string watched_;           // the key that the reader watches, "" when there is none
  bool watched_touched_ = false;  // an event named it since
  std::size_t turn_ = 0;          // of the keys to watch
  clock::time_point told_at_;     // when the first of hints_ came
  bool replaced_ = false;         // another Redis is the master now
  std::int64_t size_read_ = -1;   // DBSIZE when everything was read because of it
  clock::time_point read_at_{};   // when everything was read last
  clock::time_point full_at_;     // when everything is to be read next
  clock::time_point beat_at_;     // when the connections are to be tried next
  bool failed_ = false;           // reading was refused: only a full one shows the state again
  base::backoff retry_{{std::chrono::milliseconds(250), std::chrono::milliseconds(10'000),
                        std::chrono::milliseconds(30'000)}};
};

}  // namespace switchyard::providers::redis
