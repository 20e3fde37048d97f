#include "haproxy/profiles.hpp"

#include <utility>

#include "base/fingerprint.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

constexpr std::size_t most_unused = 64;

/// A section's settings without what is the backend's own: its first line, and default-server,
/// which servers that are added at run time ignore.
std::string body_of(std::string_view settings) {
  const auto first = settings.substr(0, settings.find('\n'));
  const bool tcp = first.ends_with(" from " + defaults_name(model::proxy_mode::tcp));
  std::string body(defaults_lines(tcp ? model::proxy_mode::tcp : model::proxy_mode::http));
  settings.remove_prefix(first.size() + 1);
  while (!settings.empty()) {
    const auto line = settings.substr(0, settings.find('\n') + 1);
    if (!line.starts_with("    default-server ")) body += line;
    settings.remove_prefix(line.size());
  }
  return body;
}

std::string name_of(std::string_view body) {
  return "switchyard-" + base::fingerprint().add(body).hex();
}

void add(profile_map& all, std::string_view settings) {
  auto body = body_of(settings);
  auto name = name_of(body);
  auto text = "defaults " + name + "\n" + std::move(body);
  all.insert_or_assign(std::move(name), std::move(text));
}

/// Those of backends of which nobody said anything but the mode, or what concerns servers only
/// (their protocol, say).
void add_usual(profile_map& all) {
  for (const auto mode : {model::proxy_mode::http, model::proxy_mode::tcp}) {
    model::backend usual{"usual", {}, {}};
    usual.settings.mode = mode;
    if (const auto section = render_backend(usual)) add(all, section->settings);
  }
}

}  // namespace

std::string profile_name(std::string_view settings) {
  return name_of(body_of(settings));
}

profile_map profiles_for(const std::map<std::string, backend_section_ptr>& backends,
                         const profile_map& before) {
  profile_map all;
  for (const auto& [name, section] : backends) add(all, section->settings);
  add_usual(all);
  std::size_t unused = 0;
  for (const auto& [name, text] : before) {
    if (unused == most_unused) break;
    if (all.emplace(name, text).second) ++unused;
  }
  return all;
}

}  // namespace switchyard::haproxy
