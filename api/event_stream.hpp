#pragma once

// Events as a stream of server-sent events (HTML standard, "Server-sent events").
//
// An event's id on the wire is "RUN-NUMBER": the run tells the ids of a restarted switchyard apart.
// A client that asks for what came after an id gets it; where that is not held any more, or is of
// another run, it gets an event `reset` first: what it knows is to be read anew. Without an id the
// stream begins with what comes next. While nothing comes, a comment every 15 s keeps the
// connection open. Threading: one thread; the log outlives the stream.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/event_log.hpp"

namespace switchyard::api {

/// One JSON object; fields that say nothing are left out. Times are RFC 3339 in UTC, durations
/// seconds.
std::string to_json(const event& e, std::string_view run);

/// What a client wants to see.
struct event_wish {
  std::string after;                    ///< the id as it came, "" for none
  std::size_t last = 0;                 ///< without an id: so many of the last wanted ones first
  std::string backend, provider, kind;  ///< only those; "" for all
};

class event_stream {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds heartbeat{15};

  event_stream(std::shared_ptr<const event_log> log, std::string run, event_wish wish,
               clock::time_point now);

  /// The next bytes to send, `now` or after at most `longest`; "" when there are none.
  std::string next(std::chrono::milliseconds longest, clock::time_point now);

 private:
  std::uint64_t before_the_last(std::uint64_t newest) const;
  std::string take(const event_log::reading& read);
  std::string quiet(clock::time_point now);
  bool wanted(const event& e) const;

  std::shared_ptr<const event_log> log_;
  std::string run_;
  event_wish wish_;
  std::uint64_t at_ = 0;
  bool begun_ = false;
  bool reset_ = false;
  clock::time_point sent_;
};

}  // namespace switchyard::api
