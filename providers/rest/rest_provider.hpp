#pragma once

// Backends and routes from HTTP APIs that are asked again and again.
//
// See docs/providers/rest.md. Threading and guarantees: providers/provider.hpp. An executable that
// uses it begins its main() with run_as_transformer() (transformer.hpp).

#include <string>
#include <vector>

#include "config/settings.hpp"
#include "providers/polling_provider.hpp"

namespace switchyard::providers::rest {

class rest_provider final : public polling_provider {
 public:
  /// `name` is that of the entry under `providers:`; `settings` are those that check() takes.
  rest_provider(std::string name, const config::rest_settings& settings);

  std::vector<diagnosis> diagnose() override;
  std::string remedy(const base::error& why) const override;

 private:
  config::rest_settings settings_;
};

/// Whether the settings can work: errc::invalid names the setting and what it takes. Asks nobody.
base::status check(const config::rest_settings& settings);

}  // namespace switchyard::providers::rest
