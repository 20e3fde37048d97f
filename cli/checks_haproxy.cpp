// Checks of HAProxy's program and of what it is given to load.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "cli/checks.hpp"
#include "haproxy/binary.hpp"
#include "haproxy/capabilities.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/process.hpp"
#include "haproxy/reach.hpp"
#include "haproxy/renderer.hpp"
#include "haproxy/server_state.hpp"

namespace switchyard::cli {

namespace {

constexpr std::array<std::pair<unsigned, unsigned>, 4> tested{{{2, 6}, {3, 0}, {3, 2}, {3, 4}}};

/// A folder for temporary copies: "" for that of the file, where it can be written.
std::string scratch_for(const std::string& config_file) {
  const auto folder = std::filesystem::path(config_file).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return "";
  std::error_code none;
  const auto temporary = std::filesystem::temp_directory_path(none);
  return none ? "/tmp" : temporary.string();
}

base::status accepted(const config::settings& settings) {
  haproxy::config_store store(settings.haproxy);
  haproxy::configuration candidate;
  if (auto found = store.load()) candidate = std::move(found).value();
  auto head = haproxy::render_head(settings.haproxy, settings.frontends, candidate.modes(),
                                   haproxy::server_state_is_ours(settings.haproxy));
  if (!head) return head.error();
  candidate.head = std::move(head).value();
  return store.validate(candidate, scratch_for(settings.haproxy.config_file));
}

}  // namespace

void check_version(const std::string& subject, const std::string& version, findings& found) {
  const auto able = haproxy::detect(version, "");
  if (!able)
    return found.error(subject, able.error().message, "install HAProxy 2.6, 3.0, 3.2 or 3.4");
  if (std::ranges::find(tested, std::pair(able->major, able->minor)) != tested.end())
    return found.ok(subject, "version " + version);
  found.warning(subject, "version " + version + " is not among those that switchyard is tested on",
                "use HAProxy 2.6, 3.0, 3.2 or 3.4, or try this one out before you rely on it");
}

bool check_binary(const config::haproxy_settings& settings, findings& found) {
  const std::string subject = "HAProxy binary";
  if (settings.binary.empty()) {
    found.ok(subject, "none; configurations are checked by the reload alone");
    return false;
  }
  const std::string remedy =
      "install HAProxy 2.6, 3.0, 3.2 or 3.4, or set haproxy.binary to its path";
  const auto version = haproxy::version_of(settings.binary);
  if (!version) {
    found.error(subject, "haproxy.binary: " + version.error().message, remedy);
    return false;
  }
  check_version(subject, *version, found);
  return static_cast<bool>(haproxy::detect(*version, ""));
}

void check_configuration(const config::settings& settings, bool usable_binary, findings& found) {
  auto looked_at = settings;
  if (!usable_binary) looked_at.haproxy.binary.clear();
  const auto* const sound = usable_binary ? "accepted by HAProxy"
                            : settings.haproxy.binary.empty()
                                ? "well formed"
                                : "well formed; not shown to HAProxy, which cannot be run";
  found.note("configuration", accepted(looked_at), sound,
             "mend haproxy.base_file or frontends as HAProxy's words say");
}

void check_none_left(const config::haproxy_settings& settings, findings& found) {
  found.note("haproxy", haproxy::none_left_behind(settings), "none of an earlier run is left",
             "end the process that is named, then start switchyard");
}

bool haproxy_runs(const config::haproxy_settings& settings) {
  return settings.master_socket && haproxy::show_proc(*settings.master_socket);
}

}  // namespace switchyard::cli
