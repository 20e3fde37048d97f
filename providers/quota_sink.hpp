#pragma once

// Between a provider and where it reports to: keeps it within its quota of objects. A source that
// has more is told of as degraded health, over what the provider itself says.
//
// Threading: as providers::sink.

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>

#include "model/object_quota.hpp"
#include "providers/provider.hpp"

namespace switchyard::providers {

class quota_sink final : public sink {
 public:
  /// Called with the number of objects that the source has, whenever that was counted.
  using counted = std::function<void(std::size_t objects)>;

  /// `most`: 0 for no limit. `target` must outlive this.
  quota_sink(std::size_t most, sink& target, counted tell = {});

  void report(model::report report) override;
  void health(model::provider_health health) override;
  void unchanged() override { target_.unchanged(); }

  /// The provider begins anew, with a full view. Call while it is stopped.
  void start_over();

 private:
  model::provider_health shown() const;

  const std::size_t most_;
  sink& target_;
  const counted tell_;
  std::mutex mutex_;  // guards all below
  model::object_quota quota_;
  std::string excess_;    // the sentence about it, "" while the source is within its quota
  std::size_t told_ = 0;  // the number in it
  model::provider_health its_own_;  // as the provider told last
};

/// What an operator should hear of a source with so many objects; "" when they may be that many.
std::string over_quota(std::size_t objects, std::size_t most);
/// The same of a full view.
std::string over_quota(const model::report& view, std::size_t most);
/// errc::refused, for a source that gives more bytes at once than `most` (max_bytes).
base::error too_many_bytes(std::size_t most);

}  // namespace switchyard::providers
