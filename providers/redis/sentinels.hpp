#pragma once

// Asking sentinels which Redis is the master.
//
// After a partition a sentinel may still name the master of before: each failover raises the
// configuration epoch, and a few answers with a lower one than was seen already count for nothing.
// Threading: one thread. Every question has a deadline of at most a second.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

/// The answers to SENTINEL MASTER and, asked after it, SENTINEL GET-MASTER-ADDR-BY-NAME. During a
/// failover only the latter names the master that the epoch is of (sentinel.c,
/// sentinelGetCurrentMasterAddress). errc::refused: there is no such master; errc::protocol.
base::outcome<master_view> read_master(const reply& master, const reply& address);

/// What counts of the answers: the master of the latest failover; where that is told in two ways,
/// what more of them say. Nothing when that is earlier than `seen`, unless more than half of all
/// `listed` ones name the same master: then they were set up anew, and count from 0 again.
std::optional<master_view> chosen(const std::vector<master_view>& answers, std::size_t listed,
                                  std::int64_t seen);

class sentinels {
 public:
  /// Both must outlive the object; `interrupt` may be null.
  sentinels(const config::redis_settings& settings, const base::wakeup* interrupt);

  /// Asks all of them. errc::unavailable: none answered; errc::refused: none knows the master;
  /// errc::invalid: unusable settings.
  base::outcome<endpoint> find();
  /// Asks one of them, by turns. false: by that and by what the others said last, another Redis
  /// than `current` is master, as find() would say. What cannot be answered is no.
  bool still(const endpoint& current);

 private:
  struct peer {
    std::string address;
    std::unique_ptr<connection> session;
    std::optional<master_view> said{};  // when it was asked last
  };

  std::optional<master_view> chosen_of_all() const;
  base::outcome<master_view> ask(peer& one, std::chrono::milliseconds longest);
  base::outcome<master_view> look_up(peer& one, std::chrono::milliseconds longest);
  base::status connect(peer& one, std::chrono::milliseconds longest);

  const config::redis_settings& settings_;
  const base::wakeup* interrupt_;
  std::vector<peer> peers_;
  std::size_t turn_ = 0;
  std::int64_t epoch_ = -1;  // of the master that was found last
};

/// The Redis to follow: what the sentinels say, or the URL's where there are none.
base::outcome<endpoint> master_of(const config::redis_settings& settings, sentinels& masters);

}  // namespace switchyard::providers::redis
