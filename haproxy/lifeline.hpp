#pragma once

// A conversation that ends when the worker does: whoever watches its descriptor learns at once that
// HAProxy is gone, or is another one.
//
// Threading: one thread; the descriptor may be watched by another one.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "haproxy/conversation.hpp"

namespace switchyard::haproxy {

class lifeline {
 public:
  /// Holds this conversation when it is with `worker`. HAProxy ends it after an hour.
  void hold(std::unique_ptr<conversation> with, pid_t worker);
  /// There is no conversation to be had.
  void missed() { ++misses_; }
  /// Ends the conversation, also for those who watch a duplicate of the descriptor: they must not
  /// keep it, and with it an old worker, alive.
  void drop();

  bool held() const { return conversation_ != nullptr; }
  /// How long to wait before it is tried again: not at all, then ever longer, up to 10 s. Of one
  /// that is not held.
  std::chrono::milliseconds pause() const;
  /// Whether the other side has ended it, or nobody is there.
  bool ended() const;
  /// Whether the worker says that it is stopping.
  bool stopping();

  /// -1 when there is none.
  int fd() const { return conversation_ ? conversation_->fd() : -1; }
  /// Another number whenever it is another conversation.
  std::uint64_t generation() const { return generation_; }

 private:
  std::unique_ptr<conversation> conversation_;
  std::uint64_t generation_ = 0;
  unsigned misses_ = 0;  // since it was held
};

}  // namespace switchyard::haproxy
