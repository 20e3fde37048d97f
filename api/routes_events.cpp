// /v1/events.

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <utility>

#include "api/event_stream.hpp"
#include "api/problem.hpp"
#include "api/routes.hpp"

namespace switchyard::api {

namespace {

/// Counts a client for as long as its answer lasts.
class listener_count {
 public:
  listener_count(std::shared_ptr<std::atomic<std::size_t>> all, std::shared_ptr<metrics> told)
      : all_(std::move(all)), told_(std::move(told)) {
    told_->listeners(++*all_);
  }
  ~listener_count() { told_->listeners(--*all_); }
  listener_count(const listener_count&) = delete;
  listener_count& operator=(const listener_count&) = delete;

 private:
  std::shared_ptr<std::atomic<std::size_t>> all_;
  std::shared_ptr<metrics> told_;
};

/// errc::invalid: `last` is no number, or there is no such kind.
base::outcome<event_wish> wish_of(const request& r) {
  const auto text = [&](const char* key) {
    const auto found = r.query.find(key);
    return found == r.query.end() ? std::string() : found->second;
  };
  event_wish wish{std::string(r.field("last-event-id")), 0, text("backend"), text("provider"),
                  text("kind")};
  if (!wish.kind.empty() && std::ranges::find(event_kinds, wish.kind) == event_kinds.end()) {
    std::string kinds;
    for (const auto kind : event_kinds) kinds.append(kinds.empty() ? "" : ", ").append(kind);
    return base::error{base::errc::invalid, "kind must be one of " + kinds};
  }
  const auto last = text("last");
  if (last.empty()) return wish;
  const auto [end, bad] = std::from_chars(last.data(), last.data() + last.size(), wish.last);
  if (bad != std::errc() || end != last.data() + last.size())
    return base::error{base::errc::invalid, "last is how many of the last events come first"};
  return wish;
}

}  // namespace

void add_events(router& to, std::shared_ptr<const event_log> from, std::shared_ptr<metrics> count,
                std::string run) {
  const auto listening = std::make_shared<std::atomic<std::size_t>>(0);
  to.add("GET", "/v1/events",
         [from = std::move(from), count = std::move(count), run = std::move(run),
          listening](const request& r) {
           const auto wish = wish_of(r);
           if (!wish) return problem(400, wish.error().message);
           const auto counted = std::make_shared<listener_count>(listening, count);
           const auto stream =
               std::make_shared<event_stream>(from, run, *wish, event_stream::clock::now());
           reply events;
           events.type = "text/event-stream";
           events.stream = [stream, counted](std::chrono::milliseconds longest) {
             return std::optional(stream->next(longest, event_stream::clock::now()));
           };
           return events;
         },
         {"backend", "provider", "kind", "last"});
}

}  // namespace switchyard::api
