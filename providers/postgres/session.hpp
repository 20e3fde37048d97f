#pragma once

// Opening a session as the settings say, and the proof that notifications come through.
//
// Threading: none.

#include <memory>
#include <string>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "providers/postgres/connection.hpp"
#include "providers/postgres/hints.hpp"

namespace switchyard::providers::postgres {

/// Connects; the password file is read anew each time. `interrupt` may be null.
/// errc::invalid: unreadable password file or DSN.
base::outcome<std::unique_ptr<connection>> open_session(const config::postgres_settings& settings,
                                                        const base::wakeup* interrupt);

/// Whether a session hears its channel, and why not.
struct subscription {
  bool proven = false;
  std::string reason;
};

/// Listens on the session and waits for a notification that a second, short session sends. What
/// else arrives meanwhile is folded into `heard`. Errors: a session was lost, or the interrupt.
base::outcome<subscription> subscribe(const config::postgres_settings& settings,
                                      connection& session, const base::wakeup* interrupt,
                                      hints& heard);

}  // namespace switchyard::providers::postgres
