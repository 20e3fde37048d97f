#pragma once

// One client's connection as bytes with total deadlines, in the clear or TLS.
//
// Threading: one thread; interrupt() from any. Owns its descriptor.

#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/outcome.hpp"

namespace switchyard::api {

/// What every connection of a listener shares for TLS.
class tls_context {
 public:
  /// PEM files: the certificate with its chain, and the private key. errc::invalid names the file.
  static base::outcome<std::shared_ptr<tls_context>> load(const std::string& certificate,
                                                          const std::string& key);
  /// Whether clients are shown the same certificates.
  bool shows_same(const tls_context& other) const;
  SSL_CTX* get() const { return context_.get(); }

 private:
  struct release {
    void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
  };
  std::unique_ptr<SSL_CTX, release> context_;
};

class transport {
 public:
  using deadline = base::deadline;

  /// `tls` may be nullptr: in the clear.
  transport(base::unique_fd fd, const std::shared_ptr<tls_context>& tls);
  ~transport();
  transport(const transport&) = delete;
  transport& operator=(const transport&) = delete;

  /// Up to `size` bytes (> 0); 0 when the client has ended its side. errc::timeout, errc::io.
  base::outcome<std::size_t> read(char* to, std::size_t size, const deadline& until);
  /// All of it. errc::timeout, errc::io.
  base::status write(std::string_view bytes, const deadline& until);
  /// Whether the client has closed its side (what it sent before may still be unread).
  bool hung_up() const;
  /// Says the end, and waits until the client has read it all, so that what it still sends does not
  /// cost it our answer.
  void close(const deadline& until);
  /// Ends waiting calls: from then on every read and write fails. From any thread.
  void interrupt();

 private:
  enum class wants { read, write };
  base::outcome<std::size_t> fill(const deadline& until);
  base::status wait(wants what, const deadline& until) const;
  base::status tls_failed(int result, const deadline& until);

  base::unique_fd fd_;
  struct release {
    void operator()(SSL* s) const { SSL_free(s); }
  };
  std::shared_ptr<tls_context> context_;
  std::unique_ptr<SSL, release> tls_;
  std::string buffer_;     ///< read, and not taken yet
  std::size_t taken_ = 0;  ///< of buffer_
  bool broken_ = false;
};

}  // namespace switchyard::api
