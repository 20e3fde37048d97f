#include "tests/bench/sampling.hpp"

#include <random>
#include <thread>
#include <utility>

namespace switchyard::tests::bench {

sampler::sampler(const installation& site, way from, std::chrono::microseconds gap)
    : site_(site), way_(std::move(from)), client_(way_.port, gap) {}

sample_times sampler::take() {
  client_.wait_for(503);
  const auto name = "new" + std::to_string(++count_);
  const auto when = way_.add(name);
  const auto answered = client_.wait_for(200);
  way_.remove(name);
  site_.wait_until_gone(way_.backend, name);
  return {answered - when.sending, answered - when.done};
}

samples_of_both take_by_turns(const common_options& o, sampler& switchyard, sampler& bare) {
  std::minstd_rand random(1);
  std::uniform_int_distribution<unsigned> pause(0, o.pause_ms);
  samples_of_both all;
  for (std::size_t i = 0; i < o.warmup + o.samples; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(pause(random)));
    const auto first = switchyard.take();
    std::this_thread::sleep_for(std::chrono::milliseconds(pause(random)));
    const auto second = bare.take();
    if (i < o.warmup) continue;
    all.switchyard.push_back(first);
    all.bare.push_back(second);
  }
  return all;
}

}  // namespace switchyard::tests::bench
