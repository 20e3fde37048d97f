#include "providers/polling_provider.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

#include "providers/one_backend.hpp"
#include "providers/publisher.hpp"

namespace switchyard::providers {

namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds first_retry = 1s;
constexpr milliseconds longest_retry = 30s;

/// A look as a value, whatever it came to.
polled settled(base::outcome<polled> looked) {
  if (!looked) return {.fault = looked.error().message};
  if (looked->view && looked->view->seen_at == std::chrono::steady_clock::time_point{})
    looked->view->seen_at = std::chrono::steady_clock::now();
  return *std::move(looked);
}

void publish(polled&& looked, publisher& out) {
  if (looked.view)
    out.report(*std::move(looked.view));
  else if (looked.fault.empty())
    out.unchanged();
  if (looked.fault.empty())
    out.live(std::move(looked.note));
  else
    out.degraded(std::move(looked.fault));
}

}  // namespace

polling_schedule::polling_schedule(milliseconds interval)
    : interval_(interval),
      retry_({std::min(interval, first_retry), std::max(interval, longest_retry),
              std::chrono::hours(24 * 365)}) {}

milliseconds polling_schedule::after_success(std::uint32_t random) {
  retry_.reset();
  const auto share = static_cast<double>(random) / std::numeric_limits<std::uint32_t>::max();
  const auto tenth = static_cast<double>(interval_.count()) / 10;
  return interval_ + milliseconds(static_cast<std::int64_t>(tenth * (2 * share - 1)));
}

milliseconds polling_schedule::after_failure(clock::time_point now, std::uint32_t random) {
  return retry_.failed(now, random);
}

polling_provider::polling_provider(std::string name, milliseconds interval,
                                   std::function<look_function()> open)
    : name_(std::move(name)), interval_(interval), open_(std::move(open)) {}

polling_provider::~polling_provider() {
  stop();
}

void polling_provider::watch(sink& target) {
  publisher out(target);
  polling_schedule schedule(interval_);
  std::mt19937 random(std::random_device{}());
  const auto look = open_();
  while (!stopping()) {
    auto looked = settled(look(&waker()));
    if (stopping()) return;
    const bool good = looked.fault.empty();
    const auto wait = looked.wait;
    publish(std::move(looked), out);
    const auto dice = static_cast<std::uint32_t>(random());
    const auto usual = good ? schedule.after_success(dice)
                            : schedule.after_failure(std::chrono::steady_clock::now(), dice);
    pause(wait.value_or(usual));
  }
}

base::outcome<model::report> polling_provider::backends() {
  auto looked = open_()(nullptr);
  if (!looked) return base::error{looked.error().kind, name_ + ": " + looked.error().message};
  auto all = settled(std::move(looked));
  if (!all.fault.empty()) return base::error{base::errc::unavailable, name_ + ": " + all.fault};
  if (!all.view) return base::error{base::errc::unavailable, name_ + ": gave no view"};
  return *std::move(all.view);
}

base::outcome<model::report> polling_provider::backend(const std::string& name) {
  return one_backend(backends(), name);
}

}  // namespace switchyard::providers
