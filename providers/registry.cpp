#include "providers/registry.hpp"

#include <memory>
#include <variant>

#include "providers/exec/exec_provider.hpp"
#include "providers/file/file_provider.hpp"
#include "providers/memory/memory_provider.hpp"
#include "providers/postgres/postgres_provider.hpp"
#include "providers/redis/redis_provider.hpp"
#include "providers/rest/rest_provider.hpp"

namespace switchyard::providers {

namespace {

using base::outcome;

outcome<provider_ptr> make(const std::string& name, const config::postgres_settings& settings) {
  if (const auto good = postgres::check(settings); !good) return good.error();
  return provider_ptr(std::make_unique<postgres::postgres_provider>(name, settings));
}

outcome<provider_ptr> make(const std::string& name, const config::file_settings& settings) {
  if (settings.path.empty()) return base::error{base::errc::invalid, "path: must not be empty"};
  return provider_ptr(std::make_unique<file::file_provider>(name, settings));
}

outcome<provider_ptr> make(const std::string& name, const config::redis_settings& settings) {
  if (const auto good = redis::check(settings); !good) return good.error();
  return provider_ptr(std::make_unique<redis::redis_provider>(name, settings));
}

outcome<provider_ptr> make(const std::string& name, const config::rest_settings& settings) {
  if (const auto good = rest::check(settings); !good) return good.error();
  return provider_ptr(std::make_unique<rest::rest_provider>(name, settings));
}

outcome<provider_ptr> make(const std::string& name, const config::exec_settings& settings) {
  if (settings.command.empty())
    return base::error{base::errc::invalid, "command: must name a program"};
  return provider_ptr(std::make_unique<exec::exec_provider>(name, settings));
}

outcome<provider_ptr> make(const std::string& name, const config::memory_settings& settings) {
  return provider_ptr(std::make_unique<memory::memory_provider>(name, settings));
}

}  // namespace

outcome<provider_ptr> make(const config::provider_settings& settings) {
  auto made =
      std::visit([&](const auto& source) { return make(settings.name, source); }, settings.source);
  if (!made)
    return base::error{made.error().kind,
                       "provider " + settings.name + ": " + made.error().message};
  return made;
}

}  // namespace switchyard::providers
