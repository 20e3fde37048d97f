#include "base/duration.hpp"
#include "base/fingerprint.hpp"
#include "model/document.hpp"

namespace switchyard::model {

using nlohmann::json;

json encode(const server& value) {
  json result = {
      {"name", value.name},      {"address", value.host.empty() ? value.address : value.host},
      {"port", value.port},      {"weight", value.weight},
      {"backup", value.backup},  {"state", to_string(value.state)},
      {"maxconn", value.maxconn}};
  if (!value.host.empty()) result["resolve"] = to_string(value.resolve);
  return result;
}

json encode(const backend_settings& value) {
  json result = {{"mode", to_string(value.mode)},
                 {"balance", to_string(value.balance)},
                 {"protocol", to_string(value.protocol)},
                 {"tls", {{"enabled", value.tls.enabled}, {"verify", to_string(value.tls.verify)}}},
                 {"check",
                  {{"type", to_string(value.check.type)},
                   {"path", value.check.path},
                   {"interval", base::format_duration(value.check.interval)},
                   {"rise", value.check.rise},
                   {"fall", value.check.fall}}},
                 {"timeouts", json::object()}};
  result["tls"]["sni"] = value.tls.sni ? json(*value.tls.sni) : json(nullptr);
  const auto timeout = [&](const char* name, std::optional<std::chrono::milliseconds> time) {
    if (time) result["timeouts"][name] = base::format_duration(*time);
  };
  timeout("connect", value.timeouts.connect);
  timeout("server", value.timeouts.server);
  timeout("tunnel", value.timeouts.tunnel);
  if (value.sticky) result["sticky"] = {{"cookie", value.sticky->cookie}};
  if (value.slowstart) result["slowstart"] = base::format_duration(*value.slowstart);
  return result;
}

json encode(const backend& value) {
  json result = encode(value.settings);
  result["name"] = value.name;
  result["servers"] = json::array();
  for (const auto& s : value.servers) result["servers"].push_back(encode(s));
  return result;
}

json encode(const route& value) {
  return {{"host", value.host}, {"path", value.path}, {"backend", value.backend}};
}

json encode(const std::vector<route>& values) {
  json result = json::array();
  for (const auto& r : values) result.push_back(encode(r));
  return result;
}

std::string version_of(const backend& value) {
  return base::fingerprint().add(encode(value).dump()).hex();
}

std::string version_of(const std::vector<route>& values) {
  return base::fingerprint().add(encode(values).dump()).hex();
}

}  // namespace switchyard::model
