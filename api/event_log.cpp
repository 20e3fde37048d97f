#include "api/event_log.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::api {

std::uint64_t event_log::append(event e) {
  auto kept = std::make_shared<event>(std::move(e));
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = kept->id = ++last_;
    held_.push_back(std::move(kept));
    if (held_.size() > capacity_) held_.pop_front();
  }
  more_.notify_all();
  return id;
}

event_log::reading event_log::read(std::uint64_t id, std::size_t most) const {
  reading result;
  const auto first = last_ - held_.size() + 1;  // id of the oldest that is held
  const bool foreign = id > last_;
  result.lost = foreign || id + 1 < first;
  const auto from = foreign || id + 1 < first ? 0 : id + 1 - first;
  const auto count = std::min<std::uint64_t>(most, held_.size() - from);
  result.events.reserve(count);
  for (auto at = from; at < from + count; ++at) result.events.push_back(held_[at]);
  return result;
}

event_log::reading event_log::after(std::uint64_t id, std::size_t most) const {
  const std::lock_guard lock(mutex_);
  return read(id, most);
}

event_log::reading event_log::await(std::uint64_t id, std::size_t most,
                                    std::chrono::milliseconds longest) const {
  std::unique_lock lock(mutex_);
  more_.wait_for(lock, longest, [&] { return last_ != id; });
  return read(id, most);
}

std::uint64_t event_log::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace switchyard::api
