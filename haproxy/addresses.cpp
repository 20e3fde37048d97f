#include "haproxy/addresses.hpp"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/net.hpp"

namespace switchyard::haproxy {

namespace {

/// Whether the head of a file binds that port, at whatever address.
bool has_bind_on_port(const std::string& head, std::uint16_t port) {
  constexpr std::string_view bind = "    bind ";
  const auto end = ":" + std::to_string(port);
  for (auto at = head.find(bind); at != std::string::npos; at = head.find(bind, at + 1)) {
    const auto from = at + bind.size();
    if (head.substr(from, head.find_first_of(" \n", from) - from).ends_with(end)) return true;
  }
  return false;
}

}  // namespace

bool shares_network(const config::haproxy_settings& settings, pid_t worker) {
  if (settings.mode == config::haproxy_mode::managed) return true;
  std::error_code unreadable;
  const auto proc = "/proc/" + std::to_string(worker);
  const auto theirs = std::filesystem::read_symlink(proc + "/ns/net", unreadable);
  if (unreadable) return false;
  // In another process namespace the number may be somebody else's.
  const auto program = std::filesystem::read_symlink(proc + "/exe", unreadable).filename().string();
  if (unreadable || program.find("haproxy") == std::string::npos) return false;
  return theirs == std::filesystem::read_symlink("/proc/self/ns/net", unreadable);
}

std::vector<lost_bind> lost_binds(const std::vector<config::frontend_settings>& frontends,
                                  const std::string& loaded_head) {
  std::vector<lost_bind> lost;
  for (const auto& frontend : frontends) {
    for (const auto& bind : frontend.binds) {
      if (has_bind_on_port(loaded_head, bind.port)) continue;
      const auto free = base::reserve({bind.address, bind.port});
      if (!free) lost.push_back({frontend.name, free.error()});
    }
  }
  return lost;
}

}  // namespace switchyard::haproxy
