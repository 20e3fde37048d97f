#include "base/backoff.hpp"

#include <algorithm>
#include <limits>

namespace switchyard::base {

backoff::duration backoff::failed(clock::time_point now, std::uint32_t random) {
  if (failures_ > 0 && now - last_failure_ - last_wait_ >= limits_.healthy_after) failures_ = 0;
  // 2^20 is past every sensible limit and far from overflow.
  const auto doublings = std::min(failures_, 20U);
  const auto nominal = std::min(limits_.first * (std::int64_t{1} << doublings), limits_.longest);
  const auto half = nominal.count() / 2;
  const auto spread = static_cast<double>(nominal.count() - half) *
                      (static_cast<double>(random) / std::numeric_limits<std::uint32_t>::max());
  failures_ += failures_ < std::numeric_limits<unsigned>::max() ? 1U : 0U;
  last_failure_ = now;
  last_wait_ = duration(half + static_cast<std::int64_t>(spread));
  return last_wait_;
}

}  // namespace switchyard::base
