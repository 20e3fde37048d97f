#pragma once

// The real surroundings of a gateway; tests override what they watch or disturb.

#include <memory>
#include <utility>
#include <vector>

#include "haproxy/surroundings.hpp"

namespace switchyard::tests {

class passing_surroundings : public haproxy::surroundings {
 public:
  explicit passing_surroundings(std::unique_ptr<haproxy::surroundings> real)
      : real_(std::move(real)) {}

  base::outcome<haproxy::reload_result> reload(const settings& s,
                                               const haproxy::capabilities& can) override {
    return real_->reload(s, can);
  }
  base::outcome<haproxy::way> reach_worker(const settings& s,
                                           const haproxy::incumbent& known) override {
    return real_->reach_worker(s, known);
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
  base::outcome<haproxy::reload_result> reload_by_signal(const settings& s,
                                                         pid_t old_worker) override {
    return real_->reload_by_signal(s, old_worker);
  }
  std::vector<haproxy::lost_bind> lost_binds(
      const settings& s, const std::vector<config::frontend_settings>& frontends,
      const std::string& loaded_head) override {
    return real_->lost_binds(s, frontends, loaded_head);
  }
  base::status ensure_running(std::chrono::milliseconds longest) override {
    return real_->ensure_running(longest);
  }
  bool alive() override { return real_->alive(); }
  pid_t master_pid() const override { return real_->master_pid(); }
  std::string last_end() const override { return real_->last_end(); }
  base::status reloadable() override { return real_->reloadable(); }
  void stop(std::chrono::milliseconds grace) override { real_->stop(grace); }
  base::files& files() override { return real_->files(); }

 private:
  std::unique_ptr<haproxy::surroundings> real_;
};

}  // namespace switchyard::tests
