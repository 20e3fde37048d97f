#include "haproxy/routes.hpp"

#include <algorithm>

#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;

/// Calls `entry(first, second)` for each line of two or more words; false from it ends the walk.
/// Gives the line at which it ended.
template <class Entry>
std::optional<std::string_view> walk(std::string_view text, Entry entry) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && !entry(line)) return line;
  }
  return std::nullopt;
}

/// Whether an entry is one line of the file and can be named on the runtime API.
bool sayable(const std::string& key, const std::string& backend) {
  return map_key(key) && argument(backend);
}

/// "api.example.com/v1" for "api.example.com/v1/".
std::string place_of(const std::string& key) {
  const auto is_root = key.find('/') == key.size() - 1;
  return !key.empty() && key.back() == '/' && !is_root ? key.substr(0, key.size() - 1) : key;
}

}  // namespace

std::vector<route_change> changes_between(const route_entries& before, const route_entries& after) {
  std::vector<route_change> changes;
  for (const auto& [key, backend] : after) {
    const auto was = before.find(key);
    const auto from = was == before.end() ? std::string() : was->second;
    if (from != backend) changes.push_back({key, from, backend});
  }
  for (const auto& [key, backend] : before)
    if (!after.contains(key)) changes.push_back({key, backend, ""});
  return changes;
}

std::string words_of(const route_change& change) {
  const auto route = "route " + place_of(change.key);
  const bool led = !change.from.empty() && change.from != no_backend;
  if (change.to.empty()) return route + (led ? " to " + change.from : "") + " deleted";
  const auto no_longer = led ? ", no longer to " + change.from : "";
  if (change.to == no_backend) return route + " answers 503 until its backend is there";
  return route + " leads to " + change.to + no_longer;
}

bool plain_map(std::string_view map) {
  return plain_file(map);
}

std::string map_beside(const std::string& config_file) {
  return file_beside(config_file, ".routes.map");
}

std::string route_key(const model::route& route) {
  auto key = route.host + route.path;
  if (!key.ends_with('/')) key += '/';
  return key;
}

route_entries wanted_entries(const std::vector<model::route>& routes, const presence_of& presence,
                             const route_entries& actual) {
  route_entries entries;
  for (const auto& route : routes) {
    auto key = route_key(route);
    if (!sayable(key, route.backend)) continue;
    const auto now = actual.find(key);
    switch (presence(route.backend)) {
      case backend_presence::running:
        entries.insert_or_assign(std::move(key), route.backend);
        break;
      case backend_presence::coming:
        if (now != actual.end()) {
          const bool leads = presence(now->second) == backend_presence::running;
          entries.insert_or_assign(std::move(key), leads ? now->second : std::string(no_backend));
        }
        break;
      case backend_presence::unknown:
        entries.insert_or_assign(std::move(key), std::string(no_backend));
        break;
    }
  }
  return entries;
}

std::string map_text(const route_entries& entries) {
  std::string text;
  for (const auto& [key, backend] : entries) ((text += key) += ' ') += backend + '\n';
  return text;
}

outcome<route_entries> parse_map_text(std::string_view text) {
  route_entries entries;
  const auto bad = walk(text, [&](std::string_view line) {
    const auto key = take_word(line);
    const auto value = take_word(line);
    return !value.empty() && line.empty() && entries.emplace(key, value).second;
  });
  if (bad) return error{errc::invalid, "not a map that switchyard wrote: " + printable(*bad)};
  return entries;
}

outcome<route_entries> parse_map(std::string_view reply) {
  if (reply.starts_with("Unknown map")) return error{errc::not_found, std::string(reply)};
  route_entries entries;
  const auto bad = walk(reply, [&](std::string_view line) {
    const auto address = take_word(line);
    const auto key = take_word(line);
    const auto value = take_word(line);
    if (!address.starts_with("0x") || key.empty()) return false;
    const auto [at, first] = entries.emplace(key, value);
    if (!first && at->second != value) at->second.clear();
    return true;
  });
  if (bad) return error{errc::protocol, "an unexpected reply to show map: " + printable(*bad)};
  return entries;
}

outcome<std::string> parse_new_version(std::string_view reply) {
  constexpr std::string_view start = "New version created: ";
  if (!reply.starts_with(start)) return error{errc::refused, std::string(reply)};
  const auto number = reply.substr(start.size());
  const bool digits = !number.empty() && number.size() < 11 &&
                      std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return error{errc::protocol, "no version: " + printable(reply)};
  return std::string(number);
}

outcome<std::vector<command>> plan_routes(const std::string& map, const route_entries& actual,
                                          const route_entries& wanted) {
  std::vector<command> commands;
  for (const auto& [key, backend] : wanted) {
    const auto now = actual.find(key);
    if (now != actual.end() && now->second == backend) continue;
    auto made = now == actual.end() ? add_map(map, key, backend) : set_map(map, key, backend);
    if (!made) return made.error();
    commands.push_back(std::move(made).value());
  }
  for (const auto& [key, backend] : actual) {
    if (wanted.contains(key)) continue;
    auto made = del_map(map, key);
    if (!made) return made.error();
    commands.push_back(std::move(made).value());
  }
  return commands;
}

outcome<std::vector<command>> plan_whole_map(const std::string& map, const std::string& version,
                                             const route_entries& wanted) {
  std::vector<command> commands;
  commands.reserve(wanted.size() + 1);
  for (const auto& [key, backend] : wanted) {
    auto made = add_map(map, key, backend, version);
    if (!made) return made.error();
    commands.push_back(std::move(made).value());
  }
  auto last = commit_map(map, version);
  if (!last) return last.error();
  commands.push_back(std::move(last).value());
  return commands;
}

outcome<std::string> routing_lines(const std::string& map) {
  if (!plain_map(map))
    return error{errc::invalid,
                 "haproxy.config_file: the file of the routes lies beside it, and HAProxy takes "
                 "its path " +
                     printable(map) +
                     " only when it is absolute and made of A-Z a-z 0-9 /._-+@=:~"};
  const std::string found = "{ var(txn.switchyard_backend) -m found }";
  const auto look_up = [&](const std::string& text, const std::string& condition) {
    return "    http-request set-var(txn.switchyard_backend) " + text + "map_beg(" + map + ")" +
           condition + "\n";
  };
  const std::string path = "concat(,txn.switchyard_path),";
  return "    http-request set-var(txn.switchyard_path) path,concat(/)\n"
         "    http-request set-var(txn.switchyard_host) req.hdr(host),host_only,lower,rtrim(.)\n" +
         look_up("var(txn.switchyard_host)," + path, "") +
         look_up("var(txn.switchyard_host),regsub(^[^.]*,*)," + path, " unless " + found) +
         look_up("var(txn.switchyard_path),", " unless " + found) +
         "    http-request deny deny_status 503 if { var(txn.switchyard_backend) -m str " +
         std::string(no_backend) + " }\n    use_backend %[var(txn.switchyard_backend)] if " +
         found + "\n";
}

}  // namespace switchyard::haproxy
