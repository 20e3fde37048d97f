#pragma once

// Backends and routes from what a command prints.
//
// See docs/providers/exec.md. Threading and guarantees: providers/provider.hpp.

#include <string>

#include "config/settings.hpp"
#include "providers/polling_provider.hpp"

namespace switchyard::providers::exec {

class exec_provider final : public polling_provider {
 public:
  /// `name` is that of the entry under `providers:`.
  exec_provider(std::string name, const config::exec_settings& settings);

  std::string remedy(const base::error& why) const override;
};

}  // namespace switchyard::providers::exec
