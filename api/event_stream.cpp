#include "api/event_stream.hpp"

#include <charconv>
#include <ctime>
#include <deque>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/seconds.hpp"

namespace switchyard::api {

namespace {

constexpr std::size_t most_at_once = 128;

std::string stamp(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(time);
  const std::time_t seconds_since = system_clock::to_time_t(whole);
  std::tm parts{};
  gmtime_r(&seconds_since, &parts);
  char text[32];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  auto fraction = std::to_string(duration_cast<microseconds>(time - whole).count());
  fraction.insert(0, 6 - fraction.size(), '0');
  return std::string(text, size) + "." + fraction + "Z";
}

/// The number of an id of this run; nothing for any other text.
std::optional<std::uint64_t> number_in(std::string_view id, std::string_view run) {
  if (!id.starts_with(run) || id.size() <= run.size() + 1 || id[run.size()] != '-')
    return std::nullopt;
  id.remove_prefix(run.size() + 1);
  std::uint64_t number = 0;
  const auto read = std::from_chars(id.data(), id.data() + id.size(), number);
  if (read.ec != std::errc() || read.ptr != id.data() + id.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string to_json(const event& e, std::string_view run) {
  nlohmann::ordered_json json;
  json["id"] = std::string(run) + "-" + std::to_string(e.id);
  json["time"] = stamp(e.time);
  json["kind"] = e.kind;
  json["level"] = e.level;
  if (e.revision != 0) json["revision"] = e.revision;
  if (!e.provider.empty()) json["provider"] = e.provider;
  if (!e.backend.empty()) json["backend"] = e.backend;
  if (!e.server.empty()) json["server"] = e.server;
  json["text"] = e.text;
  if (e.took) json["took_seconds"] = in_seconds(*e.took);
  if (e.propagation) json["propagation_seconds"] = in_seconds(*e.propagation);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

event_stream::event_stream(std::shared_ptr<const event_log> log, std::string run, event_wish wish,
                           clock::time_point now)
    : log_(std::move(log)), run_(std::move(run)), wish_(std::move(wish)), sent_(now) {
  const auto newest = log_->last();
  if (wish_.after.empty()) {
    at_ = before_the_last(newest);
    return;
  }
  const auto number = number_in(wish_.after, run_);
  reset_ = !number || *number > newest;
  at_ = reset_ ? 0 : *number;
}

/// The id after which wish_.last events that are wanted come, or as many as are held; `newest`
/// where there are none.
std::uint64_t event_stream::before_the_last(std::uint64_t newest) const {
  if (wish_.last == 0) return newest;
  std::deque<std::uint64_t> found;
  // In pieces, so that the log is never locked for long.
  std::uint64_t seen = 0;
  for (auto read = log_->after(seen, most_at_once); !read.events.empty() && seen < newest;
       read = log_->after(seen, most_at_once))
    for (const auto& e : read.events) {
      seen = e->id;
      if (!wanted(*e)) continue;
      found.push_back(e->id);
      if (found.size() > wish_.last) found.pop_front();
    }
  return found.empty() ? newest : found.front() - 1;
}

std::string event_stream::next(std::chrono::milliseconds longest, clock::time_point now) {
  std::string text;
  // So that a client knows at once that it is heard, and how soon to come back.
  if (!std::exchange(begun_, true)) text = "retry: 1000\n\n";
  auto read = text.empty() && !reset_ ? log_->await(at_, most_at_once, longest)
                                      : log_->after(at_, most_at_once);
  // That of a first event is none for a log that was just begun.
  if (std::exchange(reset_, false)) read.lost = true;
  text += take(read);
  if (!text.empty()) sent_ = now;
  return text.empty() ? quiet(now) : text;
}

std::string event_stream::take(const event_log::reading& read) {
  std::string text;
  if (read.lost)
    text =
        "event: reset\ndata: {\"reason\":\"events in between are not held any more; read "
        "/v1/status and /v1/backends anew\"}\n\n";
  for (const auto& e : read.events) {
    at_ = e->id;
    if (!wanted(*e)) continue;
    text += "id: " + run_ + "-" + std::to_string(e->id) + "\nevent: " + e->kind +
            "\ndata: " + to_json(*e, run_) + "\n\n";
  }
  return text;
}

std::string event_stream::quiet(clock::time_point now) {
  if (now - sent_ < heartbeat) return "";
  sent_ = now;
  // The id alone moves the place to resume from past events that were not wanted.
  return "id: " + run_ + "-" + std::to_string(at_) + "\n: still here\n\n";
}

bool event_stream::wanted(const event& e) const {
  return (wish_.backend.empty() || wish_.backend == e.backend) &&
         (wish_.provider.empty() || wish_.provider == e.provider) &&
         (wish_.kind.empty() || wish_.kind == e.kind);
}

}  // namespace switchyard::api
