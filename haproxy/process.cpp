#include "haproxy/process.hpp"

#include <fcntl.h>
#include <poll.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>

#include "haproxy/launch.hpp"
#include "haproxy/pidfd.hpp"
#include "haproxy/program.hpp"
#include "haproxy/reach.hpp"
#include "haproxy/unix_socket.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::status;
using std::chrono::milliseconds;

constexpr milliseconds longer_look(200);
constexpr milliseconds between_tries(5);
constexpr milliseconds between_signals(50);
constexpr milliseconds orphan_ends_within(10'000);
constexpr milliseconds dismissed_within(5'000);
constexpr milliseconds after_sigterm(5'000);
constexpr milliseconds after_sigkill(5'000);

/// Waits until the process behind a pidfd has ended. false: the deadline passed.
bool ended_by(int pidfd, const base::deadline& until) {
  const auto ended = base::wait_readable(pidfd, until);
  return ended && *ended;
}

/// How a child has ended: "SIGSEGV", "exit code 1".
std::string end_of(base::child& ended) {
  const auto code = ended.ended().value_or(-1);
  const auto signal = base::signal_of(code);
  return signal.empty() ? "exit code " + std::to_string(code) : signal;
}

error unreachable(const config::haproxy_settings& settings, pid_t left) {
  const auto pid = std::to_string(left);
  return {errc::conflict, "the HAProxy of an earlier run (process " + pid + ") still runs on " +
                              settings.config_file +
                              " and cannot be reached, since its sockets are gone; a second one "
                              "would share its traffic. End it (kill " +
                              pid + "), then start switchyard again"};
}

}  // namespace

status none_left_behind(const config::haproxy_settings& settings, milliseconds longest) {
  const base::deadline until(longest);
  for (;;) {
    const auto left = kept_master(settings).running_on_our_file();
    if (left.pid == 0) return {};
    const auto there = settings.master_socket
                           ? show_proc(*settings.master_socket, std::min(longer_look, until.left()))
                           : error{};
    if (there && there->master == left.pid) return {};
    if (until.passed()) return unreachable(settings, left.pid);
    ::poll(nullptr, 0, static_cast<int>(between_tries.count()));
  }
}

process::process(config::haproxy_settings settings)
    : settings_(std::move(settings)), kept_(settings_) {
  if (!settings_.master_socket)
    settings_.master_socket =
        std::filesystem::path(settings_.runtime_socket).replace_filename("master.sock").string();
}

status process::ensure_running(milliseconds longest) {
  const base::deadline until(longest);
  if (!alive()) {
    const auto found = find(until);
    if (!found) return found.error();
    if (*found == presence::none)
      if (auto started = start(); !started) return started;
  }
  do {
    if (!alive())
      return error{errc::refused, "HAProxy ended at once" +
                                      (child_ ? " (" + end_of(*child_) + ")" : std::string()) +
                                      "; its own messages say why"};
    // One that was found may have lost its runtime socket; a new one has to have it.
    const auto at_most = std::min(longer_look, until.left());
    const auto info =
        child_ ? show_info(settings_.runtime_socket, at_most) : show_info(settings_, at_most);
    // 2.6 opens its master socket a moment after its worker has begun to answer.
    if (info && !info->stopping &&
        show_proc(*settings_.master_socket, std::min(longer_look, until.left()))) {
      answered_ = true;
      return {};
    }
    ended_by(pidfd_.get(), base::deadline(between_tries));
  } while (!until.passed());
  return error{errc::timeout,
               "HAProxy runs but does not answer on " + settings_.runtime_socket + " in time"};
}

base::outcome<process::presence> process::find(const base::deadline& until) {
  if (const auto leaving = kept_.leaving(); leaving.pid != 0) {
    dismiss(leaving, base::deadline(std::min(dismissed_within, until.left())));
    return presence::none;
  }
  const base::deadline orphan_gone(std::min(orphan_ends_within, until.left()));
  for (;;) {
    const auto adopted = adopt(until);
    if (adopted) return presence::adopted;
    if (adopted.error().kind != errc::unavailable) return adopted.error();
    const auto& socket = settings_.runtime_socket;
    const auto there = connect_unix(socket, orphan_gone);
    if (!there && there.error().kind == errc::unavailable) {
      if (auto alone = none_left_behind(settings_, orphan_gone.left()); !alone)
        return alone.error();
      if (kept_.running_on_our_file().pid == 0) return presence::none;
      continue;  // it is found by now
    }
    // A worker without a master: either its master is just about to listen, or was killed, and then
    // the worker ends by itself but may hold its ports a little longer. Two HAProxys would share
    // the traffic (SO_REUSEPORT), so none is started beside it.
    if (orphan_gone.passed())
      return error{errc::conflict, "somebody answers on " + socket +
                                       " without a master behind our master socket; end it first"};
    ::poll(nullptr, 0, static_cast<int>(between_tries.count()));
  }
}

// Whoever was telling it to stop may have been killed before the signal, and a master that is just
// starting takes no notice of one. It goes on with what it has begun, and takes nothing new.
void process::dismiss(const program& leaving, const base::deadline& until) const {
  const auto pidfd = open_pidfd(leaving.pid);
  const bool ours = started_with(leaving.pid, settings_.config_file).value_or(true);
  if (!pidfd || !ours || !runs(leaving)) return;
  do {
    signal_pidfd(pidfd.get(), SIGUSR1);
    if (ended_by(pidfd.get(), base::deadline(std::min(between_signals, until.left())))) return;
    // A master that has told its worker to stop answers nobody (2.6, 3.4), and one that is loading
    // does not yet; that one has no handler for the signal yet (3.4), or ends with it (2.6, 3.0).
    const auto info = show_info(settings_.runtime_socket, std::min(longer_look, until.left()));
    const bool stops = info ? info->stopping : info.error().kind == errc::unavailable;
    if (stops && catches(leaving.pid, SIGUSR1)) return;
  } while (!until.passed());
}

status process::adopt(const base::deadline& until) {
  const auto socket = *settings_.master_socket;
  if (const auto listener = connect_unix(socket, until); !listener) return listener.error();
  // Somebody listens: a master that is just loading its configuration answers a little later.
  do {
    const auto there = show_proc(socket, std::min(longer_look, until.left()));
    if (there) return take(there->master);
    ::poll(nullptr, 0, static_cast<int>(between_tries.count()));
  } while (!until.passed());
  return error{errc::timeout, "what listens on " + socket + " does not answer as HAProxy's master"};
}

status process::take(pid_t master) {
  if (const auto left = kept_.running_on_our_file(); left.pid != 0 && left.pid != master)
    return unreachable(settings_, left.pid);
  auto pidfd = open_pidfd(master);
  if (!pidfd)
    return error{errc::unavailable,
                 "process " + std::to_string(master) + ": " + std::strerror(errno)};
  if (!started_with(master, settings_.config_file).value_or(true))
    return error{errc::conflict,
                 "the HAProxy at " + *settings_.master_socket + " (process " +
                     std::to_string(master) + ") was not started on " + settings_.config_file +
                     ", so it is not ours; end it, or set haproxy.master_socket to another path"};
  child_.reset();
  pidfd_ = std::move(pidfd);
  master_ = master;
  keep_master();
  return {};
}

status process::start() {
  auto started = launch(settings_);
  if (!started) return started.error();
  base::unique_fd pidfd(::fcntl(started->pidfd(), F_DUPFD_CLOEXEC, 0));
  if (!pidfd) {
    const int cause = errno;
    started->signal(SIGKILL);
    return error{errc::io, std::string("pidfd of HAProxy: ") + std::strerror(cause)};
  }
  master_ = started->pid();
  keep_master();
  pidfd_ = std::move(pidfd);
  child_ = std::move(*started);
  return {};
}

// Without it nothing but the sockets tells that HAProxy is there, which is no reason to have none;
// the gateway writes it again, and tells why where it cannot.
void process::keep_master() {
  static_cast<void>(kept_.keep(program_at(master_)));
}

bool process::alive() {
  if (master_ == 0) return false;
  if (!ended_by(pidfd_.get(), base::deadline(milliseconds(0)))) return true;
  const auto end = child_ ? end_of(*child_) : std::string();  // reaps it
  if (std::exchange(answered_, false)) last_end_ = end;
  pidfd_.reset();
  master_ = 0;
  return false;
}

status process::reloadable() {
  if (!alive()) return error{errc::unavailable, "HAProxy has ended"};
  if (auto made = make_folder_of(*settings_.master_socket); !made) return made;
  const auto folder = std::filesystem::path(*settings_.master_socket).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return error{errc::io, folder.string() + " cannot be written: " + std::strerror(errno)};
}

status process::begin_reload() {
  if (auto ready = reloadable(); !ready) return ready;
  if (signal_pidfd(pidfd_.get(), SIGUSR2)) return {};
  return error{errc::unavailable,
               "SIGUSR2 to process " + std::to_string(master_) + ": " + std::strerror(errno)};
}

void process::stop(milliseconds grace) {
  if (!alive()) return;
  struct stop_signal {
    int signal;
    milliseconds patience;
  };
  const std::array steps{stop_signal{SIGUSR1, grace}, stop_signal{SIGTERM, after_sigterm},
                         stop_signal{SIGKILL, after_sigkill}};
  // A switchyard that is killed meanwhile would take it for one that is in the way.
  static_cast<void>(kept_.keep(program_at(master_), kept_master::course::stops));
  for (const auto& [signal, patience] : steps) {
    // By descriptor: an adopted master may have been reaped, and its pid given away.
    signal_pidfd(pidfd_.get(), signal);
    if (ended_by(pidfd_.get(), base::deadline(patience))) break;
  }
  alive();
  remove_socket(settings_.runtime_socket);
  remove_socket(*settings_.master_socket);
  kept_.forget();
}

}  // namespace switchyard::haproxy
