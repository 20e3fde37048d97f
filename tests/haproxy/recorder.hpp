#pragma once

// The real surroundings of a gateway, with everything that is done to HAProxy written down as a
// preview writes it.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/rehearsal.hpp"
#include "haproxy/surroundings.hpp"

namespace switchyard::tests {

using deeds = std::vector<haproxy::rehearsed>;

/// Passes on what it is given, and notes what does not only ask.
class noting_conversation final : public haproxy::conversation {
 public:
  noting_conversation(std::unique_ptr<haproxy::conversation> real, std::shared_ptr<deeds> notes)
      : real_(std::move(real)), notes_(std::move(notes)) {}

  base::outcome<std::string> execute_raw(std::string_view command) override {
    if (!haproxy::only_asks(command)) note(command);
    return real_->execute_raw(command);
  }
  base::outcome<std::string> execute_payload(std::string_view command,
                                             std::string_view payload) override {
    note(command);
    return real_->execute_payload(command, payload);
  }
  std::vector<base::status> execute(std::span<const haproxy::command> commands) override {
    for (const auto& c : commands) note(c.line);
    return real_->execute(commands);
  }
  int fd() const override { return real_->fd(); }
  bool broken() const override { return real_->broken(); }

 private:
  void note(std::string_view line) {
    notes_->push_back({haproxy::rehearsed::deed::command, std::string(line)});
  }

  std::unique_ptr<haproxy::conversation> real_;
  std::shared_ptr<deeds> notes_;
};

class recorder final : public haproxy::surroundings {
 public:
  recorder(const settings& s, std::shared_ptr<deeds> notes)
      : real_(haproxy::real_surroundings(s)), notes_(std::move(notes)) {}

  base::outcome<haproxy::way> reach_worker(const settings& s,
                                           const haproxy::incumbent& known) override {
    auto found = real_->reach_worker(s, known);
    if (found)
      found->conversation =
          std::make_unique<noting_conversation>(std::move(found->conversation), notes_);
    return found;
  }
  base::outcome<haproxy::incumbent> recognise(const settings& s, const haproxy::incumbent& known,
                                              pid_t worker) override {
    return real_->recognise(s, known, worker);
  }
  base::outcome<haproxy::master_process> show_proc(const std::string& master_socket) override {
    return real_->show_proc(master_socket);
  }
  base::outcome<haproxy::master_process> find_master(const settings& s,
                                                     const haproxy::incumbent& known,
                                                     pid_t worker) override {
    return real_->find_master(s, known, worker);
  }
  base::outcome<haproxy::reload_result> reload(const settings& s,
                                               const haproxy::capabilities& can) override {
    notes_->push_back({haproxy::rehearsed::deed::reload, ""});
    return real_->reload(s, can);
  }
  base::outcome<haproxy::reload_result> reload_by_signal(const settings& s,
                                                         pid_t old_worker) override {
    notes_->push_back({haproxy::rehearsed::deed::reload, ""});
    return real_->reload_by_signal(s, old_worker);
  }
  std::vector<haproxy::lost_bind> lost_binds(
      const std::vector<config::frontend_settings>& frontends,
      const std::string& loaded_head) override {
    return real_->lost_binds(frontends, loaded_head);
  }
  base::status ensure_running(std::chrono::milliseconds longest) override {
    if (!real_->alive()) notes_->push_back({haproxy::rehearsed::deed::start, ""});
    return real_->ensure_running(longest);
  }
  bool alive() override { return real_->alive(); }
  pid_t master_pid() const override { return real_->master_pid(); }
  base::status reloadable() override { return real_->reloadable(); }
  void stop(std::chrono::milliseconds grace) override { real_->stop(grace); }
  base::files& files() override { return real_->files(); }

 private:
  std::unique_ptr<haproxy::surroundings> real_;
  std::shared_ptr<deeds> notes_;
};

}  // namespace switchyard::tests
