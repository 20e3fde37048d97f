#pragma once

// The part of the operator's settings that concerns HAProxy. Plain values.

#include <chrono>
#include <vector>

#include "config/settings.hpp"

namespace switchyard::haproxy {

struct gateway_settings {
  config::haproxy_settings haproxy;
  std::vector<config::frontend_settings> frontends;
  std::chrono::milliseconds drain_timeout{30'000};

  bool operator==(const gateway_settings&) const = default;
};

}  // namespace switchyard::haproxy
