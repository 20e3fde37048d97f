#pragma once

// A sink that keeps everything it was told.

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

  std::vector<model::report> reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  std::vector<model::provider_health> healths() const {
    const std::lock_guard lock(mutex_);
    return healths_;
  }
  model::provider_health last_health() const {
    const std::lock_guard lock(mutex_);
    return healths_.empty() ? model::provider_health{} : healths_.back();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<model::report> reports_;
  std::vector<model::provider_health> healths_;
};

}  // namespace switchyard::tests
