#pragma once

// Bytes to and from a Redis: TCP, a Unix socket, either with TLS on top. No call waits past its
// deadline, and a notified `interrupt` ends every wait.
//
// hiredis has its own sockets, but they block in a connect, and its TLS is missing in Debian 12.
// Threading: one thread.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "providers/redis/url.hpp"

namespace switchyard::providers::redis {

class tls_layer;

struct tls_files {
  std::optional<std::string> ca;           ///< PEM; the system's authorities when not set
  std::optional<std::string> certificate;  ///< PEM, ours, with its key
  std::optional<std::string> key;
};

/// Failures: errc::unavailable, the connection is lost, or the interrupt was notified;
/// errc::timeout, the deadline passed; errc::invalid, unusable certificates of ours.
class stream {
 public:
  /// Connects, and shakes hands when `to` says TLS. `interrupt` may be null and must outlive the
  /// stream.
  static base::outcome<std::unique_ptr<stream>> open(const endpoint& to, const tls_files& files,
                                                     const base::wakeup* interrupt,
                                                     const base::deadline& until);
  ~stream();
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  base::status send(std::string_view bytes, const base::deadline& until);
  /// Waits for bytes and takes those that are there, or some of many. Valid until the next call.
  base::outcome<std::string_view> receive(const base::deadline& until);
  /// Takes bytes that are there, "" when there are none.
  base::outcome<std::string_view> received();

  /// Readable when received() may have something, or the connection was lost. With TLS that is
  /// promised only after received() has returned "".
  int socket() const { return fd_.get(); }

 private:
  stream(base::unique_fd fd, const base::wakeup* interrupt);

  base::unique_fd fd_;
  const base::wakeup* interrupt_;
  std::array<char, 65536> buffer_;
  std::unique_ptr<tls_layer> tls_;
};

}  // namespace switchyard::providers::redis
