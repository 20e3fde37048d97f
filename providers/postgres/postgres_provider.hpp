#pragma once

// Backends, servers and routes from PostgreSQL tables or queries, followed by LISTEN/NOTIFY.
//
// See docs/providers/postgres.md. Threading and guarantees: providers/provider.hpp.

#include <string>
#include <vector>

#include "config/settings.hpp"
#include "providers/postgres/reader.hpp"
#include "providers/threaded_provider.hpp"

namespace switchyard::providers::postgres {

class postgres_provider final : public threaded_provider {
 public:
  /// `name` is that of the entry under `providers:`.
  postgres_provider(std::string name, config::postgres_settings settings);
  ~postgres_provider() override;

  base::outcome<model::report> backends() override;
  base::outcome<model::report> backend(const std::string& name) override;
  std::vector<diagnosis> diagnose() override;
  std::string remedy(const base::error& why) const override;

 protected:
  void watch(sink& target) override;

 private:
  base::outcome<model::report> read_once(const hints& wanted);

  std::string name_;
  config::postgres_settings settings_;
  reader reader_;
};

/// Whether the settings can work: errc::invalid names the setting and what it takes.
base::status check(const config::postgres_settings& settings);

}  // namespace switchyard::providers::postgres
