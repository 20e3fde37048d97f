#include "cli/preflight.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "api/listener.hpp"
#include "api/transport.hpp"
#include "base/atomic_file.hpp"
#include "base/net.hpp"
#include "base/subprocess.hpp"
#include "haproxy/capabilities.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/master.hpp"
#include "haproxy/pem.hpp"
#include "haproxy/renderer.hpp"
#include "haproxy/server_state.hpp"

namespace switchyard::cli {

namespace {

/// The files that switchyard or its HAProxy makes, each with the setting that names it.
std::vector<std::pair<std::string, std::string>> own_files(const config::haproxy_settings& s) {
  std::vector<std::pair<std::string, std::string>> files{{"haproxy.config_file", s.config_file}};
  if (s.mode != config::haproxy_mode::managed) return files;
  files.emplace_back("haproxy.runtime_socket", s.runtime_socket);
  if (s.master_socket) files.emplace_back("haproxy.master_socket", *s.master_socket);
  return files;
}

}  // namespace

base::outcome<std::string> haproxy_version(const config::haproxy_settings& settings) {
  if (settings.binary.empty()) return std::string("none");
  const auto ran = base::run({{settings.binary, "-v"}, {}});
  if (!ran)
    return base::error{ran.error().kind,
                       "haproxy.binary: " + ran.error().message +
                           "; install HAProxy 2.6 or later, or set haproxy.binary to its path"};
  // "HAProxy version 2.6.12-1 2023/04/01 - https://haproxy.org/"
  const std::string intro = "version ";
  const auto begin = ran->output.find(intro);
  if (ran->exit_code != 0 || begin == std::string::npos)
    return base::error{base::errc::refused,
                       "haproxy.binary: `" + settings.binary + " -v` does not answer like HAProxy"};
  const auto from = begin + intro.size();
  const auto version = ran->output.substr(from, ran->output.find_first_of(" \n", from) - from);
  const auto able = haproxy::detect(version, "");
  if (!able) return able.error();
  return version;
}

base::status files_usable(const config::haproxy_settings& settings) {
  for (const auto& [setting, file] : own_files(settings)) {
    auto folder = std::filesystem::path(file).parent_path();
    std::error_code ignored;
    while (!folder.empty() && folder != folder.root_path() &&
           !std::filesystem::exists(folder, ignored))
      folder = folder.parent_path();
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
      return base::error{base::errc::io,
                         setting + ": " + folder.string() +
                             " cannot be written by this user: " + std::strerror(errno)};
  }
  const auto found = haproxy::config_store(settings).load();
  if (found || found.error().kind == base::errc::not_found) return {};
  return found.error();
}

base::status make_folders(const config::haproxy_settings& settings) {
  for (const auto& [setting, file] : own_files(settings)) {
    const auto folder = std::filesystem::path(file).parent_path();
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed)
      return base::error{base::errc::io, setting + ": the folder " + folder.string() +
                                             " cannot be made: " + failed.message()};
  }
  return {};
}

base::outcome<base::unique_fd> lock_files(const config::haproxy_settings& settings) {
  const auto path = settings.config_file + ".lock";
  base::unique_fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!fd) return base::error{base::errc::io, path + ": " + std::strerror(errno)};
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  return base::error{base::errc::conflict,
                     "another switchyard runs on " + settings.config_file +
                         "; end it, or give this one files and sockets of its own"};
}

base::status pid_file_usable(const config::haproxy_settings& settings) {
  if (!settings.pid_file || settings.master_socket) return {};
  const auto text = base::read_file(*settings.pid_file, 64);
  if (!text) return base::error{text.error().kind, "pid_file: " + text.error().message};
  const auto pid = text->substr(0, text->find_first_not_of("0123456789"));
  const auto name = base::read_file("/proc/" + pid + "/comm", 64);
  if (!pid.empty() && name && name->starts_with("haproxy")) return {};
  return base::error{base::errc::not_found,
                     "pid_file " + *settings.pid_file +
                         " names no running HAProxy; start HAProxy with -W -p " +
                         *settings.pid_file};
}

base::status ca_file_usable(const config::haproxy_settings& settings) {
  if (!settings.server_ca_file) return {};
  const auto text = base::read_file(*settings.server_ca_file);
  const auto refused = [&](const base::error& why) {
    return base::error{why.kind, "haproxy.server_ca_file: " + why.message +
                                     "; name a readable PEM file, or leave it out for the system's "
                                     "authorities"};
  };
  if (!text) return refused(text.error());
  const auto blocks = haproxy::read_pem(*text);
  if (!blocks)
    return refused({base::errc::invalid, *settings.server_ca_file + ": " + blocks.error().message});
  if (blocks->certificate) return {};
  return refused({base::errc::invalid, *settings.server_ca_file + " holds no certificate"});
}

base::status configuration_accepted(const config::settings& settings) {
  haproxy::config_store store(settings.haproxy);
  haproxy::configuration candidate;
  if (auto found = store.load()) candidate = std::move(found).value();
  auto head = haproxy::render_head(settings.haproxy, settings.frontends, candidate.modes(),
                                   haproxy::server_state_is_ours(settings.haproxy));
  if (!head) return head.error();
  candidate.head = std::move(head).value();
  return store.validate(candidate);
}

bool haproxy_runs(const config::haproxy_settings& settings) {
  return settings.master_socket && haproxy::show_proc(*settings.master_socket);
}

base::status binds_free(const config::settings& settings) {
  for (const auto& frontend : settings.frontends) {
    for (const auto& bind : frontend.binds) {
      const auto free = base::reserve({bind.address, bind.port});
      if (!free)
        return base::error{free.error().kind, "frontend " + frontend.name + ": " +
                                                  free.error().message +
                                                  "; end that program or choose another port"};
    }
  }
  return {};
}

base::status api_usable(const config::api_settings& settings) {
  const auto about = [](const base::error& why, const std::string& remedy) {
    return base::error{why.kind, "api: " + why.message + remedy};
  };
  if (settings.listen.empty()) return {};
  if (settings.certificate)
    if (const auto tls = api::tls_context::load(*settings.certificate, *settings.key); !tls)
      return about(tls.error(), "");
  api::listener socket;
  const auto opened = socket.open(settings.listen);
  if (!opened) return about(opened.error(), "; end that program or set api.listen to another one");
  return {};
}

}  // namespace switchyard::cli
