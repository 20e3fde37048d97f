#include "haproxy/incumbent.hpp"

#include <charconv>
#include <string>

#include "base/atomic_file.hpp"
#include "haproxy/reach.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;

std::string named_process(pid_t pid) {
  return "process " + std::to_string(pid);
}

std::string restart(const config::haproxy_settings& settings) {
  return settings.mode == config::haproxy_mode::managed
             ? "then restart switchyard, and HAProxy with it, to have the sockets back"
             : "then restart the first one to have the sockets back";
}

std::string or_replace(const config::haproxy_settings& settings) {
  return settings.mode == config::haproxy_mode::managed
             ? ""
             : "; or end the first one, where the other one is to take its place";
}

error another(const config::haproxy_settings& settings, pid_t known, const std::string& who) {
  return {errc::conflict, "another HAProxy (" + who +
                              ") has taken the sockets of the one that "
                              "switchyard keeps (" +
                              named_process(known) +
                              "), which still runs; the other one gets no commands and may take "
                              "part of the traffic. End it, " +
                              restart(settings) + or_replace(settings)};
}

error stray(const config::haproxy_settings& settings, pid_t worker) {
  return {errc::conflict, named_process(worker) + ", which answers on " + settings.runtime_socket +
                              ", is of another HAProxy that was started on the same configuration "
                              "and may take part of the traffic; end it, " +
                              restart(settings)};
}

/// The process in the pid file; 0 when it names none.
pid_t named_in(const std::optional<std::string>& pid_file) {
  constexpr std::size_t longest_pid_file = 4096;
  const auto text =
      pid_file ? base::read_file(*pid_file, longest_pid_file) : outcome<std::string>("");
  pid_t pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
  return pid;
}

/// Whether this worker was started to take the place of one that cannot be asked.
bool succeeds(const incumbent& known, pid_t worker) {
  return known.unmet && program_at(worker).started >= known.master.started &&
         started_to_replace(worker, known.master.pid);
}

/// By the process table alone.
outcome<incumbent> by_parent(const config::haproxy_settings& settings, const incumbent& known,
                             pid_t worker) {
  const incumbent met{{}, haproxy_at(worker, settings.binary)};
  const auto parent = parent_of(worker);
  if (met.worker.pid == 0 || !parent) return met;
  if (runs(known.master) && *parent != known.master.pid && !succeeds(known, worker))
    return another(settings, known.master.pid, named_process(worker));
  if (known.master.pid == 0 && runs(known.worker) && known.worker != met.worker)
    return another(settings, known.worker.pid, named_process(worker));
  if (!settings.master_socket) {
    const auto master = named_in(settings.pid_file);
    if (master > 1 && master != worker && is_haproxy(master, settings.binary) && *parent != master)
      return stray(settings, worker);
  }
  return incumbent{haproxy_at(*parent, settings.binary), met.worker};
}

}  // namespace

pid_t incumbent::running() const {
  if (runs(master)) return master.pid;
  return master.pid == 0 && runs(worker) ? worker.pid : 0;
}

status same_master(const config::haproxy_settings& settings, const incumbent& known,
                   const master_process& answered) {
  if (!runs(known.master) || answered.master == known.master.pid ||
      succeeds(known, answered.worker))
    return {};
  return another(
      settings, known.master.pid,
      named_process(answered.master) + ", its worker " + std::to_string(answered.worker));
}

outcome<incumbent> recognise(const config::haproxy_settings& settings, const incumbent& known,
                             pid_t worker) {
  if (settings.master_socket) {
    if (const auto processes = show_proc(*settings.master_socket)) {
      if (auto same = same_master(settings, known, *processes); !same) return same.error();
      if (!processes->lists(worker)) return stray(settings, worker);
      return incumbent{haproxy_at(processes->master, settings.binary),
                       haproxy_at(worker, settings.binary)};
    }
  }
  return by_parent(settings, known, worker);
}

}  // namespace switchyard::haproxy
