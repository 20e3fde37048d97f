// Checks of the settings and of files.

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/text.hpp"
#include "cli/checks.hpp"
#include "cli/preflight.hpp"
#include "config/load.hpp"
#include "haproxy/certificate_files.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/pem.hpp"

namespace switchyard::cli {

namespace {

using base::errc;

/// How the folder comes to be: "", or that `run` makes it.
void check_folder(const std::string& setting, const std::filesystem::path& folder,
                  findings& found) {
  auto nearest = folder;
  std::error_code ignored;
  while (nearest.has_relative_path() && !std::filesystem::exists(nearest, ignored))
    nearest = nearest.parent_path();
  // Nothing is kept there that traffic needs.
  const auto grade = setting == "state_dir" ? level::warning : level::error;
  const auto fail = [&](const std::string& what, const std::string& remedy) {
    if (grade == level::warning)
      found.warning("files", setting + ": " + what, remedy);
    else
      found.error("files", setting + ": " + what, remedy);
  };
  const auto remedy = "make it for the user that runs switchyard: install -d -m 750 -o USER " +
                      base::shell_word(folder.string()) +
                      " (systemd: StateDirectory= and RuntimeDirectory=), or set " + setting;
  if (!std::filesystem::is_directory(nearest, ignored))
    return fail(nearest.string() + " is no folder", remedy);
  if (::access(nearest.c_str(), W_OK | X_OK) != 0)
    return fail(
        nearest.string() + " cannot be written by " + this_user() + ": " + std::strerror(errno),
        remedy);
  found.ok("files", setting + ": " + folder.string() +
                        (nearest == folder ? " can be written"
                                           : " is not there yet; `switchyard run` makes it in " +
                                                 nearest.string()));
}

base::status readable(const std::string& setting, const std::string& path) {
  const auto text = base::read_file(path);
  if (text) return {};
  return base::error{text.error().kind, setting + ": " + text.error().message};
}

bool check_certificate(const std::string& where, const std::string& path, findings& found) {
  const auto pem = haproxy::read_certificate(path);
  if (!pem)
    found.error("certificates", where + ": " + pem.error().message,
                "put certificate, chain and private key into the file as PEM, readable by the user "
                "that runs HAProxy");
  return static_cast<bool>(pem);
}

void check_certificates_of(const std::string& where, const std::string& path, findings& found) {
  std::error_code ignored;
  haproxy::certificates_on_disk files;
  if (std::filesystem::is_directory(path, ignored)) {
    auto listed = haproxy::certificates_in(path);
    if (!listed)
      return found.error("certificates", where + ": " + listed.error().message,
                         "let the user that runs switchyard read the folder");
    files = std::move(*listed);
  } else {
    files = haproxy::certificates_of_file(path);
  }
  if (files.empty())
    return found.error("certificates", where + ": " + path + " holds no certificate",
                       "put a PEM file with certificate and private key there; without one HAProxy "
                       "does not start");
  bool whole = true;
  for (const auto& [name, stamp] : files) whole = check_certificate(where, name, found) && whole;
  if (whole)
    found.ok("certificates",
             where + ": " + base::counted(files.size(), "certificate") + " in " + path);
}

}  // namespace

std::optional<config::settings> check_settings(const common_options& options, findings& found) {
  auto settings = config::load(options.config, config::switchyard_environment());
  if (settings) {
    found.ok("settings", options.config);
    return std::move(*settings);
  }
  const auto& why = settings.error();
  const bool written = why.kind == errc::invalid;
  found.error("settings", why.message,
              written ? "mend these places; docs/settings.md has every setting"
                      : "write the file as docs/settings.md says, let " + this_user() +
                            " read it, or name another one with --config or SWITCHYARD_CONFIG");
  return std::nullopt;
}

void check_files(const config::settings& settings, findings& found) {
  for (const auto& [setting, folder] : own_folders(settings)) check_folder(setting, folder, found);
  const auto file = haproxy::config_store(settings.haproxy).load();
  if (file || file.error().kind == errc::not_found) return;
  found.error("files", file.error().message,
              file.error().kind == errc::invalid
                  ? "switchyard overwrites no file of somebody else's: move it out of the way and "
                    "your lines into haproxy.base_file, or set haproxy.config_file"
                  : "let " + this_user() + " read and write it");
}

void check_base_file(const config::haproxy_settings& settings, findings& found) {
  if (!settings.base_file) return;
  found.note("base_file", readable("haproxy.base_file", *settings.base_file), *settings.base_file,
             "HAProxy reads it before our file: put yours there, or leave haproxy.base_file out");
}

void check_authorities(const config::haproxy_settings& settings, findings& found) {
  if (!settings.server_ca_file) return;
  const std::string remedy =
      "name a readable PEM file, or leave it out for the system's authorities";
  const auto fail = [&](const std::string& what) {
    found.error("server_ca_file", "haproxy.server_ca_file: " + what, remedy);
  };
  const auto text = base::read_file(*settings.server_ca_file);
  if (!text) return fail(text.error().message);
  const auto blocks = haproxy::read_pem(*text);
  if (!blocks) return fail(*settings.server_ca_file + ": " + blocks.error().message);
  if (!blocks->certificate) return fail(*settings.server_ca_file + " holds no certificate");
  found.ok("server_ca_file", *settings.server_ca_file);
}

void check_certificates(const config::settings& settings, findings& found) {
  for (const auto& frontend : settings.frontends)
    for (const auto& bind : frontend.binds)
      if (bind.certificates)
        check_certificates_of("frontend " + frontend.name, *bind.certificates, found);
}

}  // namespace switchyard::cli
