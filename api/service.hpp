#pragma once

// What the endpoints ask of the daemon: an interface of plain values, implemented in actors/.
//
// Threading: every function may be called from any thread, and blocks until it is answered or its
// deadline has passed (errc::timeout). errc::unavailable: who would answer is starting anew.
// Questions never keep the manager or the writer from their work for longer than an answer of
// bounded size takes.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/status.hpp"
#include "base/outcome.hpp"
#include "model/desired_state.hpp"
#include "model/edit.hpp"

namespace switchyard::api {

/// A server as the running HAProxy has it.
struct actual_server {
  std::string address;
  std::uint16_t port = 0;
  std::uint16_t weight = 0;
  model::server_state state = model::server_state::ready;
  std::string status;  ///< HAProxy's word: "UP", "DOWN", "MAINT" …
  std::string check;   ///< the last check's result, "" for none
  std::uint64_t sessions = 0;
  std::uint64_t queued = 0;
  std::uint64_t total = 0;

  bool operator==(const actual_server&) const = default;
};

struct actual_backend {
  std::string status;
  std::uint64_t sessions = 0;
  std::uint64_t queued = 0;
  std::uint64_t total = 0;
  std::map<std::string, actual_server> servers;

  bool operator==(const actual_backend&) const = default;
};

/// One backend as it is desired.
struct desired_backend {
  model::backend_ptr value;  ///< nullptr: nobody desires it
  /// What it is made of, by precedence: one provider's version, of a merged backend all.
  std::vector<model::provided> versions;
  std::vector<model::collision> collisions;  ///< in which it, or a server of it, is contested
  model::unread unread;                      ///< what of it the sources have, and nobody could read
  std::set<std::string> held;      ///< servers that their source has no more, and the guard keeps
  model::backend_ptr addressed{};  ///< as it is to be in HAProxy: addresses for host names
};

/// The same, with what HAProxy has.
struct backend_detail {
  desired_backend desired;
  std::optional<actual_backend> actual;  ///< nothing: HAProxy has none of that name, or:
  std::string unreadable;                ///< why HAProxy could not be asked
  /// The memory provider's own version of it, which a write changes; nullptr: it has none.
  model::backend_ptr by_hand{};

  /// The version of what a write would change, or of the whole; "" when there is none.
  std::string version() const;
};

/// All routes, as they are desired.
struct route_list {
  std::shared_ptr<const std::vector<model::owned_route>> all;
  /// The version of the memory provider's own ones, which a write replaces; "": there is no such
  /// provider.
  std::string version{};
};

/// What a pass over everything did.
struct reconcile_result {
  bool reachable = true;
  unsigned repaired = 0;
  bool reloaded = false;
  std::vector<std::string> waiting;  ///< reasons of a reload that is still to come
  std::vector<std::string> notices;  ///< what was found and done, a sentence each
  std::chrono::microseconds took{0};
};

struct write_result {
  model::edited done;
  std::string provider;
  std::uint64_t revision = 0;        ///< that has the change; 0: not waited for
  bool applied = false;              ///< HAProxy has it
  std::optional<apply_status> pass;  ///< that brought it there
  std::vector<std::string> waiting;  ///< for what it still waits, a sentence each
};

/// What became of a decision about a hold.
struct decision_result {
  hold_status hold;  ///< as it was decided about
  write_result written;
};

class service {
 public:
  virtual ~service() = default;

  virtual base::outcome<status> get_status() = 0;
  /// See model::desired_state::page().
  virtual base::outcome<model::backend_page> get_backends(const std::string& after,
                                                          const std::string& provider,
                                                          std::size_t most) = 0;
  /// HAProxy is asked at this moment, without the writer. errc::not_found: nobody desires it, and
  /// HAProxy has none.
  virtual base::outcome<backend_detail> get_backend(const std::string& name) = 0;
  virtual base::outcome<route_list> get_routes() = 0;
  /// Compares everything and repairs what differs.
  virtual base::outcome<reconcile_result> reconcile() = 0;
  /// Hands a change to the memory provider, and waits at most `wait` until HAProxy has it.
  /// errc::conflict: the change's condition does not hold; errc::refused: there is no memory
  /// provider, or the backend is another provider's and not merged; errc::not_found; errc::io.
  virtual base::outcome<write_result> write(const model::edit& change,
                                            std::chrono::milliseconds wait) = 0;
  virtual base::outcome<hold_list> get_holds() = 0;
  enum class decision {
    approve,  ///< what is held leaves now
    reject,   ///< it stays until the source has it again, or somebody approves
  };
  /// Waits at most `wait` until HAProxy has what was decided. errc::not_found: nothing is held
  /// under that number.
  virtual base::outcome<decision_result> decide(std::uint64_t hold, decision what,
                                                std::chrono::milliseconds wait) = 0;
};

}  // namespace switchyard::api
