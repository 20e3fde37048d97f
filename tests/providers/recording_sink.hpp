#pragma once

// A sink that keeps everything it was told.

#include <cstddef>
#include <mutex>
#include <vector>

#include "providers/provider.hpp"

namespace switchyard::tests {

class recording_sink : public providers::sink {
 public:
  void report(model::report report) override {
    const std::lock_guard lock(mutex_);
    reports_.push_back(std::move(report));
  }
  void health(model::provider_health health) override {
    const std::lock_guard lock(mutex_);
    healths_.push_back(std::move(health));
  }

  void unchanged() override {
    const std::lock_guard lock(mutex_);
    ++unchanged_;
  }

  std::vector<model::report> reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  std::vector<model::provider_health> healths() const {
    const std::lock_guard lock(mutex_);
    return healths_;
  }
  /// How often a full view was the same as before.
  std::size_t looks_without_news() const {
    const std::lock_guard lock(mutex_);
    return unchanged_;
  }
  model::provider_health last_health() const {
    const std::lock_guard lock(mutex_);
    return healths_.empty() ? model::provider_health{} : healths_.back();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<model::report> reports_;
  std::vector<model::provider_health> healths_;
  std::size_t unchanged_ = 0;
};

}  // namespace switchyard::tests
