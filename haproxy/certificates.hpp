#pragma once

// The certificates of our binds, kept in a running HAProxy as they lie on disk.
//
// A worker reads them when it starts. What changes afterwards (a renewal, a file that comes to a
// folder or leaves it) is noticed by the files' stamps and brought in through the runtime API; what
// that cannot do is a reason for a reload. A file that is not taken leaves the certificate that is
// served as it is, and is tried again when it changes.
//
// Time comes in as a parameter. Threading: one thread (the writer's). Reads the disk, and talks to
// HAProxy in the conversation that it is given.

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/apply.hpp"
#include "haproxy/certificate_files.hpp"
#include "haproxy/certificate_store.hpp"

namespace switchyard::haproxy {

/// The paths that the binds name, files and folders.
std::set<std::string> certificate_paths(const std::vector<config::frontend_settings>& frontends);

class certificates {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// A file is taken once it has not changed for this long: whoever writes it may not have ended.
  static constexpr std::chrono::milliseconds settled_after{500};
  /// A file that is gone leaves HAProxy after this: whoever renews it may delete it first.
  static constexpr std::chrono::milliseconds gone_after{5'000};
  /// A reload that failed is asked for again after this, unless the file changes before.
  static constexpr std::chrono::minutes reload_again_after{10};
  /// A transaction that somebody else left open on one of ours is ended after this.
  static constexpr std::chrono::seconds transaction_ends_after{5};
  /// Certificates that one look brings in; each costs HAProxy some milliseconds.
  static constexpr std::size_t most_at_once = 16;

  /// What there is to tell of one certificate or folder.
  struct note {
    severity level = severity::info;
    std::string subject;
    std::string text;      ///< "": what was told of the subject before has ended
    bool lasting = false;  ///< a state, told once, rather than something that was done
  };
  struct result {
    std::vector<note> notes;
    unsigned changed = 0;  ///< certificates that HAProxy took or let go
  };

  /// The paths of our binds, files and folders. What HAProxy has not loaded is left to the reload
  /// that brings it.
  void follow(std::set<std::string> paths);

  /// Another worker carries the traffic. It has read the files at `started` or later.
  void forget(std::chrono::system_clock::time_point started);

  /// Compares, and brings what differs into HAProxy. An error is the end of the conversation.
  base::outcome<result> look(runtime& session, time_point now);

  /// When look() has something to do, apart from noticing changes.
  std::optional<time_point> next_look() const { return next_look_; }

  /// What only a reload can bring in.
  bool wants_reload() const { return wants_reload_; }
  std::vector<reload_reason> reasons() const;
  /// A reload for these reasons was refused: they rest.
  void reload_failed(time_point now);

 private:
  enum class reload_need { none, wanted, resting };
  struct entry {
    std::string folder;                     ///< that it is in; "": a bind names it
    bool loaded = false;                    ///< HAProxy has it
    std::optional<certificate_stamp> live;  ///< as HAProxy has it; nothing: not known
    std::optional<certificate_stamp> seen;  ///< on disk; nothing: it is not there
    time_point since{};                     ///< it is like that since
    bool unusable = false;                  ///< its file cannot be looked at, or a bind lacks it
    bool tried = false;                     ///< what is seen was not taken
    reload_need reload = reload_need::none;
    time_point rests_until{};
  };

  base::status learn(certificate_store& store, time_point now);
  void see_all(time_point now, result& told);
  void see_folder(const std::string& path, const certificates_on_disk& found, time_point now,
                  result& told);
  void see_file(const std::string& name, const certificates_on_disk& found, time_point now,
                result& told);
  void see(entry& e, const std::string& name, std::optional<certificate_stamp> stamp,
           time_point now, result& told) const;
  static void tell_unusable(entry& e, const std::string& name, const std::string& why,
                            result& told);
  static std::optional<time_point> due(const entry& e);
  base::status work(certificate_store& store, time_point now, result& told);
  base::outcome<bool> may_change(certificate_store& store, time_point now, result& told);
  base::outcome<certificate_verdict> bring(certificate_store& store, const std::string& name,
                                           entry& e);
  static void take(const certificate_verdict& verdict, const std::string& name, entry& e,
                   result& told);
  void look_again(time_point when);

  std::set<std::string> paths_;
  std::chrono::system_clock::time_point started_{};
  bool learnt_ = false;                   ///< entries_ has what the worker has loaded
  std::map<std::string, entry> entries_;  ///< by the names that HAProxy uses
  std::set<std::string> folders_;         ///< of paths_, those that HAProxy has loaded as folders
  certificates_on_disk asked_;            ///< what the worker's start was to bring
  std::string transaction_;               ///< of somebody else, open when last looked
  time_point transaction_since_{};
  bool wants_reload_ = false;
  std::optional<time_point> next_look_;
};

}  // namespace switchyard::haproxy
