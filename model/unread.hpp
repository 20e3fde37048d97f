#pragma once

// What of a backend could not be read since this process began, so that no last good version of it
// is known here. HAProxy may have one, of an earlier run: it is left alone until the source can be
// read. Plain values.

#include <set>
#include <string>

#include "model/event.hpp"

namespace switchyard::model {

struct unread {
  bool settings = false;          ///< and with them the whole backend: it is not desired
  bool servers = false;           ///< the list of servers as a whole
  std::set<std::string> by_name;  ///< single servers
  /// Servers for each address of a host name, not all of which are known yet: what is named
  /// `NAME-ADDRESS`.
  std::set<std::string> of_addresses{};

  bool any() const { return lacking() || !of_addresses.empty(); }
  /// Whether the source has something of which nothing is known.
  bool lacking() const { return settings || servers || !by_name.empty(); }
  /// Whether that server, which is not desired, may be one that could not be read.
  bool covers(const std::string& server) const;

  bool operator==(const unread&) const = default;
};

/// What is unread once the event was taken (see apply_event in model/desired_state.hpp): `before`
/// it, that much was, and `current` was the last good version.
unread unread_after(const unread& before, const backend_ptr& current, const backend_event& event);

}  // namespace switchyard::model
