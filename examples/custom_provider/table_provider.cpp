#include "table_provider.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/atomic_file.hpp"
#include "model/document.hpp"

namespace switchyard::providers::table {

/// One look at the table. An error leaves everything as it was.
static base::outcome<polled> look_at(const std::string& path) {
  const auto text = base::read_file(path);
  if (!text) return text.error();
  std::map<std::string, nlohmann::json> servers;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string backend, server, address;
    int port = 0;
    if (!(words >> backend) || backend.starts_with('#')) continue;
    if (!(words >> server >> address >> port))
      return base::error{base::errc::invalid, path + ": wants four words, not: " + line};
    servers[backend].push_back({{"name", server}, {"address", address}, {"port", port}});
  }
  nlohmann::json document{{"backends", nlohmann::json::array()}};
  for (const auto& [name, list] : servers)
    document["backends"].push_back({{"name", name}, {"servers", list}});
  auto view = model::decode_document(document);
  if (!view) return view.error();
  return polled{.view = *std::move(view)};
}

table_provider::table_provider(std::string name, const std::string& path,
                               std::chrono::milliseconds interval)
    : polling_provider(std::move(name), interval, [path] {
        return [path](const base::wakeup* /*stop*/) { return look_at(path); };
      }) {}

}  // namespace switchyard::providers::table
