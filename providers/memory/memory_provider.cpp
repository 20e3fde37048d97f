#include "providers/memory/memory_provider.hpp"

#include <chrono>
#include <utility>

#include "base/atomic_file.hpp"
#include "providers/one_backend.hpp"

namespace switchyard::providers::memory {

namespace {

using namespace std::chrono_literals;

constexpr auto look_again = 2s;  // at a file that could not be read

}  // namespace

memory_provider::memory_provider(std::string name, config::memory_settings settings)
    : name_(std::move(name)), file_(std::move(settings.file)) {}

memory_provider::~memory_provider() {
  stop();
}

/// Reads the file once; afterwards what is known is what the file holds.
base::status memory_provider::read() {
  if (known_) return {};
  auto all = load(file_);
  if (!all) return all.error();
  known_ = std::move(all).value();
  return {};
}

void memory_provider::watch(sink& target) {
  {
    const std::lock_guard lock(mutex_);
    base::remove_leftovers(file_);
  }
  while (!stopping() && !begin(target)) pause(look_again);
  // Changes are reported where they are made.
  while (!stopping()) pause(1h);
  const std::lock_guard lock(mutex_);
  target_ = nullptr;
}

/// Reports what the file holds; false: it cannot be read.
bool memory_provider::begin(sink& target) {
  using level = model::provider_health::level;
  const std::lock_guard lock(mutex_);
  if (const auto done = read(); !done) {
    target.health({level::degraded, done.error().message});
    return false;
  }
  target.report(view(*known_));
  target.health({level::live, ""});
  target_ = &target;
  return true;
}

void memory_provider::tell(const model::edit& change) {
  if (target_ == nullptr) return;
  model::report changed;
  changed.seen_at = std::chrono::steady_clock::now();
  if (change.what == model::edit::kind::put_routes) {
    changed.routes = known_->routes;
  } else {
    const auto now = known_->backends.find(change.backend);
    changed.backends[change.backend].value = now == known_->backends.end() ? nullptr : now->second;
  }
  target_->report(std::move(changed));
}

base::outcome<model::edited> memory_provider::edit(const model::edit& change) {
  const std::lock_guard lock(mutex_);
  if (const auto done = read(); !done) return done.error();
  auto next = *known_;
  auto result = carry_out(change, next);
  if (!result || !result->changed) return result;
  const auto saved = save(file_, next);
  // A file whose folder could not be synced is the new one all the same, and counts at a restart.
  auto held = saved ? base::outcome<holdings>(std::move(next)) : load(file_);
  if (held) {
    known_ = *std::move(held);
    tell(change);
  }
  if (!saved) return saved.error();
  return result;
}

base::outcome<model::report> memory_provider::backends() {
  const std::lock_guard lock(mutex_);
  if (const auto done = read(); !done)
    return base::error{done.error().kind, "provider " + name_ + ": " + done.error().message};
  return view(*known_);
}

base::outcome<model::report> memory_provider::backend(const std::string& name) {
  return one_backend(backends(), name);
}

}  // namespace switchyard::providers::memory
