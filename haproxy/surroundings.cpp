#include "haproxy/surroundings.hpp"

#include "haproxy/process.hpp"

namespace switchyard::haproxy {

namespace {

using base::outcome;
using base::status;
using std::chrono::milliseconds;

class the_real_ones final : public surroundings {
 public:
  explicit the_real_ones(const settings& s) : process_(s) {}

  outcome<way> reach_worker(const settings& s, const incumbent& known) override {
    return haproxy::reach_worker(s, known);
  }
  outcome<incumbent> recognise(const settings& s, const incumbent& known, pid_t worker) override {
    return haproxy::recognise(s, known, worker);
  }
  outcome<master_process> show_proc(const std::string& master_socket) override {
    return haproxy::show_proc(master_socket);
  }
  outcome<master_process> find_master(const settings& s, const incumbent& known,
                                      pid_t worker) override {
    return haproxy::find_master(s, known, worker);
  }
  outcome<reload_result> reload(const settings& s, const capabilities& can) override {
    return haproxy::reload(s, can);
  }
  outcome<reload_result> reload_by_signal(const settings& s, pid_t old_worker) override {
    return haproxy::reload_by_signal(s, old_worker, [this] { return process_.begin_reload(); });
  }
  std::vector<lost_bind> lost_binds(const settings& s,
                                    const std::vector<config::frontend_settings>& frontends,
                                    const std::string& loaded_head) override {
    return haproxy::lost_binds(s.mode, frontends, loaded_head);
  }

  status ensure_running(milliseconds longest) override { return process_.ensure_running(longest); }
  bool alive() override { return process_.alive(); }
  pid_t master_pid() const override { return process_.master_pid(); }
  std::string last_end() const override { return process_.last_end(); }
  status reloadable() override { return process_.reloadable(); }
  void stop(milliseconds grace) override { process_.stop(grace); }

  base::files& files() override { return base::files_on_disk(); }

 private:
  process process_;  // used in managed mode only
};

}  // namespace

std::unique_ptr<surroundings> real_surroundings(const config::haproxy_settings& settings) {
  return std::make_unique<the_real_ones>(settings);
}

}  // namespace switchyard::haproxy
