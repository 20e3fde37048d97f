#include "providers/quota_sink.hpp"

#include <utility>

namespace switchyard::providers {

using level = model::provider_health::level;

namespace {

/// By a tenth and more: less would be a line of the log for every object.
bool differs_much(std::size_t now, std::size_t told) {
  return (now > told ? now - told : told - now) * 10 >= told;
}

}  // namespace

quota_sink::quota_sink(std::size_t most, sink& target, counted tell)
    : most_(most), target_(target), tell_(std::move(tell)), quota_(most) {}

void quota_sink::report(model::report report) {
  const std::lock_guard lock(mutex_);
  auto taken = quota_.take(std::move(report));
  const bool was_over = !excess_.empty();
  if (was_over != quota_.over() || (was_over && differs_much(quota_.count(), told_))) {
    told_ = quota_.count();
    excess_ = quota_.over() ? over_quota(told_, most_) : "";
    target_.health(shown());
  }
  if (taken) target_.report(*std::move(taken));
  if (tell_) tell_(quota_.count());
}

void quota_sink::health(model::provider_health health) {
  const std::lock_guard lock(mutex_);
  its_own_ = std::move(health);
  target_.health(shown());
}

void quota_sink::start_over() {
  const std::lock_guard lock(mutex_);
  quota_ = model::object_quota(most_);
  excess_.clear();
  its_own_ = {};
}

/// The source's excess counts for more than that it can be followed.
model::provider_health quota_sink::shown() const {
  if (excess_.empty()) return its_own_;
  return {level::degraded, its_own_.value == level::degraded && !its_own_.reason.empty()
                               ? excess_ + "; " + its_own_.reason
                               : excess_};
}

std::string over_quota(std::size_t objects, std::size_t most) {
  if (most == 0 || objects <= most) return {};
  return "the source has " + std::to_string(objects) +
         " backends, servers and routes, more than max_objects (" + std::to_string(most) +
         "): nothing of the excess is taken, and the last good view stays; take out of the source "
         "what does not belong there, or raise max_objects";
}

std::string over_quota(const model::report& view, std::size_t most) {
  model::object_quota quota(most);
  quota.take(view);
  return over_quota(quota.count(), most);
}

base::error too_many_bytes(std::size_t most) {
  return {base::errc::refused,
          "the source gives more than max_bytes (" + std::to_string(most) +
              " bytes) at once: the last good view stays; take out of the source what does not "
              "belong there, or raise max_bytes"};
}

}  // namespace switchyard::providers
