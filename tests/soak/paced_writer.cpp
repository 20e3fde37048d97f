#include "tests/soak/paced_writer.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace switchyard::tests::soak {

double change_steadily(std::uint64_t changes, unsigned a_second, const change_weight& change,
                       const std::function<void()>& meanwhile) {
  using clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds burst{10};
  const auto begun = clock::now();
  const auto passed = [&] { return std::chrono::duration<double>(clock::now() - begun).count(); };
  auto next_look = begun + std::chrono::seconds(1);
  std::uint64_t done = 0;
  for (auto next = begun; done < changes; next += burst) {
    std::this_thread::sleep_until(next);
    const auto due = std::min(changes, static_cast<std::uint64_t>(passed() * a_second) + 1);
    for (; done < due; ++done) change(weight_of(done));
    if (clock::now() < next_look) continue;
    meanwhile();
    next_look += std::chrono::seconds(1);
  }
  return passed();
}

}  // namespace switchyard::tests::soak
