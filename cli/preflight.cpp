#include "cli/preflight.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/net.hpp"
#include "base/subprocess.hpp"
#include "haproxy/capabilities.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/master.hpp"
#include "haproxy/renderer.hpp"

namespace switchyard::cli {

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

base::status config_file_usable(const config::haproxy_settings& settings) {
  const std::filesystem::path file(settings.config_file);
  std::error_code failed;
  std::filesystem::create_directories(file.parent_path(), failed);
  if (failed)
    return base::error{base::errc::io, "the folder of haproxy.config_file, " +
                                           file.parent_path().string() +
                                           ", cannot be made: " + failed.message()};
  const auto found = haproxy::config_store(settings).load();
  if (found || found.error().kind == base::errc::not_found) return {};
  return found.error();
}

base::status configuration_accepted(const config::settings& settings) {
  const haproxy::config_store store(settings.haproxy);
  haproxy::configuration candidate;
  if (auto found = store.load()) candidate = std::move(found).value();
  auto head =
      haproxy::render_head(settings.haproxy, settings.frontends, candidate.http_backends());
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

base::outcome<base::unique_fd> reserve_api(const config::api_settings& settings) {
  const auto address = base::parse_address(settings.listen);
  if (!address) return base::error{address.error().kind, "api.listen: " + address.error().message};
  auto held = base::reserve(*address);
  if (!held)
    return base::error{held.error().kind,
                       "api.listen: " + held.error().message + "; set api.listen to another one"};
  return held;
}

}  // namespace switchyard::cli
