#pragma once

// A whole installation for tests that break something around it: its source is a file that is
// replaced in one step, so that the test says what is desired as a value.

#include <string>
#include <vector>

#include "tests/haproxy/gateway_site.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

struct installation {
  /// Starts with a backend "api-backend" of srv1 and srv2, and waits until both answer.
  explicit installation(const site_options& options = {});

  /// The backend "api-backend" of these upstreams.
  static model::backend api(const std::vector<const http_upstream*>& upstreams);
  /// A backend with settings that no other one has, of `three`: it takes a reload everywhere.
  model::backend of_its_own_kind(const std::string& name) const;

  /// Makes this all that is desired.
  void want(const std::vector<model::backend>& backends,
            const std::vector<model::route>& routes = {}) const;

  /// A server of an upstream as site::server() gives it.
  static std::string at(const http_upstream& upstream, const std::string& rest = "100 ready");
  /// Whether HAProxy has that backend, asked through its master.
  bool has_backend(const std::string& name) const;

  http_upstream one{"srv1"}, two{"srv2"}, three{"srv3"};
  temp_dir source;
  site gateway;
};

/// Requests all the time, none of which may fail; says so at its end.
class unbroken_traffic {
 public:
  explicit unbroken_traffic(const installation& of) : load_(of.gateway.port(), 1) {}
  ~unbroken_traffic();
  unbroken_traffic(const unbroken_traffic&) = delete;
  unbroken_traffic& operator=(const unbroken_traffic&) = delete;

  std::uint64_t answered() const { return load_.answered(); }
  std::uint64_t failed() const { return load_.failed(); }

 private:
  continuous_load load_;
};

}  // namespace switchyard::tests
