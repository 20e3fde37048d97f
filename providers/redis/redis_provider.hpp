#pragma once

// Backends, servers and routes from keys of a Redis, followed by keyspace notifications.
//
// See docs/providers/redis.md. Threading and guarantees: providers/provider.hpp.

#include <string>
#include <vector>

#include "config/settings.hpp"
#include "providers/redis/book.hpp"
#include "providers/threaded_provider.hpp"

namespace switchyard::providers::redis {

class redis_provider final : public threaded_provider {
 public:
  /// `name` is that of the entry under `providers:`.
  redis_provider(std::string name, config::redis_settings settings);
  ~redis_provider() override;

  base::outcome<model::report> backends() override;
  base::outcome<model::report> backend(const std::string& name) override;
  std::vector<diagnosis> diagnose() override;
  std::string remedy(const base::error& why) const override;

 protected:
  void watch(sink& target) override;

 private:
  base::outcome<book> read_once();

  std::string name_;
  config::redis_settings settings_;
};

/// Whether the settings can work: errc::invalid names the setting and what it takes.
base::status check(const config::redis_settings& settings);

}  // namespace switchyard::providers::redis
