#include "haproxy/configuration.hpp"

#include <algorithm>
#include <cstdint>

#include "base/fingerprint.hpp"
#include "haproxy/reply_text.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;

constexpr std::string_view marker =
    "# Written by switchyard. Changes made here are overwritten; yours belong into its settings\n"
    "# (frontends) or into a file of your own (haproxy.base_file).\n";
constexpr std::string_view section_start = "backend ";
constexpr std::string_view defaults_start = "defaults ";
constexpr std::string_view server_start = "    server ";

/// Counts, so that a file that lost lines in between is told as well as one that was cut or edited.
std::string closing_line(std::size_t backends, std::size_t servers, const std::string& print) {
  return "# End of switchyard's part: " + std::to_string(backends) + " backends, " +
         std::to_string(servers) + " servers, " + print + ".\n";
}

std::string opening(std::string_view layout) {
  return std::string(marker) + "global\n    setenv " + std::string(layout_variable) + " " +
         std::string(layout) + "\n\n";
}

/// The next line without its newline, taken off `text`; a last line without newline is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::string> name_of_section(std::string_view line) {
  if (take_word(line) != "backend") return std::nullopt;
  const auto name = take_word(line);
  if (!model::valid_name(name)) return std::nullopt;
  for (const auto mode : {model::proxy_mode::http, model::proxy_mode::tcp})
    if (line == " from " + defaults_name(mode)) return std::string(name);
  return std::nullopt;
}

error not_ours(std::string_view line) {
  return {errc::invalid, "not a configuration that switchyard wrote, or edited since: " +
                             (line.empty() ? std::string("it is cut off") : printable(line))};
}

/// Reads one section up to the blank line behind it. `text` begins behind the section's first line.
outcome<backend_section> parse_section(std::string_view first, std::string_view& text) {
  backend_section section;
  (section.settings = first) += '\n';
  std::string before;
  while (const auto line = take_line(text)) {
    if (line->empty()) return section;
    if (!line->starts_with("    ")) return not_ours(*line);
    if (line->starts_with(server_start)) {
      auto server = parse_server_line(*line);
      if (!server || server->name <= before) return not_ours(*line);
      before = std::move(server->name);
      section.servers.emplace_back(*line);
    } else if (section.servers.empty()) {
      (section.settings += *line) += '\n';
    } else {
      return not_ours(*line);
    }
  }
  return not_ours("");
}

/// What stands between profiles_start and profiles_end, and nothing when there is none of it.
outcome<profile_map> parse_profiles(std::string_view& text) {
  profile_map profiles;
  if (!text.starts_with(profiles_start)) return profiles;
  take_line(text);
  while (text.starts_with(defaults_start)) {
    const auto first = take_line(text).value_or("");
    if (!first.starts_with(defaults_start)) return not_ours(first);
    auto& section = profiles[std::string(first.substr(defaults_start.size()))];
    (section = first) += '\n';
    for (auto line = take_line(text); line && !line->empty(); line = take_line(text)) {
      if (!line->starts_with("    ")) return not_ours(*line);
      (section += *line) += '\n';
    }
  }
  const auto end = take_line(text);
  if (!end || *end != profiles_end) return not_ours(end.value_or(""));
  const auto blank = take_line(text);
  if (!blank || !blank->empty()) return not_ours(blank.value_or(""));
  return profiles;
}

std::size_t count_servers(const configuration& c) {
  std::size_t servers = 0;
  for (const auto& [name, section] : c.backends) servers += section->servers.size();
  return servers;
}

}  // namespace

std::string configuration::fingerprint() const {
  base::fingerprint print;
  print.add(head);
  for (const auto& [name, text] : profiles) print.add(text);
  for (const auto& [name, section] : backends) {
    print.add(name);
    print.add({"\0", 1});
    print.add(section->settings);
  }
  return print.hex();
}

std::string configuration::text() const {
  const auto print = fingerprint();
  auto whole = opening(loaded_as.empty() ? print : loaded_as);
  auto size = whole.size() + head.size() + 128;
  for (const auto& [name, section] : backends) {
    size += section->settings.size() + 1;
    for (const auto& line : section->servers) size += line.size() + 1;
  }
  for (const auto& [name, text] : profiles) size += text.size() + 1;
  whole.reserve(size);
  (whole += head) += '\n';
  if (!profiles.empty()) {
    (whole += profiles_start) += '\n';
    for (const auto& [name, text] : profiles) (whole += text) += '\n';
    (whole += profiles_end) += "\n\n";
  }
  for (const auto& [name, section] : backends) {
    whole += section->settings;
    for (const auto& line : section->servers) (whole += line) += '\n';
    whole += '\n';
  }
  return whole += closing_line(backends.size(), count_servers(*this), print);
}

backend_modes configuration::modes() const {
  backend_modes modes;
  const auto http = " from " + defaults_name(model::proxy_mode::http);
  for (const auto& [name, section] : backends) {
    const std::string_view settings = section->settings;
    const bool is_http = settings.substr(0, settings.find('\n')).ends_with(http);
    modes.emplace_hint(modes.end(), name,
                       is_http ? model::proxy_mode::http : model::proxy_mode::tcp);
  }
  return modes;
}

outcome<configuration> parse_configuration(std::string_view text) {
  const auto prefix = opening(std::string(base::fingerprint::width, '?'));
  auto rest = text.substr(std::min(prefix.size(), text.size()));
  configuration read;
  read.loaded_as = text.substr(std::min(prefix.find('?'), text.size()), base::fingerprint::width);
  if (!base::fingerprint::is_one(read.loaded_as)) return not_ours(text.substr(0, text.find('\n')));
  while (!rest.starts_with(section_start) && !rest.starts_with("# End of ") &&
         !rest.starts_with(profiles_start)) {
    const auto line = take_line(rest);
    if (!line) return not_ours("");
    (read.head += *line) += '\n';
  }
  if (read.head.empty()) return not_ours(text.substr(0, text.find('\n')));
  read.head.pop_back();  // the blank line that text() puts behind it
  if (auto profiles = parse_profiles(rest)) {
    read.profiles = std::move(profiles).value();
  } else {
    return profiles.error();
  }
  while (rest.starts_with(section_start)) {
    const auto first = take_line(rest).value_or("");
    const auto name = name_of_section(first);
    if (!name) return not_ours(first);
    auto section = parse_section(first, rest);
    if (!section) return section.error();
    const bool added =
        read.backends.emplace(*name, std::make_shared<backend_section>(std::move(section).value()))
            .second;
    if (!added) return not_ours(first);
  }
  // What is read writes the very same file: no other text passes, whatever the steps above let
  // through.
  if (read.text() != text)
    return error{errc::invalid,
                 "not a configuration that switchyard wrote, or edited since: its first and last "
                 "lines do not fit what is in between"};
  return read;
}

std::optional<model::server> parse_server_line(std::string_view line) {
  auto rest = line;
  if (take_word(rest) != "server") return std::nullopt;
  model::server server;
  server.name = take_word(rest);
  const auto place = parse_server_address(take_word(rest));
  if (!place || take_word(rest) != "weight" || !read_number(take_word(rest), server.weight))
    return std::nullopt;
  server.address = place->address;
  server.port = place->port;
  while (!rest.empty()) {
    const auto word = take_word(rest);
    if (word == "backup") {
      server.backup = true;
    } else if (word == "disabled") {
      server.state = model::server_state::maint;
    } else if (word != "maxconn" || !read_number(take_word(rest), server.maxconn)) {
      return std::nullopt;
    }
  }
  const auto again = render_server(server);
  if (!again || *again != line) return std::nullopt;
  return server;
}

}  // namespace switchyard::haproxy
