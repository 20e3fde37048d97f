#pragma once

// A real HAProxy of which reloads are refused when the file holds certain texts: what `haproxy -c`
// takes and a load does not, such as for want of memory.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/surroundings.hpp"
#include "tests/haproxy/gateway_site.hpp"

namespace switchyard::tests {

/// What is refused, and what was brought.
struct dislikes {
  std::vector<std::string> texts;
  std::vector<std::string> refused;  ///< the files, oldest first
  std::size_t taken = 0;             ///< reloads
};

class picky_haproxy final : public haproxy::surroundings {
 public:
  picky_haproxy(const settings& s, std::shared_ptr<dislikes> about)
      : real_(haproxy::real_surroundings(s)), about_(std::move(about)) {}

  base::outcome<haproxy::reload_result> reload(const settings& s,
                                               const haproxy::capabilities& can) override {
    auto text = read_text(s.config_file);
    for (const auto& bad : about_->texts) {
      if (text.find(bad) == std::string::npos) continue;
      about_->refused.push_back(std::move(text));
      return base::error{base::errc::refused, "HAProxy kept the old worker: no room for " + bad};
    }
    ++about_->taken;
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
      const std::vector<config::frontend_settings>& frontends,
      const std::string& loaded_head) override {
    return real_->lost_binds(frontends, loaded_head);
  }
  base::status ensure_running(std::chrono::milliseconds longest) override {
    return real_->ensure_running(longest);
  }
  bool alive() override { return real_->alive(); }
  pid_t master_pid() const override { return real_->master_pid(); }
  base::status reloadable() override { return real_->reloadable(); }
  void stop(std::chrono::milliseconds grace) override { real_->stop(grace); }
  base::files& files() override { return real_->files(); }

 private:
  std::unique_ptr<haproxy::surroundings> real_;
  std::shared_ptr<dislikes> about_;
};

}  // namespace switchyard::tests
