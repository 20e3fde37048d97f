#include "providers/redis/notifications.hpp"

#include <utility>

#include "providers/redis/session.hpp"

namespace switchyard::providers::redis {

namespace {

constexpr const char* parameter = "notify-keyspace-events";

}  // namespace

std::optional<command> notifications::question() const {
  if (how_ != config::redis_notifications::automatic || deaf_ || denied_) return {};
  return command{"CONFIG", "GET", parameter};
}

std::optional<command> notifications::heard(const reply& answer) {
  if (answer.error() || answer.list.size() < 2) {
    denied_ = true;
    why_ = std::string("whether notify-keyspace-events has the flags ") +
           std::string(needed_flags) +
           " is not known (CONFIG GET: " + (answer.error() ? words_of(answer) : "no answer") +
           "); permit it, or say `notifications: assume` if it has";
    return {};
  }
  const auto& current = answer.list[1].text;
  const auto missing = missing_flags(current);
  if (missing.empty()) {
    why_.clear();
    return {};
  }
  why_ = std::string("notify-keyspace-events lacks the flags ") + missing;
  return command{"CONFIG", "SET", parameter, current + missing};
}

void notifications::added(const reply& answer) {
  denied_ = answer.error();
  if (!denied_)
    why_.clear();
  else
    why_ += " and may not be set (" + words_of(answer) + "); add them to redis.conf";
}

void notifications::unsubscribed(std::string why) {
  deaf_ = true;
  why_ = std::move(why);
}

}  // namespace switchyard::providers::redis
