#include "haproxy/blame_book.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::haproxy {

bool blame_book::same(const model::backend_ptr& one, const model::backend_ptr& other) {
  return one == other || (one && other && one->settings == other->settings);
}

void blame_book::blame(const std::string& backend, model::backend_ptr version, time_point now) {
  blamed_[backend] = {std::move(version), now + lasts};
}

bool blame_book::blamed(const std::string& backend, const model::backend_ptr& version,
                        time_point now) const {
  return was_blamed(backend, version) && blamed_.at(backend).until > now;
}

bool blame_book::was_blamed(const std::string& backend, const model::backend_ptr& version) const {
  const auto found = blamed_.find(backend);
  return found != blamed_.end() && same(found->second.version, version);
}

void blame_book::extend(time_point now, time_point next_reload) {
  for (auto& [name, e] : blamed_)
    if (e.until > now) e.until = std::max(e.until, next_reload + lasts);
}

blame_book::names blame_book::all() const {
  names result;
  for (const auto& [name, e] : blamed_) result.insert(result.end(), name);
  return result;
}

void blame_book::acquit(const names& backends) {
  for (const auto& name : backends) blamed_.erase(name);
}

void blame_book::tidy(
    const std::function<bool(const std::string&, const model::backend_ptr&)>& outdated) {
  std::erase_if(blamed_, [&](const auto& b) { return outdated(b.first, b.second.version); });
}

void blame_book::tried(const std::string& backend, model::backend_ptr version) {
  tried_[backend] = std::move(version);
}

bool blame_book::was_tried(const std::string& backend, const model::backend_ptr& version) const {
  const auto found = tried_.find(backend);
  return found != tried_.end() && same(found->second, version);
}

}  // namespace switchyard::haproxy
