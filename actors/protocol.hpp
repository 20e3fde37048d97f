#pragma once

// Every actor's interface, one comment a message. Events run one way: provider → manager → writer;
// only acknowledgements come back.
//
// Messages carry pointers to immutable values. All actors live in one process: nothing here is sent
// over a network.

#include <caf/all.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/host_names.hpp"
#include "api/service.hpp"
#include "api/status.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "haproxy/apply.hpp"
#include "model/desired_state.hpp"
#include "model/edit.hpp"
#include "model/event.hpp"

namespace switchyard::actors {

using report_ptr = std::shared_ptr<const model::report>;
using health_ptr = std::shared_ptr<const model::provider_health>;
using apply_request_ptr = std::shared_ptr<const haproxy::apply_request>;
using apply_report_ptr = std::shared_ptr<const haproxy::apply_report>;
using settings_ptr = std::shared_ptr<const config::settings>;

using edit_ptr = std::shared_ptr<const model::edit>;
using page_ptr = std::shared_ptr<const model::backend_page>;
using desired_ptr = std::shared_ptr<const api::desired_backend>;
using routes_ptr = std::shared_ptr<const api::route_list>;

/// What became of a change by hand.
struct edit_answer {
  base::outcome<model::edited> done;
  std::uint64_t report = 0;  ///< the number of the report that has it
};
using edit_answer_ptr = std::shared_ptr<const edit_answer>;

/// What became of a decision about a hold.
struct decision_answer {
  base::outcome<api::hold_status> hold;
  std::uint64_t ticket = 0;  ///< for await: HAProxy has what was decided, and it is kept
};
using decision_ptr = std::shared_ptr<const decision_answer>;
using holds_ptr = std::shared_ptr<const api::hold_list>;

/// What the manager knows, and from the supervisor also its children.
using status_ptr = std::shared_ptr<const api::status>;
/// The desired state, and what its host names stand for.
struct desired_copy {
  model::desired_state state;
  model::name_book names;
};
using desired_copy_ptr = std::shared_ptr<const desired_copy>;
using name_answer_ptr = std::shared_ptr<const name_answer>;

/// The supervisor's children, by name.
struct child_list {
  struct child {
    caf::actor handle;
    std::uint64_t restarts = 0;
  };
  std::map<std::string, child> children;
};
using children_ptr = std::shared_ptr<const child_list>;

}  // namespace switchyard::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::report_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::health_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::apply_request_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::apply_report_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::settings_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::status_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::desired_copy_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::name_answer_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::children_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::edit_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::edit_answer_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::decision_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::holds_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::page_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::desired_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(switchyard::actors::routes_ptr)

namespace switchyard::actors {

using apply_atom = caf::atom_constant<caf::atom("apply")>;
using approve_atom = caf::atom_constant<caf::atom("approve")>;
using await_atom = caf::atom_constant<caf::atom("await")>;
using children_atom = caf::atom_constant<caf::atom("children")>;
using copy_atom = caf::atom_constant<caf::atom("copy")>;
using configure_atom = caf::atom_constant<caf::atom("configure")>;
using edit_atom = caf::atom_constant<caf::atom("edit")>;
using find_atom = caf::atom_constant<caf::atom("find")>;
using health_atom = caf::atom_constant<caf::atom("health")>;
using holds_atom = caf::atom_constant<caf::atom("holds")>;
using kept_atom = caf::atom_constant<caf::atom("kept")>;
using list_atom = caf::atom_constant<caf::atom("list")>;
using lost_atom = caf::atom_constant<caf::atom("lost")>;
using noted_atom = caf::atom_constant<caf::atom("noted")>;
using reconcile_atom = caf::atom_constant<caf::atom("reconcile")>;
using reject_atom = caf::atom_constant<caf::atom("reject")>;
using report_atom = caf::atom_constant<caf::atom("report")>;
using repair_atom = caf::atom_constant<caf::atom("repair")>;
using resolved_atom = caf::atom_constant<caf::atom("resolved")>;
using restart_atom = caf::atom_constant<caf::atom("restart")>;
using routes_atom = caf::atom_constant<caf::atom("routes")>;
using status_atom = caf::atom_constant<caf::atom("status")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using use_atom = caf::atom_constant<caf::atom("use")>;

/// Talks to HAProxy, one conversation at a time. Detached, since it blocks.
using writer_actor = caf::typed_actor<
    // Bring these changes into HAProxy. The answer says what was done; an HAProxy that is away is
    // an answer too.
    caf::replies_to<apply_atom, apply_request_ptr>::with<apply_report_ptr>,
    // Compare everything, repair what differs.
    caf::replies_to<reconcile_atom>::with<apply_report_ptr>,
    // To itself: something is due (a drain, a save, a reload that had to wait).
    caf::reacts_to<tick_atom>,
    // From the lifeline's watch: the conversation of that generation has ended.
    caf::reacts_to<lost_atom, std::uint64_t>,
    // Take these settings (those parts that can change while running).
    caf::reacts_to<configure_atom, settings_ptr>,
    // Save the file, end a managed HAProxy, answer, and quit.
    caf::replies_to<stop_atom>::with<stop_atom>>;

/// Owns the desired state; one apply in flight.
using manager_actor = caf::typed_actor<
    // A provider's report, with the provider's name and epoch. Answered with the revision once
    // HAProxy has it: the acknowledgement. Reports of an older epoch are answered and dropped.
    caf::replies_to<report_atom, std::string, std::uint64_t, report_ptr>::with<std::uint64_t>,
    // How a provider fares.
    caf::reacts_to<health_atom, std::string, health_ptr>,
    // From the timer: ask the writer for a pass over everything, when it is free.
    caf::reacts_to<reconcile_atom>,
    // From the writer: what it did on its own (drains, saves, reloads that had to wait).
    caf::reacts_to<noted_atom, apply_report_ptr>,
    // From the resolver's thread: what a host name stands for.
    caf::reacts_to<resolved_atom, name_answer_ptr>,
    // A writer to work with from now on; it gets the whole desired state.
    caf::reacts_to<use_atom, writer_actor>,
    // Take these settings: another list of providers.
    caf::reacts_to<configure_atom, settings_ptr>,
    // A copy of the desired state as it is now; its backends are shared.
    caf::replies_to<copy_atom>::with<desired_copy_ptr>,
    // What is known.
    caf::replies_to<status_atom>::with<status_ptr>,
    // Desired backends after that name, of one provider or all (""), at most so many.
    caf::replies_to<list_atom, std::string, std::string, std::uint64_t>::with<page_ptr>,
    // One backend as it is desired.
    caf::replies_to<find_atom, std::string>::with<desired_ptr>,
    // All routes, and those of that provider alone ("": of none).
    caf::replies_to<routes_atom, std::string>::with<routes_ptr>,
    // What the guard holds.
    caf::replies_to<holds_atom>::with<holds_ptr>,
    // Let go what is held under that number.
    caf::replies_to<approve_atom, std::uint64_t>::with<decision_ptr>,
    // Keep it.
    caf::replies_to<reject_atom, std::uint64_t>::with<decision_ptr>,
    // Answered with the revision once HAProxy has what that ticket stands for, and a decision's
    // record is on disk.
    caf::replies_to<await_atom, std::uint64_t>::with<std::uint64_t>,
    // From the keeper's thread: the record of the decision with that ticket is on disk.
    caf::reacts_to<kept_atom, std::uint64_t>,
    // Ask the writer for a pass over everything; answered with what it did.
    caf::replies_to<repair_atom>::with<apply_report_ptr>>;

/// Drives one provider, whatever its source. Detached, since starting and stopping one may block.
using provider_actor = caf::typed_actor<
    // A manager to report to from now on: start over with a full view, in a new epoch.
    caf::reacts_to<use_atom, manager_actor>,
    // A change by hand, for a provider that takes some. Answered once it is kept.
    caf::replies_to<edit_atom, edit_ptr>::with<edit_answer_ptr>,
    // Answered with the revision once the manager has acknowledged the report of that number.
    caf::replies_to<await_atom, std::uint64_t>::with<std::uint64_t>,
    // The manager's answer to a report, with the revision: the acknowledgement. The next one may
    // go.
    caf::reacts_to<std::uint64_t>>;

/// Asks the manager for a reconcile at every interval.
using timer_actor = caf::typed_actor<
    caf::reacts_to<use_atom, manager_actor>,
    // To itself: the interval is over. The number tells timers of an earlier interval apart.
    caf::reacts_to<tick_atom, std::uint64_t>, caf::reacts_to<configure_atom, settings_ptr>>;

/// Serves the HTTP API on threads of its own. Detached, since starting and ending it may block.
using api_actor = caf::typed_actor<
    // Take these settings: another address, token or certificate.
    caf::reacts_to<configure_atom, settings_ptr>,
    // To itself: try again to listen. The number tells waits that were overtaken apart.
    caf::reacts_to<tick_atom, std::uint64_t>>;

/// Spawns and monitors all others, restarts what fails.
using supervisor_actor = caf::typed_actor<
    // To itself: the backoff of that child is over.
    caf::reacts_to<restart_atom, std::string>,
    // Take these settings: spawn, restart and end providers as needed, tell the others.
    caf::reacts_to<configure_atom, settings_ptr>,
    caf::replies_to<children_atom>::with<children_ptr>,
    // What the manager knows, and the children.
    caf::replies_to<status_atom>::with<status_ptr>,
    // End everything in order: api, timer, providers, manager, writer. Answered when all is done.
    caf::replies_to<stop_atom>::with<stop_atom>>;

}  // namespace switchyard::actors
