#pragma once

// The plan: what turns one backend as HAProxy runs it into the desired one.
//
// Pure: values in, values out. Per change, the first step of the ladder that can do it: the runtime
// API for server addition, removal, address, weight, state and maxconn; a reload, with its reason,
// for the rest.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "haproxy/commands.hpp"
#include "haproxy/replies.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

/// Why HAProxy must be reloaded.
enum class reload_cause {
  new_backend,
  removed_backend,
  changed_settings,        ///< mode, balance, protocol, checks, TLS, timeouts, persistence
  changed_server_options,  ///< what the runtime API cannot change on a server (backup)
  changed_head,            ///< frontends or global settings
  operators_file,          ///< base_file is another one than HAProxy was loaded with
  ca_file,                 ///< server_ca_file has another text than HAProxy was loaded with
  certificate,     ///< a certificate file changed in a way that the runtime API cannot follow
  unknown_layout,  ///< the running process was not loaded from our file as it is
  trial,           ///< the last reload was refused; this one goes without what waits
};

/// The cause as logs and metrics name it: "new backend".
std::string_view to_string(reload_cause cause);

struct reload_reason {
  reload_cause cause = reload_cause::unknown_layout;
  std::string subject;      ///< the backend, "backend/server", a certificate's file, or "" for all
  std::string detail = {};  ///< what differs, in HAProxy's words; "" where the cause says it

  bool operator==(const reload_reason&) const = default;
  auto operator<=>(const reload_reason&) const = default;
};

/// "changed settings web [balance leastconn]".
std::string words_of(const reload_reason& reason);

/// The backends that the reasons are about, each with its first one.
std::map<std::string, reload_reason> by_backend(const std::vector<reload_reason>& reasons);

/// A server as the running HAProxy has it. What the runtime table does not show is nothing until it
/// is known from the file that was loaded or from our own command; the planner takes it as
/// different.
struct actual_server {
  runtime_server now;
  std::optional<bool> backup;
  std::optional<std::uint32_t> maxconn;

  bool operator==(const actual_server&) const = default;
};

/// A backend as the running HAProxy has it.
struct actual_backend {
  std::string settings;  ///< its section without server lines, as loaded
  std::map<std::string, actual_server> servers;
  bool published = true;  ///< HAProxy before 3.4 knows nothing else

  bool operator==(const actual_backend&) const = default;
};

/// How a new server gets to its address. One of a backend with cookie persistence has its cookie
/// from `add server`, but on HAProxy before 3.0, where it gets none until it moves: there it is
/// added at another port.
enum class arrival { in_place, by_a_move };

/// One runtime command, and what it is about.
struct step {
  enum class purpose {
    desired,  ///< it brings what is desired
    queues,   ///< it lets requests out of HAProxy's queues (limits.hpp); nobody is told
  };

  command what;
  model::server target;  ///< the server as desired, with the maxconn that HAProxy is given; one
                         ///< without a name when it is the backend
  purpose why = purpose::desired;

  bool operator==(const step&) const = default;
};

/// Whether new requests go to a server.
constexpr bool in_rotation(model::server_state state, unsigned weight) {
  return state == model::server_state::ready && weight > 0;
}
inline bool in_rotation(const runtime_server& s) {
  return in_rotation(s.state, s.weight);
}

/// Whom a step is about, as logs name it: "shop/s1", "backend shop".
std::string subject_of(const std::string& backend, const step& s);

struct plan {
  std::vector<step> steps;            ///< in order
  std::vector<std::string> leaving;   ///< servers to drain, then delete
  bool retires = false;               ///< the backend itself is to be deleted after them
  std::vector<reload_reason> reload;  ///< empty: the steps suffice
  std::vector<base::error> refused;   ///< values that must not reach HAProxy

  bool empty() const { return steps.empty() && leaving.empty() && !retires && reload.empty(); }
  bool operator==(const plan&) const = default;
};

/// Plans one backend that is desired. `actual` is nullptr when the running HAProxy has none of that
/// name; `settings` and `options` are what render_backend() and server_options() give for it;
/// `profile` is the loaded `defaults` section with these settings, nothing when there is none or
/// HAProxy cannot add backends; `how` new servers come. A new backend takes traffic once its
/// servers are there. Runtime steps are planned as far as they go even when a reload is needed, so
/// that what can change at once does; servers that leave the rotation do so last. A backend whose
/// settings changed waits for the reload with new servers; until they are there none leaves, and
/// none is taken out of the rotation when no other one would be left. `running_options`, given when
/// that reload is not to be had for now: the options with which its servers run, and new ones come.
plan plan_backend(const model::backend& desired, const actual_backend* actual,
                  const std::string& settings, const std::string& options,
                  const std::optional<std::string>& profile = std::nullopt,
                  arrival how = arrival::in_place,
                  const std::optional<std::string>& running_options = std::nullopt);

/// Plans a new server in the place of one whose options cannot be changed (backup): it goes into
/// maintenance, is deleted, added and brought into its state, in one go. Where HAProxy refuses to
/// delete it, because of its connections, the rest brings the old one back into that state. Empty:
/// a value that must not reach HAProxy.
std::vector<step> plan_replacement(const model::backend& desired, const model::server& server,
                                   const std::string& options, arrival how = arrival::in_place);

/// Plans the removal of a backend that nobody desires any more. `actual`: as it runs, where HAProxy
/// can delete backends (3.4): it is unpublished, its servers leave, then it is deleted. nullptr: by
/// a reload.
plan plan_removal(const std::string& backend, const actual_backend* actual = nullptr);

/// Brings `actual` to what it is after `done` succeeded.
void note_done(actual_backend& actual, const step& done);
/// Forgets of `actual` what a step that HAProxy refused leaves in doubt: the server's limit.
void note_refused(actual_backend& actual, const step& refused);

}  // namespace switchyard::haproxy
