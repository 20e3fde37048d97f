#include "haproxy/rehearsal.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "haproxy/binary.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/process.hpp"
#include "haproxy/unix_socket.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;
using std::chrono::milliseconds;

}  // namespace

bool only_asks(std::string_view line) {
  return line == "help" || line.starts_with("show ") || line.starts_with("set timeout cli ");
}

/// A conversation with the picture. It never ends by itself.
class rehearsal::dialogue final : public conversation {
 public:
  explicit dialogue(std::shared_ptr<stage> on) : stage_(std::move(on)) {}

  outcome<std::string> execute_raw(std::string_view command) override {
    auto reply = stage_->worker->answer(command);
    if (!reply) stage_->unknown = reply.error();
    if (reply && !only_asks(command)) note(command);
    return reply;
  }
  outcome<std::string> execute_payload(std::string_view command, std::string_view) override {
    return execute_raw(command);
  }
  std::vector<status> execute(std::span<const command> commands) override {
    std::vector<status> verdicts;
    for (const auto& c : commands) {
      note(c.line);
      verdicts.push_back(stage_->worker->carry_out(c));
    }
    return verdicts;
  }
  int fd() const override { return never_.fd(); }
  bool broken() const override { return false; }

 private:
  void note(std::string_view line) {
    stage_->noted.push_back({rehearsed::deed::command, std::string(line)});
  }

  std::shared_ptr<stage> stage_;
  base::wakeup never_;
};

rehearsal::rehearsal(const settings& s, const base::wakeup* interrupt)
    : settings_(s), interrupt_(interrupt) {}

// -- the HAProxy that runs

outcome<way> rehearsal::reach_worker(const settings& s, const incumbent& known) {
  if (!stage_->worker)
    if (auto seen = look_at_worker(s, known); !seen) {
      const bool away =
          nobody_listens(s.runtime_socket, base::deadline(milliseconds(100))).has_value();
      unread_ = away ? std::nullopt : std::optional(seen.error());
      return seen.error();
    }
  return way{std::make_unique<dialogue>(stage_), ""};
}

status rehearsal::look_at_worker(const settings& s, const incumbent& known) {
  const auto real = haproxy::reach_worker(s, known);
  if (!real) return real.error();
  if (auto admin = require_admin(*real->conversation, "the runtime socket " + s.runtime_socket);
      !admin)
    return admin.error();
  std::set<std::string> ours;
  if (const auto file = file_in(s))
    for (const auto& [name, section] : file->backends) ours.insert(name);
  auto picture = worker_picture::of(*real->conversation, map_beside(s.config_file), ours);
  if (!picture) return picture.error();
  stage_->worker = std::move(picture).value();
  return {};
}

outcome<incumbent> rehearsal::recognise(const settings& s, const incumbent& known, pid_t worker) {
  if (imagined_) return met_;
  auto found = haproxy::recognise(s, known, worker);
  if (found) met_ = *found;
  return found;
}

outcome<master_process> rehearsal::show_proc(const std::string& master_socket) {
  if (imagined_) return imagined_master();
  if (!proc_) proc_ = haproxy::show_proc(master_socket);
  return *proc_;
}

outcome<master_process> rehearsal::find_master(const settings& s, const incumbent& known,
                                               pid_t worker) {
  if (imagined_) return imagined_master();
  if (!proc_) proc_ = haproxy::find_master(s, known, worker);
  return *proc_;
}

outcome<master_process> rehearsal::imagined_master() const {
  master_process found;
  found.master = std::max(master_, pid_t{1});
  found.worker = stage_->worker ? stage_->worker->pid() : 0;
  return found;
}

outcome<reload_result> rehearsal::reload(const settings& s, const capabilities& /*can*/) {
  return reload_by_signal(s, stage_->worker ? stage_->worker->pid() : 0);
}

outcome<reload_result> rehearsal::reload_by_signal(const settings& s, pid_t old_worker) {
  const auto file = file_in(s);
  if (!file) return file.error();
  if (!stage_->worker) return error{errc::unavailable, "HAProxy does not run"};
  stage_->noted.push_back({rehearsed::deed::reload, ""});
  // An HAProxy that has never read our file does so if its command line names it.
  const bool reads_us = stage_->worker->knows_us() || !proc_ || !*proc_ ||
                        started_with((*proc_)->master, s.config_file).value_or(true);
  stage_->worker =
      reads_us ? stage_->worker->reloaded(*file, entries_in(s)) : stage_->worker->again();
  imagined_ = true;
  return reload_result{old_worker, stage_->worker->pid(), milliseconds(0)};
}

// -- the one that is ours to start

bool rehearsal::alive() {
  if (!alive_) {
    const auto there =
        settings_.master_socket
            ? haproxy::show_proc(*settings_.master_socket)
            : outcome<master_process>(error{errc::unavailable, "no master socket is set"});
    alive_ = static_cast<bool>(there);
    if (there) master_ = there->master;
  }
  return *alive_;
}

status rehearsal::ensure_running(milliseconds /*longest*/) {
  if (alive()) return {};
  if (auto alone = none_left_behind(settings_, milliseconds(0)); !alone) return alone;
  const auto version = version_of(settings_.binary);
  if (!version) return version.error();
  const auto file = file_in(settings_);
  if (!file) return file.error();
  stage_->noted.push_back({rehearsed::deed::start, ""});
  stage_->worker = worker_picture::started(*version, *file, entries_in(settings_),
                                           map_beside(settings_.config_file));
  imagined_ = true;
  alive_ = true;
  return {};
}

// -- files

outcome<configuration> rehearsal::file_in(const settings& s) {
  const auto text = files_.read(s.config_file, largest_config_file);
  if (!text) return text.error();
  return parse_configuration(*text);
}

route_entries rehearsal::entries_in(const settings& s) {
  const auto text = files_.read(map_beside(s.config_file), largest_config_file);
  auto entries = text ? parse_map_text(*text) : outcome<route_entries>(text.error());
  return entries ? std::move(entries).value() : route_entries();
}

}  // namespace switchyard::haproxy
