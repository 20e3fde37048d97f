#include "haproxy/master.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/atomic_file.hpp"
#include "base/fd.hpp"
#include "base/subprocess.hpp"
#include "haproxy/pidfd.hpp"
#include "haproxy/program.hpp"
#include "haproxy/unix_socket.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using std::chrono::milliseconds;

// One look at a HAProxy that may be busy loading its configuration. A connection that the master
// accepted just before it re-executes is lost without an answer, so many short tries beat a long
// one.
constexpr milliseconds short_look(100);
constexpr milliseconds between_looks(5);
constexpr milliseconds longest_question(5'000);
// A master that is starting, or re-executing itself, refuses connections for a moment.
constexpr milliseconds master_restarts_within(500);
// Up to 3.0 one that loads refuses them until it has; 100,000 servers need less than two seconds.
constexpr milliseconds master_loads_within(3'000);

// A master that is just starting takes no notice of a signal; nothing says so.
constexpr milliseconds signal_lost_after(5'000);

/// A reload on its way: what was there before, and how long to wait.
struct watch {
  const config::haproxy_settings& settings;
  const base::deadline& until;
  base::deadline::clock::time_point started = base::deadline::clock::now();
  pid_t old_worker = 0;
  /// How long neither may take a connection before HAProxy counts as ended.
  milliseconds longest_silence = master_restarts_within;
  /// Since when neither a worker nor the master has taken a connection.
  std::optional<base::deadline::clock::time_point> refused_since = std::nullopt;

  milliseconds at_most(milliseconds longest) const { return std::min(longest, until.left()); }

  /// The result, once another worker answers on the runtime socket; an error once neither a worker
  /// nor the master takes connections any more.
  std::optional<outcome<reload_result>> new_worker() {
    const auto info = show_info(settings, at_most(short_look));
    if (!info && info.error().kind == errc::unavailable && ended())
      return error{errc::unavailable, "HAProxy ended during the reload"};
    if (info) refused_since.reset();
    if (!info || info->stopping || info->pid == old_worker) return std::nullopt;
    return reload_result{
        old_worker, info->pid,
        std::chrono::duration_cast<milliseconds>(base::deadline::clock::now() - started)};
  }

  /// Whether the master has refused connections for longer than it does while it starts or loads.
  bool ended() {
    if (!settings.master_socket) return false;
    const auto master = show_proc(*settings.master_socket, at_most(short_look));
    const auto now = base::deadline::clock::now();
    if (master || master.error().kind != errc::unavailable)
      refused_since.reset();
    else if (!refused_since)
      refused_since = now;
    return refused_since && now - *refused_since > longest_silence;
  }

  error no_verdict() const {
    return {errc::timeout, "no new worker answered on " + settings.runtime_socket +
                               " in time; the old one may still run, HAProxy's log says why"};
  }

  void rest() const { ::poll(nullptr, 0, static_cast<int>(between_looks.count())); }

  outcome<reload_result> await_worker() { return await_worker(until); }
  outcome<reload_result> await_worker(const base::deadline& longest) {
    do {
      if (auto done = new_worker()) return *done;
      rest();
    } while (!longest.passed());
    return no_verdict();
  }

  /// For a HAProxy that answers `reload` with nothing: the master's counts tell a refusal.
  outcome<reload_result> await_counts(const master_process& before) {
    return await_counts(before, until);
  }
  outcome<reload_result> await_counts(const master_process& before, const base::deadline& longest) {
    do {
      if (auto done = new_worker()) return *done;
      const auto now = show_proc(*settings.master_socket, at_most(short_look));
      if (now && now->reloads > before.reloads && now->failed_reloads > 0)
        return error{errc::refused,
                     "HAProxy could not load the configuration and kept the old worker; its log "
                     "says why"};
      rest();
    } while (!longest.passed());
    return no_verdict();
  }
};

constexpr std::string_view still_reloading = "Another reload is still in progress";

/// The log that follows `Success=0` and a line of dashes.
error refusal(std::string_view answer) {
  answer.remove_prefix(std::min(answer.find('\n'), answer.size()));
  constexpr std::string_view separator = "\n--";
  if (answer.starts_with(separator)) answer.remove_prefix(separator.size());
  const auto first = answer.find_first_not_of('\n');
  const auto last = answer.find_last_not_of('\n');
  const auto log =
      first == std::string_view::npos ? "its log says why" : answer.substr(first, last - first + 1);
  return {errc::refused, "HAProxy kept the old worker: " + std::string(log)};
}

/// How long the master may refuse connections: while it loads, its worker answers.
milliseconds silence_of(const config::haproxy_settings& settings) {
  return nobody_listens(settings.runtime_socket, base::deadline(short_look))
             ? longest_loading
             : master_restarts_within;
}

/// `show proc` of a master that may be busy with a reload right now.
outcome<master_process> settled_proc(const watch& w) {
  const auto& socket = *w.settings.master_socket;
  const base::deadline settled(w.at_most(w.longest_silence));
  const base::deadline loaded(w.at_most(std::max(w.longest_silence, master_loads_within)));
  for (;;) {
    auto before = show_proc(socket, w.at_most(longest_question));
    if (before || before.error().kind != errc::unavailable) return before;
    // One whose file is gone, or in a folder that we may not enter, does not come back by itself.
    std::error_code unreadable;
    if ((std::filesystem::exists(socket, unreadable) ? loaded : settled).passed()) return before;
    w.rest();
  }
}

outcome<reload_result> ask_master(watch& w, const capabilities& can) {
  const auto& master = *w.settings.master_socket;
  for (;;) {
    const auto before = settled_proc(w);
    if (!before) return before.error();
    w.old_worker = before->worker;
    const auto answer =
        ask(master, "reload", can.reload_verdict ? w.until.left() : w.at_most(longest_question));
    // On 2.6 the connection ends, or is reset, when the master re-executes itself.
    if (!answer || !answer->starts_with("Success=")) return w.await_counts(*before);
    if (answer->starts_with("Success=1")) return w.await_worker();
    if (answer->find(still_reloading) == std::string::npos) return refusal(*answer);
    if (w.until.passed()) return error{errc::timeout, "HAProxy is still busy with another reload"};
    w.rest();
  }
}

outcome<reload_result> through_master(watch& w, const capabilities& can) {
  w.longest_silence = silence_of(w.settings);
  auto result = ask_master(w, can);
  // On 2.6 the new worker answers a moment before the master listens again; whoever asks the master
  // next shall not find it closed.
  if (result) static_cast<void>(settled_proc(w));
  return result;
}

error unusable(const std::string& pid_file, const std::string& cause) {
  return {errc::unavailable, "pid file " + pid_file + ": " + cause};
}

outcome<pid_t> read_pid(const std::string& pid_file) {
  constexpr std::size_t longest_pid_file = 4096;
  const auto text = base::read_file(pid_file, longest_pid_file);
  if (!text) return unusable(pid_file, text.error().message);
  pid_t pid = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), pid);
  if (ec != std::errc{} || pid <= 1) return unusable(pid_file, "holds no process id");
  return pid;
}

outcome<reload_result> through_signal(watch& w) {
  const auto& pid_file = *w.settings.pid_file;
  const auto pid = read_pid(pid_file);
  if (!pid) return pid.error();
  // The descriptor keeps the check and the signal on the same process.
  const auto process = open_pidfd(*pid);
  if (!process || !is_haproxy(*pid, w.settings.binary))
    return unusable(pid_file, "process " + std::to_string(*pid) + " is no running HAProxy");
  const auto before = show_info(w.settings, w.at_most(longest_question));
  if (!before) return before.error();
  if (before->pid == *pid)
    return unusable(pid_file,
                    "HAProxy does not run in master-worker mode (-W), SIGUSR2 would "
                    "end it");
  w.old_worker = before->pid;
  for (;;) {
    if (!signal_pidfd(process.get(), SIGUSR2))
      return unusable(pid_file,
                      "SIGUSR2 to process " + std::to_string(*pid) + ": " + std::strerror(errno));
    auto done = w.await_worker(base::deadline(w.at_most(signal_lost_after)));
    if (done || done.error().kind != errc::timeout || w.until.passed()) return done;
  }
}

/// The operator's own way, such as `systemctl reload haproxy`.
outcome<reload_result> through_command(watch& w) {
  constexpr std::size_t shown = 300;
  const auto before = show_info(w.settings, w.at_most(longest_question));
  if (!before) return before.error();
  w.old_worker = before->pid;
  const auto& argv = w.settings.reload.command;
  const auto done =
      base::run({argv,
                 {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
                 w.until.left()});
  if (!done) return error{done.error().kind, "reload.command: " + done.error().message};
  if (done->exit_code != 0)
    return error{errc::refused, "reload.command " + argv.front() + " ended with exit code " +
                                    std::to_string(done->exit_code) + ": " +
                                    printable(done->output.substr(0, shown))};
  return w.await_worker();
}

}  // namespace

outcome<master_process> find_master(const config::haproxy_settings& settings,
                                    const incumbent& known, pid_t worker) {
  const base::deadline until(longest_loading);
  watch w{settings, until};
  w.longest_silence = silence_of(settings);
  auto found = settled_proc(w);
  if (!found) return found;
  if (auto same = same_master(settings, known, *found); !same) return same.error();
  if (!runs(known.master) && !found->lists(worker))
    return error{errc::conflict, "the master at " + *settings.master_socket + " (process " +
                                     std::to_string(found->master) + ") has no worker " +
                                     std::to_string(worker) + ", which answers on " +
                                     settings.runtime_socket};
  return found;
}

outcome<reload_result> reload_by_signal(const config::haproxy_settings& settings, pid_t old_worker,
                                        const std::function<base::status()>& send,
                                        milliseconds longest) {
  const base::deadline until(longest);
  watch w{settings, until};
  w.old_worker = old_worker;
  w.longest_silence = longest_loading;
  for (;;) {
    if (auto sent = send(); !sent) return sent.error();
    auto done = w.await_counts({}, base::deadline(w.at_most(signal_lost_after)));
    if (!done && done.error().kind == errc::timeout && !w.until.passed()) continue;
    if (done) static_cast<void>(settled_proc(w));
    return done;
  }
}

outcome<reload_result> reload(const config::haproxy_settings& settings, const capabilities& can,
                              milliseconds longest) {
  const base::deadline until(longest);
  watch w{settings, until};
  if (!settings.reload.command.empty()) return through_command(w);
  if (settings.master_socket) return through_master(w, can);
  if (settings.pid_file) return through_signal(w);
  return error{errc::unavailable,
               "HAProxy cannot be reloaded: neither a master socket nor a pid "
               "file is configured"};
}

}  // namespace switchyard::haproxy
