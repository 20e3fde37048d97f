#pragma once

// TLS on a connected, non-blocking socket: the only file that knows OpenSSL.
//
// The peer's certificate is verified, and that it is for the host that was asked for. Threading:
// one thread. No call blocks.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "providers/redis/stream.hpp"

struct ssl_st;      // OpenSSL's SSL
struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace switchyard::providers::redis {

class tls_layer {
 public:
  /// What must happen to the socket before the next call makes sense.
  enum class wants { nothing, input, output };

  /// `socket` stays the caller's and must outlive the layer. errc::invalid names an unusable file.
  static base::outcome<std::unique_ptr<tls_layer>> make(int socket, const std::string& host,
                                                        const tls_files& files);
  ~tls_layer();
  tls_layer(const tls_layer&) = delete;
  tls_layer& operator=(const tls_layer&) = delete;

  /// Until it wants nothing. errc::refused: the peer's certificate or our own was not taken.
  base::outcome<wants> handshake();
  /// How many bytes went out; 0: see wanted().
  base::outcome<std::size_t> write(std::string_view bytes);
  /// Fills the front of `into`; 0: see wanted().
  base::outcome<std::size_t> read(char* into, std::size_t most);
  wants wanted() const { return wanted_; }

 private:
  struct free_session {
    void operator()(ssl_st* session) const noexcept;
  };
  struct free_context {
    void operator()(ssl_ctx_st* context) const noexcept;
  };

  tls_layer() = default;
  base::outcome<std::size_t> moved(int result);

  std::unique_ptr<ssl_ctx_st, free_context> context_;
  std::unique_ptr<ssl_st, free_session> session_;
  wants wanted_ = wants::nothing;
};

}  // namespace switchyard::providers::redis
