#pragma once

// Opening a connection as the settings say: who we are, which database, and that it is no cluster.
//
// Threading: none.

#include <memory>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "providers/redis/connection.hpp"
#include "providers/redis/url.hpp"

namespace switchyard::providers::redis {

/// What CLIENT LIST shows of our connections.
constexpr const char* client_name = "switchyard";

/// The words of an answer that is an error, as one line without control characters.
std::string words_of(const reply& refused);

/// Connects to `at`, which is the URL's or what a sentinel names; the password file is read anew
/// each time. `interrupt` may be null. errc::refused: Redis did not take the user, the database, or
/// is a node of a cluster; errc::invalid: unreadable settings; else as connection::open.
base::outcome<std::unique_ptr<connection>> open_session(const config::redis_settings& settings,
                                                        const endpoint& at,
                                                        const base::wakeup* interrupt);

/// The settings' own certificates.
tls_files tls_files_of(const config::redis_settings& settings);

/// The command that tells who we are; none when there is nothing to tell.
std::optional<command> authentication(const std::string& username,
                                      const std::optional<std::string>& password);

}  // namespace switchyard::providers::redis
