#include "actors/dispatch_queue.hpp"

#include <algorithm>

namespace switchyard::actors {

namespace {

// Stands for all routes; no backend has such a name.
constexpr const char* routes_entry = "/routes";

void add_routes(haproxy::apply_request& request, const model::desired_state& state) {
  request.routes = std::make_shared<const std::vector<model::route>>(state.routes());
  request.unread_routes = state.unread_routes();
}

haproxy::backend_change change_of(const std::string& name, const model::desired_state& state,
                                  const model::name_book& names) {
  haproxy::backend_change change{name, nullptr, state.unread_of(name)};
  change.value = names.addressed(state.find(name), change.unread);
  return change;
}

}  // namespace

void dispatch_queue::routes_changed() {
  changed({routes_entry});
}

void dispatch_queue::changed(const std::set<std::string>& backends) {
  for (const auto& name : backends) {
    if (!queued_.insert(name).second) continue;
    queue_.push_back(name);
    ++queued_count_;
  }
}

void dispatch_queue::everything() {
  full_ = true;
}

dispatch_queue::ticket dispatch_queue::issue() {
  tickets_.emplace_back(++last_ticket_, queued_count_);
  return last_ticket_;
}

std::optional<haproxy::apply_request> dispatch_queue::next(const model::desired_state& state,
                                                           const model::name_book& names) {
  if (!waiting()) return std::nullopt;
  haproxy::apply_request request;
  request.revision = state.revision();
  request.complete = state.complete();
  if (full_) {
    full_ = false;
    request.full = true;
    flying_ = queue_.size();
    queue_.clear();
    queued_.clear();
    add_routes(request, state);
    for (const auto& [name, backend] : state.backends())
      request.changes.push_back(change_of(name, state, names));
    for (const auto& name : state.unread_backends())
      request.changes.push_back({name, nullptr, state.unread_of(name)});
    return request;
  }
  flying_ = std::min(batch_, queue_.size());
  for (std::uint64_t i = 0; i < flying_; ++i) {
    auto name = std::move(queue_.front());
    queue_.pop_front();
    queued_.erase(name);
    if (name == routes_entry) {
      add_routes(request, state);
      continue;
    }
    request.changes.push_back(change_of(name, state, names));
  }
  // Names that come in while a long queue is worked off do not put its reload off for ever.
  if (applied_count_ >= round_end_) round_end_ = queued_count_;
  request.more = applied_count_ + flying_ < round_end_;
  return request;
}

void dispatch_queue::done() {
  applied_count_ += flying_;
  flying_ = 0;
}

void dispatch_queue::failed() {
  done();
  full_ = true;
}

std::vector<dispatch_queue::ticket> dispatch_queue::fulfilled() {
  std::vector<ticket> result;
  // While everything waits to be sent again, what was counted as applied may be lost.
  while (!full_ && !tickets_.empty() && tickets_.front().second <= applied_count_) {
    result.push_back(tickets_.front().first);
    tickets_.pop_front();
  }
  return result;
}

}  // namespace switchyard::actors
