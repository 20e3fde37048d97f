#pragma once

// The thread of a provider: started, woken and joined in one place.
//
// Threading: start() and stop() from one thread; watch() runs on the provider's own. A derived
// class calls stop() in its destructor: watch() uses members that are gone when the base is
// destroyed.

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "providers/provider.hpp"
#include "providers/publisher.hpp"

namespace switchyard::providers {

class threaded_provider : public provider {
 public:
  ~threaded_provider() override;

  void start(sink& target) final;
  void stop() final;

 protected:
  /// Watches until stopping() is true. Must wait only with waker() among what it waits for (or with
  /// deadlines under a second), and must not throw: an exception is reported as degraded health and
  /// watch() is called again after a backoff.
  virtual void watch(sink& target) = 0;

  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  /// Notified by stop().
  const base::wakeup& waker() const { return waker_; }
  /// Runs a session with the source until stop(), over and over: at once after one that ended by
  /// itself, after a backoff when one failed, which is told as degraded health.
  void keep_following(publisher& out, const std::function<base::status()>& session) const;
  /// Waits at most `longest`, less when stop() is called.
  void pause(std::chrono::milliseconds longest) const;

 private:
  void run(sink& target);

  base::wakeup waker_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace switchyard::providers
