#pragma once

// Taking samples: a change goes out, and the client asks until the new server answers.
//
// Threading: one thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/figures.hpp"
#include "tests/bench/installation.hpp"
#include "tests/bench/polling_client.hpp"
#include "tests/bench/program.hpp"

namespace switchyard::tests::bench {

/// How a change is made.
struct moments {
  polling_client::clock::time_point sending;  ///< just before the source could have it
  polling_client::clock::time_point done;     ///< the source has said that it has it
};

/// One way from a source to HAProxy, as the client sees it.
struct way {
  std::string backend;
  std::uint16_t port = 0;
  std::function<moments(const std::string& server)> add;
  std::function<void(const std::string& server)> remove;
};

class sampler {
 public:
  /// `gap`: between two requests. The site must outlive the sampler.
  sampler(const installation& site, way from, std::chrono::microseconds gap);

  /// The backend has no server in rotation; brings one in, measures, and takes it away again.
  /// Throws std::runtime_error when it does not come, or stays.
  sample_times take();

 private:
  const installation& site_;
  way way_;
  polling_client client_;
  unsigned count_ = 0;
};

/// Samples of two systems, taken by turns after random pauses, so that they meet what happens
/// beside them as often as changes at any moment would.
struct samples_of_both {
  std::vector<sample_times> switchyard;
  std::vector<sample_times> bare;
};
samples_of_both take_by_turns(const common_options& o, sampler& switchyard, sampler& bare);

}  // namespace switchyard::tests::bench
