#include "fixture.hpp"

#include <filesystem>

namespace switchyard::tests {

namespace fs = std::filesystem;

std::string json_document(const std::string& backend, int port) {
  return R"({"backends": [{"name": ")" + backend +
         R"(", "servers": [{"name": "s", "address": "10.0.0.1", "port": )" + std::to_string(port) +
         "}]}]}\n";
}

std::string yaml_document(const std::string& backend, int port) {
  return "backends:\n  - name: " + backend +
         "\n    servers:\n      - {name: s, address: 10.0.0.1, port: " + std::to_string(port) +
         "}\n";
}

watched_path::watched_path(const std::string& name, std::chrono::milliseconds resync,
                           std::uint32_t max_bytes)
    : provider("files",
               {name.empty() ? folder.path().string() : folder / name, resync, max_bytes}) {}

void watched_path::write(const std::string& name, const std::string& text) const {
  write_text(path(name), text);
}

void watched_path::replace(const std::string& name, const std::string& text) const {
  write_text(path(name) + ".new", text);
  fs::rename(path(name) + ".new", path(name));
}

void watched_path::rename(const std::string& from, const std::string& to) const {
  fs::rename(path(from), path(to));
}

void watched_path::make_link(const std::string& to, const std::string& name) const {
  fs::create_symlink(to, path(name));
}

std::string summary(const model::report& report) {
  std::string text;
  for (const auto& [name, event] : report.backends) {
    text += (text.empty() ? "" : " ") + name + ":";
    if (!event.value)
      text += "gone";
    else
      text += event.value->servers.empty() ? "-" : std::to_string(event.value->servers[0].port);
  }
  return text;
}

std::string watched_path::last() const {
  const auto all = sink.reports();
  return all.empty() ? "no report" : summary(all.back());
}

bool watched_path::shows(const std::string& expected) const {
  return eventually([&] { return last() == expected; });
}

bool watched_path::degraded(const std::string& text) const {
  return eventually([&] {
    const auto health = sink.last_health();
    return health.value == model::provider_health::level::degraded &&
           health.reason.find(text) != std::string::npos;
  });
}

bool watched_path::live() const {
  return eventually([&] {
    return sink.last_health() == model::provider_health{model::provider_health::level::live, {}};
  });
}

std::string watched_path::refusals() const {
  std::string text;
  const auto all = sink.reports();
  if (!all.empty())
    for (const auto& r : all.back().refused) text += r.key + " | " + r.reason + "\n";
  return text;
}

}  // namespace switchyard::tests
