#pragma once

// One HAProxy, kept as desired: plans, carries out, reads back, reloads, saves.
//
// The imperative shell around the planner, the transaction and the runtime API. Everything that
// fails is in the report as a notice, once per change of its state; HAProxy being away is a state,
// not an error, and heals with the next reconcile. Threading: one thread (the writer's). Calls
// block up to the deadlines of the sockets, and during a reload until its verdict.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "haproxy/absence.hpp"
#include "haproxy/apply.hpp"
#include "haproxy/blame_book.hpp"
#include "haproxy/capabilities.hpp"
#include "haproxy/certificates.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/desired_backends.hpp"
#include "haproxy/drain_queue.hpp"
#include "haproxy/gateway_settings.hpp"
#include "haproxy/incumbent.hpp"
#include "haproxy/kept_master.hpp"
#include "haproxy/lifeline.hpp"
#include "haproxy/operators_files.hpp"
#include "haproxy/pending_steps.hpp"
#include "haproxy/port_watch.hpp"
#include "haproxy/reload_budget.hpp"
#include "haproxy/reload_halving.hpp"
#include "haproxy/rendered_backends.hpp"
#include "haproxy/route_table.hpp"
#include "haproxy/save_schedule.hpp"
#include "haproxy/surroundings.hpp"
#include "haproxy/told_topics.hpp"
#include "haproxy/transaction.hpp"
#include "haproxy/turns.hpp"

namespace switchyard::haproxy {

class gateway {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// How long a start of HAProxy may take; 100,000 servers need less than two seconds.
  static constexpr std::chrono::seconds longest_start{10};

  /// `outside`: the real surroundings when there is none.
  explicit gateway(gateway_settings settings, std::unique_ptr<surroundings> outside = nullptr);
  /// Leaves HAProxy running; see shut_down().
  ~gateway() = default;

  /// Takes over: reads the file, starts HAProxy (managed) or finds it (attached), reads its state.
  /// errc::conflict: config_file is somebody else's; errc::refused, errc::not_found: the settings
  /// make no configuration that HAProxy takes, or HAProxy cannot be started. An attached HAProxy
  /// that is away is no failure.
  base::status start(time_point now, apply_report& report);

  /// Brings changed backends into HAProxy, each command checked by its reply. A tick() reads back
  /// what was touched.
  apply_report apply(const apply_request& request, time_point now);

  /// Compares everything and repairs what differs; restarts a managed HAProxy that ended.
  apply_report reconcile(time_point now);

  /// Does what is due: reading back, drains, saves, reloads that had to wait.
  apply_report tick(time_point now);

  /// When tick() has something to do next.
  std::optional<time_point> next_work() const;

  /// Takes other frontends, reload limits, drain timeout, another server_ca_file, and a base_file
  /// or server_ca_file whose text was changed; mode and the other paths stay as they are.
  apply_report configure(const gateway_settings& settings, time_point now);

  /// Readable when the HAProxy that we talk to ends; -1 when there is none. Valid until the next
  /// call of any other function.
  int lifeline() const { return lifeline_.fd(); }
  /// Another number whenever lifeline() is another conversation.
  std::uint64_t lifeline_generation() const { return lifeline_.generation(); }

  /// Saves the file; in managed mode lets HAProxy finish its connections, at most `grace`, and ends
  /// it.
  apply_report shut_down(std::chrono::milliseconds grace);

 private:
  using names = std::set<std::string>;
  /// The topic of what is told of config_file.
  static constexpr const char* about_file = "file";
  static constexpr const char* about_reload = "reload";
  static constexpr const char* about_backends = "backends' file";

  // -- contact with HAProxy (contact.cpp) --
  bool open(apply_report& report);
  base::outcome<process_info> approach();
  incumbent known();
  bool steps_down();
  void keep_identity(apply_report& report);
  bool ready(apply_report& report);
  bool confirm(apply_report& report);
  base::outcome<bool> stopping();
  bool meet_worker(const process_info& info, apply_report& report);
  void expect_older_file(const process_info& info);
  bool meet_again(apply_report& report);
  bool read_everything(apply_report& report);
  bool read_running(apply_report& report);
  bool read_layout(apply_report& report);
  void adopt_view(runtime_view view);
  bool read_limits(apply_report& report);
  bool look_at_limits(const names& which, apply_report& report);
  bool read_published(apply_report& report);
  void met();
  void renew_lifeline();
  void look_after(apply_report& report);
  bool lost(const base::error& why, apply_report& report);
  void tell_detour(apply_report& report);
  std::string remedy() const;
  bool keep_managed_alive(apply_report& report);
  void tell(apply_report& report, severity level, const std::string& topic, const std::string& text,
            const subject& about = {});
  void quiet(const std::string& topic) { told_.quiet(topic); }
  void finish(apply_report& report);

  // -- converging (converge.cpp) --
  names take(const apply_request& request);
  std::map<std::string, std::pair<std::vector<reload_reason>, std::string>> waiting_of(
      const names& which) const;
  names every_name() const;
  bool converge(const names& which, apply_report& report, bool repairing);
  pending_steps plan_all(const names& which, apply_report& report);
  void plan_one(const std::string& name, pending_steps& all, apply_report& report);
  void tell_unread(const std::string& name, apply_report& report);
  std::optional<std::string> options_while_stuck(const std::string& name,
                                                 const actual_backend* running,
                                                 apply_report& report);
  bool carry_out(const std::vector<pending_step>& steps, apply_report& report);
  bool send(const std::vector<pending_step>& steps, apply_report& report);
  bool writable(const model::backend& backend, apply_report& report);
  bool retiring(const std::string& backend) const { return drains_.contains({backend, ""}); }
  bool can_add_backends() const;
  std::optional<std::string> loaded_profile(const std::string& backend,
                                            const std::string& settings) const;
  arrival arrival_in(const model::backend& backend) const;
  void plan_retiring(const std::string& name, pending_steps& all);
  route_table::stand_ins stand_ins_beside(const pending_steps& all) const;
  void backend_changed(const pending_step& done);
  const rendered_settings* render(const model::backend& backend, apply_report& report);
  std::string_view ca_file() const;

  // -- routes (routing.cpp) --
  bool routable(const std::string& backend) const;
  backend_presence presence(const std::string& backend) const;
  backend_presence presence_in(const configuration& file, const std::string& backend) const;
  bool work_routes(apply_report& report, bool repairing);

  // -- looking again (verify.cpp, refused.cpp) --
  bool verify(apply_report& report);
  bool verify_touched(apply_report& report);
  void note_repairs(const before_repairs& before, apply_report& report) const;
  std::vector<pending_step> everything_of(pending_steps all);
  bool compare(apply_report& report);
  enum class reading { one_by_one, whole_when_many };
  bool read_back(const names& which, reading how, apply_report& report);
  void vanished(const std::string& backend);
  bool verify_routes(apply_report& report);
  names refused() const;
  void forget_refusals(const std::string& backend);
  bool wants_commands(const std::string& name) const;
  void tell_drift(const names& which, const std::vector<pending_step>& left, apply_report& report);
  void quiet_drift(const names& which, const std::vector<pending_step>& left);
  bool drifts(const std::string& backend) const;

  // -- servers on their way out (leaving.cpp) --
  bool has_all_desired(const std::string& name) const;
  void plan_leaving(pending_steps& all);
  void drain(const std::string& name, const std::vector<std::string>& servers,
             std::vector<pending_step>& steps);
  bool work_drains(apply_report& report);
  bool delete_due(deleted_servers& deleted, apply_report& report);

  // -- servers whose options changed (replacing.cpp) --
  bool work_replacements(const names& which, apply_report& report);
  bool replaceable(const model::backend& backend, const model::server& server,
                   std::uint64_t connections) const;
  bool replace(const model::backend& backend, const model::server& server, apply_report& report,
               bool& done);
  bool delete_drained(const std::string& backend, const std::vector<std::string>& servers,
                      std::size_t& room, deleted_servers& deleted, apply_report& report);
  bool delete_retired(const std::string& backend, apply_report& report);
  void backend_gone(const std::string& backend);

  // -- certificates (renewing.cpp) --
  bool work_certificates(apply_report& report);

  // -- its ports (sharing.cpp) --
  void watch_ports(apply_report& report);

  // -- the reload (reload_need.cpp, reload.cpp) --
  void plan_head(apply_report& report);
  void verify_against(const std::optional<std::string>& other_ca_file, apply_report& report);
  void tell_misfits(apply_report& report);
  bool needs_reload() const;
  bool spares_running() const;
  void tell_spared(apply_report& report);
  bool reload_wanted() const;
  std::vector<reload_reason> reasons() const;
  time_point reload_due() const;
  bool work_reload(apply_report& report);
  bool crowded_by(std::size_t old_workers, apply_report& report);
  bool reload_past_master(const base::error& why, apply_report& report);
  bool reload_now(apply_report& report);
  void remember_down_servers(const configuration& next, apply_report& report);
  bool reloaded(configuration now_loaded, const reload_result& result,
                const std::vector<reload_reason>& why, apply_report& report);
  void reload_refused(const base::error& why, apply_report& report);
  void reload_failed(const base::error& why, apply_report& report, bool begun = false);
  base::status new_binds_free() const;

  // -- the file for a reload or a start (committing.cpp) --
  transaction target_of(const names& which, apply_report& report) const;
  names waiting_for_load() const;
  base::outcome<configuration> commit_target(apply_report& report);
  names without_guilty(const names& which, apply_report& report);
  bool blamed(const std::string& name) const;
  void put_blame(const std::string& name, const std::string& why, apply_report& report);
  names corrections(apply_report& report);
  template <class Commit>
  bool commit_for_start(Commit commit, apply_report& report);
  void commit_corrections(apply_report& report);
  void commit_while_away(apply_report& report);
  bool put_back(const base::status& restored, apply_report& report);
  void step_back(const base::status& restored, apply_report& report);
  base::status start_managed(apply_report& report);
  void keep_loaded(apply_report& report);

  // -- the file in between (saving.cpp) --
  model::backend with_kept_servers(const model::backend& backend) const;
  bool recordable(const std::string& name, const std::string& settings) const;
  bool recorded(const std::string& name) const;
  transaction record(bool backends_too, apply_report& report);
  transaction record_less(const names& unsaved, const std::string& why, apply_report& report);
  void saved(configuration now_in_file, apply_report& report);
  void write_server_state(std::string_view text, apply_report& report);
  base::status write_initial(apply_report& report);
  void restore_edited(apply_report& report);
  base::status restore_map(apply_report& report);
  void mark_unsaved(const std::string& name);
  bool save_routes(const configuration& file, apply_report& report);
  void save(apply_report& report);

  std::uint32_t random() { return static_cast<std::uint32_t>(random_()); }

  gateway_settings settings_;
  std::unique_ptr<surroundings> outside_;
  config_store store_;
  kept_master kept_;
  reload_budget budget_;
  reload_halving halving_;
  names brought_;  ///< of the backends that wait for a reload, those that the last commit has
  drain_queue drains_;
  route_table routes_;
  certificates certificates_;
  operators_files operators_;
  desired_backends desired_;
  rendered_backends rendered_;
  configuration file_;  ///< on disk, but for what unsaved_ names
  names unsaved_;
  std::map<std::string, time_point> resaved_;  ///< whose settings a save without a reload changed
  save_schedule saving_;

  command_tally tally_;  ///< of the pass under way; outlives session_
  std::unique_ptr<conversation> session_;
  haproxy::lifeline lifeline_;
  process_info identity_;  ///< of the worker that actual_ describes; pid 0: none yet
  incumbent incumbent_;    ///< attached: whose worker that is
  port_watch ports_;
  std::vector<listening_socket> shared_;  ///< somebody else's on its ports, as it was told
  std::string detour_;  ///< why the conversation leads through the master; "" when it does not
  bool away_ = true;    ///< that worker, or any, does not answer
  std::optional<capabilities> can_;
  bool layout_known_ = false;
  bool fresh_ = false;       ///< there was no file at the start, and an HAProxy that ran
  bool foreign_ = false;     ///< the running HAProxy has never read our file: nothing in it is ours
  std::string loaded_head_;  ///< of the file as the running HAProxy has loaded it
  bool untried_ = false;     ///< the file was written since HAProxy was loaded, and not for it
  pid_t limits_of_ = 0;      ///< the worker whose servers' limits are in actual_
  std::map<std::string, actual_backend> actual_;  ///< what is ours in the running HAProxy
  names by_reload_;               ///< backends that this worker refused to add or to delete
  std::optional<names> running_;  ///< all backends of the running HAProxy, an operator's as well
  turns turns_, limit_turns_{2'000, 100};
  bool routes_unverified_ = false;
  bool burst_ = false;    ///< another part of the changes follows
  bool crowded_ = false;  ///< a reload waits for old workers to end
  names held_;            ///< backends with servers that leave once a burst's last part is there
  names unverified_;      ///< backends that commands went to since they were read last
  std::optional<time_point> verify_due_;
  std::map<std::string, std::vector<reload_reason>> pending_;  ///< by backend
  blame_book blames_;
  bool head_changed_ = false;
  std::optional<time_point> reload_not_before_;
  time_point reload_begun_{};
  bool by_signal_ = false;  ///< managed: the next reload goes past the master's socket
  absence absence_;
  std::string ended_;  ///< how a managed HAProxy ended that is being started again; "" for none
  told_topics told_;
  time_point now_{};  ///< of the pass under way
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace switchyard::haproxy
