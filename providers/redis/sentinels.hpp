#pragma once

// Asking sentinels which Redis is the master.
//
// After a partition a sentinel may still name the master of before: each failover raises the
// configuration epoch, and an answer with a lower one than was seen already counts for nothing.
// Threading: one thread. Every question has a deadline of at most a second.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "providers/redis/connection.hpp"
#include "providers/redis/reply.hpp"
#include "providers/redis/url.hpp"

namespace switchyard::providers::redis {

/// What a sentinel knows of a master.
struct master_view {
  endpoint at;
  std::int64_t epoch = 0;

  bool operator==(const master_view&) const = default;
};

/// The answer to SENTINEL MASTER. errc::refused: there is no such master; errc::protocol.
base::outcome<master_view> read_master(const reply& answer);

class sentinels {
 public:
  /// Both must outlive the object; `interrupt` may be null.
  sentinels(const config::redis_settings& settings, const base::wakeup* interrupt);

  /// Asks all of them. errc::unavailable: none answered; errc::refused: none knows the master;
  /// errc::invalid: unusable settings.
  base::outcome<endpoint> find();
  /// Asks one of them, by turns. false: a failover has made another Redis than `current` master.
  /// What cannot be answered is no.
  bool still(const endpoint& current);

 private:
  struct peer {
    std::string address;
    std::unique_ptr<connection> session;
  };

  base::outcome<master_view> ask(peer& one, std::chrono::milliseconds longest);
  base::status connect(peer& one, std::chrono::milliseconds longest);

  const config::redis_settings& settings_;
  const base::wakeup* interrupt_;
  std::vector<peer> peers_;
  std::size_t turn_ = 0;
  std::int64_t epoch_ = -1;  // the highest that was seen
};

/// The Redis to follow: what the sentinels say, or the URL's where there are none.
base::outcome<endpoint> master_of(const config::redis_settings& settings, sentinels& masters);

}  // namespace switchyard::providers::redis
