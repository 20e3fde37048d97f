#pragma once

// An HTTP/1.1 server whose answers a test writes itself, byte for byte, for what asks HTTP APIs.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "tests/support/support.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

class http_api {
 public:
  struct request {
    std::string method;
    std::string target;
    std::string head;  ///< the request line and the fields

    /// The value of a field, whose name is compared without case; "" when there is none.
    std::string field(std::string_view name) const;
  };

  struct reply {
    std::string bytes;                       ///< as they go out, head and all
    std::chrono::milliseconds byte_pause{};  ///< between two bytes
    bool close = false;                      ///< after the bytes; else the connection is kept
    bool hold = false;                       ///< after the bytes: says nothing more, stays open
    std::string block{};                     ///< goes out after the bytes, `blocks` times
    std::uint64_t blocks = 0;
  };

  /// Called on a thread of each connection's own, side by side.
  using handler = std::function<reply(const request&)>;

  struct options {
    std::optional<key_pair> certificate{};  ///< makes it HTTPS
    std::string client_authority{};         ///< a PEM file: clients must show a certificate
    std::string socket{};                   ///< a Unix socket instead of a port
    std::uint16_t tunnels_to =
        0;  ///< a proxy: CONNECT leads there, whatever it names; 0: it is none
  };

  explicit http_api(handler answer);
  http_api(handler answer, const options& how);
  ~http_api();
  http_api(const http_api&) = delete;
  http_api& operator=(const http_api&) = delete;

  std::uint16_t port() const { return port_; }
  /// "http://127.0.0.1:PORT" or "https://localhost:PORT", and the path.
  std::string url(std::string_view path = "/") const;
  /// All requests so far.
  std::vector<request> requests() const;
  std::size_t connections() const { return accepted_.load(); }
  /// Bytes of blocks that clients have taken.
  std::uint64_t streamed() const { return streamed_.load(); }

  /// An answer with its length.
  static reply answer(int status, std::string_view body, std::string_view fields = "");

 private:
  class stream;
  class tls_context;

  void serve();
  void converse(int fd);
  bool send(stream& to, const reply& what);
  void tunnel(stream& client, const std::string& first) const;

  handler answer_;
  std::uint16_t tunnels_to_;
  std::unique_ptr<tls_context> tls_;
  std::uint16_t port_ = 0;
  base::unique_fd listener_;
  base::wakeup stop_;
  std::atomic<std::size_t> accepted_{0};
  std::atomic<std::uint64_t> streamed_{0};
  mutable std::mutex mutex_;
  std::vector<request> requests_;
  std::vector<std::thread> conversations_;
  std::thread thread_;
};

}  // namespace switchyard::tests
