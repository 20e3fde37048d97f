#include "actors/haproxy_scrape.hpp"

#include <algorithm>
#include <utility>

#include "haproxy/look.hpp"
#include "haproxy/reach.hpp"

namespace switchyard::actors {

namespace {

constexpr int shown_for = 20;  // times as long as the table took
constexpr std::chrono::seconds longest_silence{1};

}  // namespace

void haproxy_scrape::configure(settings_ptr settings) {
  const std::lock_guard lock(settings_mutex_);
  settings_ = std::move(settings);
}

settings_ptr haproxy_scrape::settings() const {
  const std::lock_guard lock(settings_mutex_);
  return settings_;
}

std::optional<api::haproxy_figures> haproxy_scrape::figures() {
  const std::lock_guard lock(asking_);
  const auto begun = clock::now();
  if (begun < good_until_) return last_;
  auto seen = haproxy::look_at_figures(settings()->haproxy, 0);
  const auto ended = clock::now();
  last_.reset();
  good_until_ = ended + shown_for * (ended - begun);
  if (!seen) {
    good_until_ = std::min(good_until_, ended + longest_silence);
    return last_;
  }
  last_ = api::haproxy_figures{std::move(seen->version), std::move(seen->states.servers),
                               std::move(seen->states.backends)};
  return last_;
}

std::optional<std::uint64_t> haproxy_scrape::old_workers() {
  const auto now = settings();
  if (!now->haproxy.master_socket) return std::nullopt;
  const auto master = haproxy::show_proc(*now->haproxy.master_socket);
  if (!master) return std::nullopt;
  return master->old_workers.size();
}

}  // namespace switchyard::actors
