#pragma once

// The load of a soak and what answers it.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/haproxy_server.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests::soak {

/// Ports of 127.0.0.1 that answer every request with 200, in HTTP/1.1 and HTTP/2: another HAProxy,
/// which costs the machine least.
class upstreams {
 public:
  explicit upstreams(unsigned count);
  const std::vector<std::uint16_t>& ports() const { return ports_; }

 private:
  static std::string sections(const std::vector<std::uint16_t>& ports);

  std::vector<std::uint16_t> ports_;
  haproxy_server server_;
};

/// What wrk counted. It does not retry: a request whose connection ends is an error and lost.
struct wrk_counts {
  std::uint64_t requests = 0;  ///< answered, whatever the status
  std::uint64_t failed = 0;    ///< errors of sockets, time-outs, statuses that are not 2xx or 3xx
  std::string failures;        ///< wrk's own words on them, a line each

  wrk_counts& operator+=(const wrk_counts& other);
};

/// Reads wrk's report; throws std::runtime_error when there is none.
wrk_counts parse_wrk(const std::string& report);

/// wrk (github.com/wg/wrk) against a port, with requests over all hosts and paths of the churn.
class wrk {
 public:
  enum class connections { kept, fresh };  ///< fresh: a new one for each request

  wrk(std::uint16_t port, connections kind, unsigned count, std::chrono::seconds duration);

  /// Waits for the end, at most this long. Whether it has ended.
  bool ended(std::chrono::milliseconds longest);
  /// The counts of a run that has ended; throws std::runtime_error when it failed.
  wrk_counts counts();

 private:
  temp_dir folder_;
  std::unique_ptr<background_process> process_;
};

}  // namespace switchyard::tests::soak
