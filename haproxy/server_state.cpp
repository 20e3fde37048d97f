#include "haproxy/server_state.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/atomic_file.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;

constexpr std::size_t largest_base_file = 1U << 26;

// Columns of `show servers state`, version 1 (management guide).
constexpr std::size_t backend_column = 1;
constexpr std::size_t server_column = 3;
constexpr std::size_t address_column = 4;
constexpr std::size_t operational_column = 5;
constexpr std::size_t admin_column = 6;
constexpr std::size_t port_column = 18;
constexpr std::size_t columns = 19;  // those up to the port

std::string_view take_row(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

/// Name → "address port" of a section's servers.
std::map<std::string, std::string> places_of(const backend_section& section) {
  std::map<std::string, std::string> places;
  for (const auto& line : section.servers)
    if (auto server = parse_server_line(line))
      places.emplace(std::move(server->name), server->address + " " + std::to_string(server->port));
  return places;
}

bool is_checked(const backend_section& section) {
  const std::string_view settings = section.settings;
  const auto at = settings.find("    default-server ");
  if (at == std::string_view::npos) return false;
  auto line = settings.substr(at, settings.find('\n', at) - at);
  while (!line.empty())
    if (take_word(line) == "check") return true;
  return false;
}

/// Whether the next configuration has a server, checked and at the place where the running one has
/// it.
class places {
 public:
  explicit places(const configuration& next) : next_(next) {}

  bool has(std::string_view backend, std::string_view server, const std::string& place) {
    if (!of_ || of_->first != backend) {
      of_.emplace(backend, std::map<std::string, std::string>());
      const auto section = next_.backends.find(of_->first);
      // Nothing would ever find up again one that is not checked.
      if (section != next_.backends.end() && is_checked(*section->second))
        of_->second = places_of(*section->second);
    }
    const auto found = of_->second.find(std::string(server));
    return found != of_->second.end() && found->second == place;
  }

 private:
  const configuration& next_;
  std::optional<std::pair<std::string, std::map<std::string, std::string>>> of_;
};

}  // namespace

std::string server_state_beside(const std::string& config_file) {
  return file_beside(config_file, ".servers.state");
}

outcome<std::string> down_servers(std::string_view reply, const configuration& next) {
  std::string text(no_server_state);
  const auto title_follows = take_row(reply) == "1" && reply.starts_with("# be_id be_name ");
  if (!title_follows) return error{errc::protocol, "an unexpected reply to show servers state"};
  (text += take_row(reply)) += '\n';
  places wanted(next);
  while (!reply.empty()) {
    const auto line = take_row(reply);
    auto rest = line;
    std::array<std::string_view, columns> cells;
    for (auto& cell : cells) cell = take_word(rest);
    if (cells[operational_column] != "0" || cells[admin_column] != "0") continue;
    const auto place = std::string(cells[address_column]) + " " + std::string(cells[port_column]);
    if (wanted.has(cells[backend_column], cells[server_column], place)) (text += line) += '\n';
  }
  return text;
}

bool server_state_is_ours(const config::haproxy_settings& settings) {
  if (!settings.base_file) return true;
  const auto text = base::read_file(*settings.base_file, largest_base_file);
  return !text || text->find("server-state-file") == std::string::npos;
}

}  // namespace switchyard::haproxy
