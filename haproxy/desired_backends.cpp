#include "haproxy/desired_backends.hpp"

#include <algorithm>
#include <optional>

namespace switchyard::haproxy {

desired_backends::taken desired_backends::take(const apply_request& request,
                                               const servers_of& present) {
  taken result;
  if (request.full) drop_all_but(request, result);
  take_unread(request, result.touched);
  if (request.complete) dismissed_.clear();
  for (const auto& change : request.changes) {
    auto& known = backends_[change.name];
    // Before every provider has reported, only what a source had in this run, and has no more, may
    // go. What other settings took out a provider that has not reported yet may have again.
    if (!request.complete && !change.by_settings && known && change.value)
      for (const auto& s : known->servers)
        if (change.value->find(s.name) == nullptr) dismissed_.insert({change.name, s.name});
    if (!change.value || known != change.value) result.touched.insert(change.name);
    if (!change.value || !known || known->settings.mode != change.value->settings.mode)
      result.for_routes = true;
    known = change.value;
    if (!known) backends_.erase(change.name);
  }
  if (dismissed_.size() > most_dismissed_) forget_gone(present);
  complete_ = request.complete;
  revision_ = std::max(revision_, request.revision);
  return result;
}

void desired_backends::drop_all_but(const apply_request& request, taken& result) {
  names wanted;
  for (const auto& change : request.changes)
    if (change.value) wanted.insert(change.name);
  std::erase_if(backends_, [&](const auto& entry) {
    const bool gone = !wanted.contains(entry.first);
    if (gone) result.touched.insert(entry.first);
    return gone;
  });
  result.for_routes = !result.touched.empty();
}

/// A source that never reports must not let those pile up that the others take away. Each look
/// costs as much as they have grown by since the one before.
void desired_backends::forget_gone(const servers_of& present) {
  std::optional<std::string> of;  // a copy: what it came from may be erased
  names there;
  std::erase_if(dismissed_, [&](const auto& one) {
    if (of != one.first) there = present(one.first);
    of = one.first;
    return !there.contains(one.second);
  });
  most_dismissed_ = std::max(few_dismissed, 2 * dismissed_.size());
}

/// What can be read now, or cannot any more, has to be planned anew.
void desired_backends::take_unread(const apply_request& request, names& touched) {
  auto next = request.full ? decltype(unread_)() : unread_;
  for (const auto& change : request.changes) {
    if (change.unread.any())
      next.insert_or_assign(change.name, change.unread);
    else
      next.erase(change.name);
  }
  if (next == unread_) return;
  for (const auto& [name, parts] : unread_) touched.insert(name);
  for (const auto& [name, parts] : next) touched.insert(name);
  unread_ = std::move(next);
}

model::backend_ptr desired_backends::find(const std::string& backend) const {
  const auto found = backends_.find(backend);
  return found == backends_.end() ? nullptr : found->second;
}

bool desired_backends::may_go(const std::string& backend) const {
  return complete_ && !unread_.contains(backend);
}

bool desired_backends::may_go(const std::string& backend, const std::string& server) const {
  const auto parts = unread_.find(backend);
  if (parts != unread_.end() && parts->second.covers(server)) return false;
  return complete_ || dismissed_.contains({backend, server});
}

}  // namespace switchyard::haproxy
