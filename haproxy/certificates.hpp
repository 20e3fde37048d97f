#pragma once

// The certificates of our binds, kept in a running HAProxy as they lie on disk.
//
// A worker reads them when it starts. What changes afterwards (a renewal, a file that comes to a
// folder or leaves it) is noticed by the files' stamps and brought in through the runtime API; what
// that cannot do is a reason for a reload. A file that is not taken leaves the certificate that is
// served as it is, and is tried again when it changes. A folder that cannot be read, or has lost
// most of its files at once, takes nothing away (docs/tls.md).
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
  /// While one of somebody else's stays open for this long, what is due comes by reloads.
  static constexpr std::chrono::seconds transaction_blocks_for{60};
  /// A file that could not be read is read again after this.
  static constexpr std::chrono::minutes read_again_after{1};
  /// A certificate over which the conversation broke as often as this comes by a reload.
  static constexpr unsigned most_breaks = 2;
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
  base::outcome<result> look(conversation& session, time_point now);

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
    bool by_hand = false;                   ///< somebody else took it out, or put it in
    std::optional<certificate_stamp> live;  ///< as HAProxy has it; nothing: not known
    std::optional<certificate_stamp> seen;  ///< on disk; nothing: it is not there
    time_point since{};                     ///< it is like that since
    bool unusable = false;                  ///< its file cannot be looked at, or a bind lacks it
    bool tried = false;                     ///< what is seen was not taken
    std::string print;                      ///< of the text that HAProxy took last; "": not known
    unsigned breaks = 0;                    ///< of the conversation, over what is seen
    time_point not_before{};                ///< when a file that could not be read is due
    reload_need reload = reload_need::none;
    time_point rests_until{};
  };

  enum class access { free, busy, blocked };  ///< may certificates be changed at run time

  base::status learn(certificate_store& store, time_point now);
  base::status compare_folders(certificate_store& store, time_point now);
  void compare_folder(const std::string& folder, const std::set<std::string>& listed,
                      time_point now);

  // -- what lies on disk (certificate_looks.cpp) --
  void see_all(time_point now, result& told);
  void see_folder(const std::string& path, time_point now, result& told);
  void see_file(const std::string& name, const certificates_on_disk& found, time_point now,
                result& told);
  void see(entry& e, const std::string& name, std::optional<certificate_stamp> stamp,
           time_point now, result& told);
  void see_loaded(entry& e, const std::string& name) const;
  bool lost_too_many(const std::string& path, const certificates_on_disk& found) const;
  void hold(const std::string& path, const certificates_on_disk& found, time_point now);
  void hold_losses(const std::string& path, const certificates_on_disk& found, time_point now,
                   result& told);
  static void tell_unusable(entry& e, const std::string& name, const std::string& why,
                            result& told);

  // -- bringing it in (certificate_work.cpp) --
  static std::optional<time_point> due(const entry& e);
  base::status work(certificate_store& store, time_point now, result& told);
  base::status work_one(certificate_store& store, const std::string& name, entry& e, access may,
                        time_point now, result& told);
  base::outcome<access> may_change(certificate_store& store, time_point now, result& told);
  std::string blocked_by(time_point now) const;
  base::outcome<certificate_verdict> bring(certificate_store& store, const std::string& name,
                                           entry& e) const;
  static void take(const certificate_verdict& verdict, const std::string& name, entry& e,
                   bool was_loaded, time_point now, result& told);
  void look_again(time_point when);

  std::set<std::string> paths_;
  std::chrono::system_clock::time_point started_{};
  bool learnt_ = false;                   ///< entries_ has what the worker has loaded
  std::map<std::string, entry> entries_;  ///< by the names that HAProxy uses
  std::set<std::string> folders_;         ///< of paths_, those that HAProxy has loaded as folders
  certificates_on_disk asked_;            ///< what the worker's start was to bring
  std::set<std::string> asked_gone_;      ///< what a worker's start was to leave out
  bool holding_ = false;                  ///< some folder cannot be trusted
  std::map<std::string, time_point> losing_since_;  ///< folders that have lost too many
  std::string transaction_;                         ///< of somebody else, open when last looked
  time_point transaction_since_{};
  bool wants_reload_ = false;
  std::optional<time_point> next_look_;
};

}  // namespace switchyard::haproxy
