#pragma once

// Surroundings in which nothing happens: the gateway acts on a picture of HAProxy and on files in
// memory, and what it would do is noted.
//
// What is there is read once, from the running worker by questions alone, and from the disk. The
// only traces are a temporary file in the system's folder for them while `haproxy -c` checks it.
// What cannot be known is taken to go well: HAProxy takes every command and every configuration
// that `haproxy -c` accepts, and new addresses are free. Threading: one thread.

#include <memory>
#include <string>
#include <vector>

#include "haproxy/overlay_files.hpp"
#include "haproxy/surroundings.hpp"
#include "haproxy/worker_picture.hpp"

namespace switchyard::haproxy {

/// Something that would be done to HAProxy.
struct rehearsed {
  enum class deed { start, command, reload };
  deed what = deed::command;
  std::string line;  ///< of a command

  bool operator==(const rehearsed&) const = default;
};

/// Whether a line that is not in the table of haproxy/commands.hpp asks HAProxy and changes nothing
/// beyond the conversation.
bool only_asks(std::string_view line);

class rehearsal final : public surroundings {
 public:
  /// `interrupt` outlives it.
  explicit rehearsal(const settings& s, const base::wakeup* interrupt = nullptr);

  base::outcome<way> reach_worker(const settings& s, const incumbent& known) override;
  base::outcome<incumbent> recognise(const settings& s, const incumbent& known,
                                     pid_t worker) override;
  base::outcome<master_process> show_proc(const std::string& master_socket) override;
  base::outcome<master_process> find_master(const settings& s, const incumbent& known,
                                            pid_t worker) override;
  base::outcome<reload_result> reload(const settings& s, const capabilities& can) override;
  base::outcome<reload_result> reload_by_signal(const settings& s, pid_t old_worker) override;
  std::vector<lost_bind> lost_binds(const settings& /*s*/,
                                    const std::vector<config::frontend_settings>& /*frontends*/,
                                    const std::string& /*loaded_head*/) override {
    return {};
  }

  base::status ensure_running(std::chrono::milliseconds longest) override;
  bool alive() override;
  pid_t master_pid() const override { return master_; }
  std::string last_end() const override { return {}; }
  base::status reloadable() override { return {}; }
  void stop(std::chrono::milliseconds /*grace*/) override {}

  base::files& files() override { return files_; }
  const base::wakeup* interrupt() const override { return interrupt_; }

  /// All that was noted so far, in order.
  const std::vector<rehearsed>& noted() const { return stage_->noted; }
  const overlay_files& written() const { return files_; }
  /// Why nothing is known of an HAProxy that may be there all the same: it cannot be asked, or its
  /// answers cannot be read.
  const std::optional<base::error>& unread() const { return unread_; }
  /// A question to which the picture has no answer: what followed it is worth nothing.
  const std::optional<base::error>& unknown() const { return stage_->unknown; }

 private:
  /// What conversations share.
  struct stage {
    std::optional<worker_picture> worker;
    std::vector<rehearsed> noted;
    std::optional<base::error> unknown;
  };
  class dialogue;

  base::status look_at_worker(const settings& s, const incumbent& known);
  base::outcome<configuration> file_in(const settings& s);
  route_entries entries_in(const settings& s);
  base::outcome<master_process> imagined_master() const;

  settings settings_;
  const base::wakeup* interrupt_;
  overlay_files files_;
  std::shared_ptr<stage> stage_ = std::make_shared<stage>();
  incumbent met_;
  std::optional<base::outcome<master_process>> proc_;  ///< as the real master told
  bool imagined_ = false;  ///< the worker is none that runs: a reload or a start was rehearsed
  std::optional<bool> alive_;
  std::optional<base::error> unread_;
  pid_t master_ = 0;
};

}  // namespace switchyard::haproxy
