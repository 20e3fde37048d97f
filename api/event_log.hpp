#pragma once

// What switchyard did of late, as events with growing ids: a bounded ring that readers follow.
//
// A reader that asks for what came after an event gets all of it, or is told that some of it is no
// longer held; the ring never waits for a reader. Threading: any thread; append() holds the lock
// for a moment, whatever the readers do.

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::api {

/// What events are about (docs/events.md).
inline constexpr std::array<std::string_view, 16> event_kinds{
    "actor", "api",  "backend",  "certificate", "collision", "file",   "haproxy", "hold",
    "log",   "name", "provider", "refused",     "reload",    "routes", "server",  "switchyard"};

struct event {
  std::uint64_t id = 0;  ///< given by append(): 1, 2, 3 …
  std::chrono::system_clock::time_point time{};
  std::string kind;                              ///< one of event_kinds
  std::string level;                             ///< as the log names it: "info", "warning" …
  std::uint64_t revision = 0;                    ///< of the desired state; 0: none is concerned
  std::string provider;                          ///< "" when none is, or several are concerned
  std::string backend;                           ///< likewise
  std::string server;                            ///< likewise
  std::string text;                              ///< one sentence, as in the log
  std::optional<std::chrono::nanoseconds> took;  ///< how long switchyard worked on it
  std::optional<std::chrono::nanoseconds> propagation;  ///< since the source told of it

  bool operator==(const event&) const = default;
};
using event_ptr = std::shared_ptr<const event>;

class event_log {
 public:
  /// Keeps the last `capacity` events (≥ 1).
  explicit event_log(std::size_t capacity = 4096) : capacity_(capacity == 0 ? 1 : capacity) {}

  /// Adds an event, with the next id, and wakes who waits. Returns the id.
  std::uint64_t append(event e);

  struct reading {
    std::vector<event_ptr> events;  ///< in order of their ids
    bool lost = false;              ///< others that came after the asked one are not held any more
  };
  /// Those after the event with that id (0: from the first one on), at most `most`. An id that was
  /// not given yet is that of another log: `lost`, and everything that is held.
  reading after(std::uint64_t id, std::size_t most) const;
  /// The same, once there is one, or after `longest` with none.
  reading await(std::uint64_t id, std::size_t most, std::chrono::milliseconds longest) const;

  /// The id given last; 0: none yet.
  std::uint64_t last() const;

 private:
  reading read(std::uint64_t id, std::size_t most) const;

  std::size_t capacity_;
  mutable std::mutex mutex_;
  mutable std::condition_variable more_;
  std::deque<event_ptr> held_;  // guarded by mutex_, as is the next one
  std::uint64_t last_ = 0;
};

}  // namespace switchyard::api
