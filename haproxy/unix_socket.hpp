#pragma once

// Unix stream sockets as HAProxy's two command lines need them: connect, send and read with
// deadlines.
//
// Never raises SIGPIPE. Threading: free functions; a descriptor belongs to one thread at a time.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/outcome.hpp"

namespace switchyard::haproxy {

inline constexpr std::chrono::milliseconds no_wait{0};

/// A connected, non-blocking socket. errc::unavailable names the path and the cause (absent, nobody
/// listens, not permitted, path too long, not a socket); errc::timeout when the listener's queue
/// stays full.
base::outcome<base::unique_fd> connect_unix(const std::string& path, const base::deadline& until);

/// Why nobody listens at `path`: there is no file, or no listener behind it (ENOENT, ECONNREFUSED).
/// Nothing when somebody does, or may, as far as this user can tell.
std::optional<base::error> nobody_listens(const std::string& path, const base::deadline& until);

/// Sends all of `bytes`. errc::unavailable when the other side is gone, errc::timeout.
base::status send_all(int fd, std::string_view bytes, const base::deadline& until);

/// Waits for bytes and appends what is there to `into`, `most` at a time (1 to 65,536). false: the
/// other side closed. errc::unavailable when the connection was reset, errc::timeout.
base::outcome<bool> receive_some(int fd, std::string& into, const base::deadline& until,
                                 std::size_t most = 65'536);

/// One question on a connection of its own: sends `line` and a newline, closes the sending side and
/// reads to the end of the answer. The answer may be empty. errc::protocol past 64 MB.
base::outcome<std::string> ask(const std::string& path, std::string_view line,
                               std::chrono::milliseconds longest);

}  // namespace switchyard::haproxy
