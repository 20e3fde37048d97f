#include "providers/redis/subscriber.hpp"

#include "providers/redis/keys.hpp"
#include "providers/redis/session.hpp"

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;

}  // namespace

base::status subscriber::subscribe(const std::string& channel_prefix) {
  prefix_ = channel_prefix;
  const auto answers = session_->ask({{"PSUBSCRIBE", pattern_of_prefix(prefix_)}}, timeout_);
  if (!answers) return answers.error();
  if (answers->front().error())
    return error{errc::refused, "PSUBSCRIBE: " + words_of(answers->front())};
  return {};
}

void subscriber::sort(const reply& pushed, std::vector<std::string>& into) {
  // "pmessage", pattern, channel, the event's name; or "pong" and what was sent.
  const auto& parts = pushed.list;
  if (parts.size() == 4 && parts[0].text == "pmessage" && parts[2].text.starts_with(prefix_))
    into.push_back(parts[2].text.substr(prefix_.size()));
  else if (!parts.empty() && parts[0].text == "pong")
    ++answered_;
}

base::outcome<std::vector<std::string>> subscriber::take() {
  const auto pushed = session_->arrived();
  if (!pushed) return pushed.error();
  std::vector<std::string> keys;
  for (const auto& one : *pushed) sort(one, keys);
  return keys;
}

base::outcome<std::vector<std::string>> subscriber::take_all() {
  if (const auto sent = session_->send({"PING"}, timeout_); !sent) return sent.error();
  ++asked_;
  std::vector<std::string> keys;
  const base::deadline until(timeout_);
  while (answered_ < asked_) {
    const auto next = session_->await(until);
    if (!next) return next.error();
    sort(*next, keys);
  }
  return keys;
}

base::status subscriber::beat(std::chrono::steady_clock::time_point now) {
  if (answered_ < asked_) {
    if (now - asked_at_ < timeout_) return {};
    return error{errc::timeout, "Redis did not answer the subscribed connection in time"};
  }
  ++asked_;
  asked_at_ = now;
  return session_->send({"PING"}, timeout_);
}

}  // namespace switchyard::providers::redis
