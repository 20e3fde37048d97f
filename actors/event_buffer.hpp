#pragma once

// Between a provider's thread and its actor: reports on the way, bounded.
//
// Threading: put() from the provider's thread, take() from the actor's.

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include "model/event.hpp"

namespace switchyard::actors {

class event_buffer {
 public:
  /// `capacity` reports stay apart, later ones fold into the last (≥ 1).
  explicit event_buffer(std::size_t capacity) : capacity_(capacity == 0 ? 1 : capacity) {}

  /// Returns whether the buffer was empty, so that the actor must be woken.
  bool put(model::report report);
  /// Everything that waits, folded into one report; nothing when nothing waits.
  std::optional<model::report> take();
  void clear();
  /// How many reports wait, at most the capacity.
  std::size_t size() const;

 private:
  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<model::report> waiting_;
};

}  // namespace switchyard::actors
