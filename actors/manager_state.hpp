#pragma once

// Inside of the manager: its state, and what its files share. Threading: the manager's.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/change_origins.hpp"
#include "actors/dispatch_queue.hpp"
#include "actors/guarding.hpp"
#include "actors/host_names.hpp"
#include "actors/observer.hpp"
#include "actors/owed.hpp"
#include "actors/protocol.hpp"
#include "actors/refusal_log.hpp"
#include "actors/status_book.hpp"
#include "actors/view_keeper.hpp"
#include "model/desired_state.hpp"

namespace switchyard::actors {

struct manager_state {
  manager_state() : desired({}) {}
  ~manager_state() {
    for (auto& [ticket, p] : promises) give_up(p);
    for (auto& p : asked) give_up(p);
    for (auto& p : answered) give_up(p);
  }
  manager_state(const manager_state&) = delete;
  manager_state& operator=(const manager_state&) = delete;
  static inline const char* name = "manager";

  observer_ptr seen_by;
  model::desired_state desired;
  guarding guard;
  keeper_ptr keeper;
  std::map<std::string, kept_view> last_good;       // of providers that have not reported yet
  std::map<std::string, std::uint64_t> kept_holds;  // the guard's version that the keeper has
  dispatch_queue queue;
  change_origins origins;
  host_names names;
  refusal_log refusals;
  std::map<std::string, std::uint64_t> epochs;
  std::map<dispatch_queue::ticket, caf::typed_response_promise<std::uint64_t>> promises;
  std::set<dispatch_queue::ticket> unwritten;  // of decisions that the keeper has not written yet
  writer_actor writer;
  std::uint64_t writer_generation = 0;  // answers of an earlier writer are not taken for this one's
  bool in_flight = false;
  bool reconcile_wanted = false;
  std::vector<caf::typed_response_promise<apply_report_ptr>> asked;     // for a pass to come
  std::vector<caf::typed_response_promise<apply_report_ptr>> answered;  // by the one in flight
  routes_ptr routes;                                                    // as of routes_revision
  std::uint64_t routes_revision = 0;                                    // of the desired state
  std::string routes_versioned;  // the provider whose routes their version is of
  status_book book;
};
static_assert(!std::is_aggregate_v<manager_state>);  // CAF would build one from its self pointer

using manager_self = manager_actor::stateful_pointer<manager_state>;

// -- manager.cpp

/// Asks the writer for what is next, if it is free.
void pump(manager_self self);
/// Has what a fold changed brought to the writer with a pump() to come; in the provider's turn, ""
/// for what other settings have changed.
void take_changes(manager_self self, const std::string& provider, const model::fold_result& result,
                  bool was_complete);

// -- manager_answers.cpp

status_ptr status_of(manager_self self);
/// One backend as it is desired, whose it is, and what of it is held or cannot be read.
desired_ptr find(manager_self self, const std::string& name);
/// All routes, with the version of that provider's.
routes_ptr routes_of(manager_self self, const std::string& provider);

// -- manager_last_good.cpp

/// Looks for the views that an earlier run has kept.
void find_last_good(manager_self self);
/// Serves what was kept of the provider, if anything. It is not its report: what HAProxy has, and
/// the view has not, stays until the source has been read.
void use_last_good(manager_self self, const std::string& provider);
/// The same and tells of it, when the source is not to be had now.
void fall_back(manager_self self, const std::string& provider);
/// The same for all that have not reported yet.
void fall_back(manager_self self);
/// Keeps what is served of the provider now. `report`: that was folded, nullptr for none. `then`:
/// called when it is kept, or nothing is to be.
void keep(manager_self self, const std::string& provider, const report_ptr& report, bool at_once,
          view_keeper::written then = {});

// -- manager_holds.cpp

decision_ptr approve(manager_self self, std::uint64_t id);
decision_ptr reject(manager_self self, std::uint64_t id);
/// Lets go what was held for hold_timeout, and takes what has waited for room.
void let_go_what_is_due(manager_self self);
/// Answered once HAProxy has what the ticket stands for and, of a decision, it is kept.
caf::typed_response_promise<std::uint64_t> await(manager_self self, dispatch_queue::ticket ticket);
/// The decision with that ticket is kept.
void decision_kept(manager_self self, dispatch_queue::ticket ticket);
/// Answers who waits for that ticket, if there is nothing left to wait for.
void answer(manager_self self, dispatch_queue::ticket ticket);

// -- manager_names.cpp

void take_answer(manager_self self, const name_answer& answer);
/// Answers come on the resolver's thread, which must not keep the manager alive.
host_names::listener answers_to(manager_self self);

}  // namespace switchyard::actors
