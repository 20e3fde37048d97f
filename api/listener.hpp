#pragma once

// The socket that clients connect to: TCP, or a Unix socket with mode 0660.
//
// A Unix socket's file that nobody listens on any more is replaced; one that somebody listens on is
// errc::conflict. The file is removed with the listener, unless another one has its place.
// Threading: one thread.

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/net.hpp"
#include "base/outcome.hpp"

namespace switchyard::api {

/// The path of "unix:/path"; nothing for any other address.
std::optional<std::string> unix_path(std::string_view listen);

/// Whether the one who listens on `held` may be why `wanted` is taken.
bool in_the_way(const std::string& held, const std::string& wanted);

class listener {
 public:
  listener() = default;
  ~listener() { close(); }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  /// Binds "HOST:PORT" ("*": every address) or "unix:/path", and listens.
  base::status open(const std::string& listen);
  /// The next client, non-blocking and closed on exec; nothing when there is none.
  std::optional<base::unique_fd> accept();
  /// Whether more than half of the places are taken where clients wait to be accepted: once all
  /// are, the system turns away whoever comes. Always false of a Unix socket, where they wait.
  bool crowded() const;
  void close();
  int fd() const { return fd_.get(); }

 private:
  base::status open_unix(const std::string& path);
  base::status open_tcp(const base::tcp_address& address);

  base::unique_fd fd_;
  std::string path_;      ///< to remove
  struct stat bound_ {};  ///< of the file at path_ as it was made
};

}  // namespace switchyard::api
