#pragma once

// Follows host names: looks each one up again when its answer gets old, and tells what it found.
//
// Uses c-ares, so that /etc/hosts, /etc/resolv.conf and its search list count as they do elsewhere,
// and no look-up blocks another one. Threading: watch() from any thread; the listener is called on
// the resolver's own thread, never after the destructor has returned, and must not block.

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"

namespace switchyard::base {

class resolver {
 public:
  enum class family { any, ipv4, ipv6 };

  struct options {
    /// Between two look-ups of a name; sooner where its answer's time to live is shorter, but not
    /// within a second.
    std::chrono::milliseconds interval{10'000};
    std::chrono::milliseconds timeout{2'000};  ///< of one question to one server
    unsigned tries = 2;                        ///< of each server
    family addresses = family::any;
    std::string servers{};  ///< "IP[:PORT],…"; "": those of /etc/resolv.conf
    bool tcp = false;       ///< asks over TCP at once, not only where an answer over UDP was cut
    /// After which /etc/resolv.conf and /etc/hosts are read again.
    std::chrono::milliseconds channel_age{30'000};

    bool operator==(const options&) const = default;
  };

  struct answer {
    /// Canonical IP literals, those to be preferred first (RFC 6724); at least one.
    std::vector<std::string> addresses;
    std::chrono::seconds ttl{0};  ///< the shortest of them; 0: they have none

    bool operator==(const answer&) const = default;
  };
  /// errc::not_found: there is no such name, or it has no address; errc::timeout,
  /// errc::unavailable: no server told.
  using listener = std::function<void(const std::string& name, const outcome<answer>& found)>;

  resolver(options o, listener target);
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// Follows exactly these names from now on; new ones are looked up at once.
  void watch(std::set<std::string> names);

 private:
  class loop;

  options options_;
  listener target_;
  wakeup waker_;
  std::mutex mutex_;
  std::set<std::string> wanted_;  // guarded by mutex_, as are the next ones
  std::set<std::string> fresh_;   // of them, new since the thread looked
  bool changed_ = false;          // since then
  bool stopping_ = false;
  std::thread thread_;
};

/// What each of the names stands for, asked for once. Comes back when all are answered, or the
/// deadline has passed: those without an answer by then have errc::timeout. errc::unavailable:
/// `interrupt` (may be null) was notified; errc::io: there is no thread or descriptor left.
outcome<std::map<std::string, outcome<resolver::answer>>> resolve_once(
    const std::set<std::string>& names, const resolver::options& o, const wakeup* interrupt,
    const deadline& until);

}  // namespace switchyard::base
