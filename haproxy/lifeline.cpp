#include "haproxy/lifeline.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/fd.hpp"
#include "haproxy/replies.hpp"

namespace switchyard::haproxy {

namespace {

base::outcome<process_info> info_of(conversation& with) {
  const auto reply = with.execute_raw("show info");
  if (!reply) return reply.error();
  return parse_info(*reply);
}

}  // namespace

void lifeline::hold(std::unique_ptr<conversation> with, pid_t worker) {
  drop();
  missed();
  // HAProxy closes idle conversations after "stats timeout" (10 s by default); an hour is the most
  // it takes.
  if (!with->execute_raw("set timeout cli 3600")) return;
  const auto info = info_of(*with);
  if (!info || info->pid != worker) return;  // an old worker, for a moment after a reload
  conversation_ = std::move(with);
  ++generation_;
  misses_ = 0;
}

std::chrono::milliseconds lifeline::pause() const {
  constexpr std::chrono::milliseconds first{200};
  constexpr unsigned most_doublings = 6;
  return misses_ < 2 ? std::chrono::milliseconds(0)
                     : std::min(first * (1 << std::min(misses_ - 2, most_doublings)),
                                std::chrono::milliseconds(10'000));
}

void lifeline::drop() {
  if (conversation_) ::shutdown(conversation_->fd(), SHUT_RDWR);
  conversation_.reset();
  ++generation_;
}

bool lifeline::ended() const {
  if (!conversation_) return true;
  const auto end =
      base::wait_readable(conversation_->fd(), base::deadline(std::chrono::milliseconds(0)));
  return !end || *end;
}

bool lifeline::stopping() {
  if (!conversation_) return false;
  const auto info = info_of(*conversation_);
  ++generation_;  // who watches the descriptor took the answer for the end
  return info && info->stopping;
}

}  // namespace switchyard::haproxy
