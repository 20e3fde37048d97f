#include "config/until_restart.hpp"

#include <filesystem>
#include <string_view>
#include <tuple>
#include <variant>

namespace switchyard::config {

void place_memory_files(settings& of) {
  for (auto& p : of.providers)
    if (auto* memory = std::get_if<memory_settings>(&p.source))
      memory->file = std::filesystem::path(of.state_dir) / ("memory-" + p.name + ".json");
}

std::vector<std::string> keep_until_restart(const settings& started_with, const settings& in_force,
                                            settings& next) {
  std::vector<std::string> names;
  const auto keep = [&](std::string_view name, const auto& then, auto& now) {
    if (now == then) return;
    now = then;
    names.emplace_back(name);
  };
  const auto& then = started_with.haproxy;
  auto& now = next.haproxy;
  // How HAProxy is asked to reload: a command alone would be one for another HAProxy.
  if (std::tie(then.mode, then.master_socket, then.pid_file) !=
      std::tie(now.mode, now.master_socket, now.pid_file))
    keep("haproxy.reload.command", in_force.haproxy.reload.command, now.reload.command);
  keep("haproxy.mode", then.mode, now.mode);
  keep("haproxy.binary", then.binary, now.binary);
  keep("haproxy.config_file", then.config_file, now.config_file);
  keep("haproxy.base_file", then.base_file, now.base_file);
  keep("haproxy.runtime_socket", then.runtime_socket, now.runtime_socket);
  keep("haproxy.master_socket", then.master_socket, now.master_socket);
  keep("haproxy.pid_file", then.pid_file, now.pid_file);
  keep("log.format", started_with.log.format, next.log.format);
  keep("state_dir", started_with.state_dir, next.state_dir);
  keep("event_buffer", started_with.event_buffer, next.event_buffer);
  place_memory_files(next);
  return names;
}

}  // namespace switchyard::config
