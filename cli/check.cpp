#include "cli/checks.hpp"

namespace switchyard::cli {

namespace {

void check_haproxy(const config::settings& settings, findings& found) {
  const auto& haproxy = settings.haproxy;
  const bool usable_binary = check_binary(haproxy, found);
  check_files(settings, found);
  check_base_file(haproxy, found);
  check_authorities(haproxy, found);
  check_certificates(settings, found);
  check_configuration(settings, usable_binary, found);
  if (haproxy.mode == config::haproxy_mode::managed && !haproxy_runs(haproxy))
    check_none_left(haproxy, found);
  else
    check_sockets(haproxy, found);
  check_binds(settings, found);
  check_ports(haproxy, found);
  check_api(settings, found);
}

int finish(const findings& found, output_format format) {
  found.print(format);
  return found.sound() ? 0 : 1;
}

}  // namespace

int check(const common_options& options) {
  findings found;
  if (const auto settings = check_settings(options, found)) {
    check_haproxy(*settings, found);
    const auto sources = check_providers(*settings, false, found);
    check_targets(*settings, sources, found);
  }
  return finish(found, options.output);
}

int doctor(const common_options& options) {
  findings found;
  if (const auto settings = check_settings(options, found)) {
    check_user(*settings, found);
    check_secrets(options, *settings, found);
    check_haproxy(*settings, found);
    check_limits(settings->haproxy, found);
    check_daemon(options, *settings, found);
    const auto sources = check_providers(*settings, true, found);
    check_targets(*settings, sources, found);
    check_directives(*settings, sources, found);
  }
  return finish(found, options.output);
}

}  // namespace switchyard::cli
