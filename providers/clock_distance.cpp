#include "providers/clock_distance.hpp"

#include <cmath>
#include <string>

namespace switchyard::providers {

namespace {

// Past this, times in logs cannot be compared any more.
constexpr double most_apart_seconds = 1.0;

}  // namespace

diagnosis clock_distance(double theirs, std::chrono::system_clock::time_point asked,
                         std::chrono::system_clock::duration took) {
  using std::chrono::duration;
  using level = diagnosis::level;
  const double ours = duration<double>((asked + took / 2).time_since_epoch()).count();
  const double apart = std::abs(theirs - ours), unsure = duration<double>(took).count() / 2;
  if (apart <= most_apart_seconds + unsure)
    return {level::ok, "clock within " + std::to_string(std::lround(apart * 1000)) + " ms", ""};
  return {level::warning,
          "its clock is " + std::to_string(std::lround(apart)) +
              (theirs > ours ? " s ahead of" : " s behind") + " this machine's",
          "keep both in step by NTP (chrony or systemd-timesyncd)"};
}

}  // namespace switchyard::providers
