#include "actors/event_buffer.hpp"

#include <utility>

namespace switchyard::actors {

bool event_buffer::put(model::report report) {
  const std::lock_guard lock(mutex_);
  const bool was_empty = waiting_.empty();
  if (waiting_.size() < capacity_)
    waiting_.push_back(std::move(report));
  else
    model::fold(waiting_.back(), std::move(report));
  return was_empty;
}

std::optional<model::report> event_buffer::take() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  auto all = std::move(waiting_.front());
  waiting_.pop_front();
  for (auto& later : waiting_) model::fold(all, std::move(later));
  waiting_.clear();
  return all;
}

void event_buffer::clear() {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
}

std::size_t event_buffer::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

}  // namespace switchyard::actors
