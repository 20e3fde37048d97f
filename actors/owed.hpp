#pragma once

// What an actor still owes when it ends. CAF drops a promise that nobody keeps, and whoever asked
// waits for as long as it has decided to. Threading: the actor's.

#include <caf/all.hpp>
#include <utility>

namespace switchyard::actors {

/// Tells whoever waits for this answer that it does not come: caf::sec::request_receiver_down. The
/// sender of a message that is no request waits for nothing, and would end with the error.
template <class Result>
void give_up(caf::typed_response_promise<Result>& owed) {
  const caf::response_promise& promise = owed;
  if (promise.pending() && !promise.async())
    owed.deliver(caf::make_error(caf::sec::request_receiver_down));
}

}  // namespace switchyard::actors
