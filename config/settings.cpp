#include "config/settings.hpp"

namespace switchyard::config {

std::string_view to_string(haproxy_mode value) {
  switch (value) {
    case haproxy_mode::managed:
      return "managed";
    case haproxy_mode::attached:
      return "attached";
  }
  return "";
}

std::string_view to_string(redis_notifications value) {
  switch (value) {
    case redis_notifications::automatic:
      return "auto";
    case redis_notifications::assumed:
      return "assume";
    case redis_notifications::off:
      return "off";
  }
  return "";
}

std::string_view to_string(rest_long_poll value) {
  switch (value) {
    case rest_long_poll::off:
      return "off";
    case rest_long_poll::consul:
      return "consul";
  }
  return "";
}

std::string_view to_string(address_family value) {
  switch (value) {
    case address_family::any:
      return "any";
    case address_family::ipv4:
      return "ipv4";
    case address_family::ipv6:
      return "ipv6";
  }
  return "";
}

std::string_view to_string(log_level value) {
  switch (value) {
    case log_level::trace:
      return "trace";
    case log_level::debug:
      return "debug";
    case log_level::info:
      return "info";
    case log_level::warn:
      return "warn";
    case log_level::error:
      return "error";
  }
  return "";
}

std::optional<log_level> log_level_of(std::string_view word) {
  for (const auto level :
       {log_level::trace, log_level::debug, log_level::info, log_level::warn, log_level::error})
    if (to_string(level) == word) return level;
  return std::nullopt;
}

std::string_view to_string(log_format value) {
  switch (value) {
    case log_format::text:
      return "text";
    case log_format::json:
      return "json";
  }
  return "";
}

std::string_view type_of(const provider_settings& provider) {
  struct words {
    std::string_view operator()(const postgres_settings&) const { return "postgres"; }
    std::string_view operator()(const file_settings&) const { return "file"; }
    std::string_view operator()(const redis_settings&) const { return "redis"; }
    std::string_view operator()(const rest_settings&) const { return "rest"; }
    std::string_view operator()(const exec_settings&) const { return "exec"; }
    std::string_view operator()(const memory_settings&) const { return "memory"; }
  };
  return std::visit(words{}, provider.source);
}

std::vector<std::string> provider_names(const settings& of) {
  std::vector<std::string> names;
  for (const auto& p : of.providers) names.push_back(p.name);
  return names;
}

}  // namespace switchyard::config
