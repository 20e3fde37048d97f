#pragma once

// HTTP/2 peers by the nghttp2 project: nghttpd as upstream, nghttp and h2load as clients; and curl.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/support.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

/// A server on 127.0.0.1 that speaks nothing but HTTP/2. Each answer is its name, with the trailer
/// "grpc-status: 0" behind it.
class h2_upstream {
 public:
  /// In clear (by prior knowledge), or over TLS with a certificate. `attentive`: it writes down
  /// what it hears.
  explicit h2_upstream(std::string name, const std::optional<key_pair>& tls = std::nullopt,
                       bool attentive = false);

  /// Whether it was sent this trailer ("name: value"); of one that is attentive.
  bool heard_trailer(std::string_view trailer) const;

  std::uint16_t port() const { return port_; }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::uint16_t port_;
  temp_dir folder_;
  std::unique_ptr<background_process> process_;
};

/// A request by HTTP/2 as nghttp tells of it.
struct h2_answer {
  int status = 0;  ///< 0: no answer by HTTP/2
  std::string body;
  std::string grpc_status;  ///< the trailer; "" when there was none
};

/// GET / of 127.0.0.1, with this host: in clear by prior knowledge, or over TLS by ALPN (whatever
/// the certificate).
h2_answer h2_get(std::uint16_t port, bool tls, std::string_view host = "a.test");

/// POST / of a few bytes and a trailer ("name: value"), likewise.
h2_answer h2_post(std::uint16_t port, bool tls, std::string_view host, std::string_view trailer);

/// What h2load counted.
struct h2_totals {
  std::string protocol;  ///< "h2", or "h2c" in clear
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;     ///< failed, errored and timed out
  std::uint64_t answered = 0;   ///< status 2xx
  std::uint64_t otherwise = 0;  ///< another status
  std::uint64_t timed_out = 0;
  /// h2load begins no new connection after one that HAProxy ends, and calls what it did not start
  /// failed then. What it started is done when it was answered, or refused by GOAWAY before anybody
  /// looked at it, which is safe to repeat (RFC 9113, 6.8); a connection that breaks leaves it
  /// undone.
  std::uint64_t started = 0;
  std::uint64_t done = 0;
};

/// `requests` for / on 4 connections with 10 streams each.
h2_totals h2_load(std::uint16_t port, bool tls, unsigned requests);

/// What curl counted: it goes on with a new connection after one that HAProxy ends, and repeats
/// what was refused by GOAWAY; what was reset in the middle, or answered by anything but 200, has
/// failed.
struct h2_repeats {
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
};

/// `requests` for / over TLS, one after the other.
h2_repeats h2_fetch(std::uint16_t port, unsigned requests);

}  // namespace switchyard::tests
