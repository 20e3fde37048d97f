// Checks of a running HAProxy: its sockets, what it may be told, what it has loaded.

#include <filesystem>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/text.hpp"
#include "cli/checks.hpp"
#include "haproxy/configuration.hpp"
#include "haproxy/reach.hpp"
#include "haproxy/replies.hpp"
#include "haproxy/runtime.hpp"

namespace switchyard::cli {

namespace {

using config::haproxy_settings;

std::string files_of(const haproxy_settings& s) {
  return (s.base_file ? "-f " + base::shell_word(*s.base_file) + " " : std::string()) + "-f " +
         base::shell_word(s.config_file);
}

std::string start_of(const haproxy_settings& s) {
  return "haproxy -W" +
         (s.master_socket ? " -S " + base::shell_word(*s.master_socket) : std::string()) +
         (s.pid_file ? " -p " + base::shell_word(*s.pid_file) : std::string()) + " " + files_of(s);
}

/// HAProxy does not answer: what to do, which before the first start is another thing than later.
std::string start_remedy(const haproxy_settings& s) {
  if (s.mode == config::haproxy_mode::managed)
    return "managed mode: restart switchyard, which makes the socket anew";
  std::error_code ignored;
  if (!std::filesystem::exists(s.config_file, ignored))
    return "before the first start: start switchyard first (`switchyard run`), which writes " +
           s.config_file +
           " and waits for HAProxy; then start HAProxy with both files: " + start_of(s);
  return "start HAProxy: " + start_of(s);
}

std::string denied_remedy(const std::string& socket) {
  return "run switchyard as a user or in a group that may write the socket (`stats socket " +
         socket + " mode 660 group GROUP level admin`)";
}

void cannot_reach(const haproxy_settings& s, const std::string& subject, const std::string& socket,
                  const base::error& why, findings& found) {
  const bool denied = why.message.find("not permitted") != std::string::npos;
  found.error(subject, why.message, denied ? denied_remedy(socket) : start_remedy(s));
}

void check_loaded_file(haproxy::runtime& runtime, const haproxy_settings& settings,
                       const std::string& subject, findings& found) {
  const std::string variable(haproxy::layout_variable);
  const auto layout = runtime.execute_raw("show env " + variable);
  if (layout && layout->find("ermission denied") != std::string::npos) return;
  if (layout && !haproxy::parse_env(*layout, variable).empty())
    return found.ok(subject, "has loaded " + settings.config_file);
  found.error(subject, "this HAProxy does not read " + settings.config_file,
              "start switchyard once, so that the file is there, and HAProxy with both files: " +
                  start_of(settings));
}

void check_runtime_socket(const haproxy_settings& settings, findings& found) {
  const std::string subject = "runtime_socket " + settings.runtime_socket;
  auto runtime = haproxy::runtime::connect(settings.runtime_socket);
  if (!runtime)
    return cannot_reach(settings, subject, settings.runtime_socket, runtime.error(), found);
  const auto reply = runtime->execute_raw("show info");
  const auto info =
      reply ? haproxy::parse_info(*reply) : base::outcome<haproxy::process_info>(reply.error());
  if (!info)
    return found.error(subject, info.error().message,
                       "name the `stats socket` of HAProxy in haproxy.runtime_socket");
  check_version(subject, info->version, found);
  const auto admin = haproxy::require_admin(*runtime, "it");
  found.note(subject, admin, "pid " + std::to_string(info->pid) + ", level admin",
             "in HAProxy's global section: stats socket " + settings.runtime_socket +
                 " mode 660 level admin expose-fd listeners");
  check_loaded_file(*runtime, settings, subject, found);
}

void check_master_socket(const haproxy_settings& settings, findings& found) {
  const auto subject = "master_socket " + *settings.master_socket;
  const auto master = haproxy::show_proc(*settings.master_socket);
  if (master)
    return found.ok(subject, "master " + std::to_string(master->master) + ", worker " +
                                 std::to_string(master->worker));
  cannot_reach(settings, subject, *settings.master_socket, master.error(), found);
}

void check_pid_file(const haproxy_settings& settings, findings& found) {
  const auto subject = "pid_file " + *settings.pid_file;
  const auto text = base::read_file(*settings.pid_file, 64);
  if (!text) return found.error(subject, text.error().message, start_remedy(settings));
  const auto pid = text->substr(0, text->find_first_not_of("0123456789"));
  const auto name = base::read_file("/proc/" + pid + "/comm", 64);
  if (!pid.empty() && name && name->starts_with("haproxy"))
    return found.ok(subject, "names process " + pid);
  found.error(subject, "names no running HAProxy", start_remedy(settings));
}

}  // namespace

void check_sockets(const haproxy_settings& settings, findings& found) {
  check_runtime_socket(settings, found);
  if (settings.master_socket) check_master_socket(settings, found);
  if (settings.pid_file && !settings.master_socket) check_pid_file(settings, found);
}

}  // namespace switchyard::cli
