#include "providers/threaded_provider.hpp"

#include <exception>
#include <random>

#include "base/backoff.hpp"

namespace switchyard::providers {

threaded_provider::~threaded_provider() {
  stop();
}

void threaded_provider::start(sink& target) {
  if (thread_.joinable()) return;
  stopping_ = false;
  waker_.clear();
  thread_ = std::thread([this, &target] { run(target); });
}

void threaded_provider::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  waker_.notify();
  thread_.join();
}

void threaded_provider::run(sink& target) {
  base::backoff retry;
  std::mt19937 random(std::random_device{}());
  while (!stopping()) {
    try {
      watch(target);
      if (stopping()) return;
    } catch (const std::exception& failure) {
      target.health({model::provider_health::level::degraded,
                     std::string("internal error, watching starts over: ") + failure.what()});
    }
    pause(retry.failed(std::chrono::steady_clock::now(), static_cast<std::uint32_t>(random())));
  }
}

void threaded_provider::keep_following(publisher& out,
                                       const std::function<base::status()>& session) const {
  using std::chrono::milliseconds;
  // Short at its longest: a source that restarts should be found soon after it is back.
  base::backoff retry({milliseconds(100), milliseconds(5000), milliseconds(30'000)});
  while (!stopping()) {
    const auto ended = session();
    if (stopping()) return;
    if (ended) continue;
    out.degraded(ended.error().message);
    pause(retry.failed(std::chrono::steady_clock::now(), std::random_device()()));
  }
}

void threaded_provider::pause(std::chrono::milliseconds longest) const {
  // stop() leaves the waker notified until the next start, so this returns at once then.
  static_cast<void>(base::wait_readable(waker_.fd(), base::deadline(longest)));
}

}  // namespace switchyard::providers
