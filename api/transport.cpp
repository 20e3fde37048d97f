#include "api/transport.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace switchyard::api {

namespace {

using base::errc;
using base::error;

const error late{errc::timeout, "the client took too long"};
const error gone{errc::io, "the connection is gone"};

/// OpenSSL's own words for what failed last; the queue of its errors is empty afterwards.
std::string tls_reason() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

/// OpenSSL would ask on the terminal, for as long as it takes.
int no_passphrase(char*, int, int, void* asked) {
  if (asked != nullptr) *static_cast<bool*>(asked) = true;
  return -1;
}

/// The certificate and its chain, each in DER.
std::vector<std::string> certificates_of(SSL_CTX* context) {
  std::vector<std::string> all;
  const auto add = [&](X509* one) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(one, &der);
    if (size > 0) all.emplace_back(reinterpret_cast<const char*>(der), size);
    OPENSSL_free(der);
  };
  add(SSL_CTX_get0_certificate(context));
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  for (int i = 0; i < sk_X509_num(chain); ++i) add(sk_X509_value(chain, i));
  return all;
}

}  // namespace

base::outcome<std::shared_ptr<tls_context>> tls_context::load(const std::string& certificate,
                                                              const std::string& key) {
  auto made = std::make_shared<tls_context>();
  made->context_.reset(SSL_CTX_new(TLS_server_method()));
  auto* const c = made->context_.get();
  if (c == nullptr) return error{errc::io, "TLS cannot be used: " + tls_reason()};
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION);
  if (SSL_CTX_use_certificate_chain_file(c, certificate.c_str()) != 1)
    return error{errc::invalid, certificate + " is no readable PEM certificate: " + tls_reason()};
  bool asked = false;
  SSL_CTX_set_default_passwd_cb(c, no_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(c, &asked);
  const bool taken = SSL_CTX_use_PrivateKey_file(c, key.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(c, nullptr);
  if (asked) return error{errc::invalid, key + " has a passphrase: give a key without one"};
  if (!taken)
    return error{errc::invalid,
                 key + " is no readable PEM key of " + certificate + ": " + tls_reason()};
  return made;
}

bool tls_context::shows_same(const tls_context& other) const {
  return certificates_of(get()) == certificates_of(other.get());
}

transport::transport(base::unique_fd fd, const std::shared_ptr<tls_context>& tls)
    : fd_(std::move(fd)), context_(tls) {
  if (!tls) return;
  tls_.reset(SSL_new(tls->get()));
  if (!tls_ || SSL_set_fd(tls_.get(), fd_.get()) != 1)
    broken_ = true;
  else
    SSL_set_accept_state(tls_.get());
}

transport::~transport() = default;

base::status transport::wait(wants what, const deadline& until) const {
  const auto ready = what == wants::read ? base::wait_readable(fd_.get(), until)
                                         : base::wait_writable(fd_.get(), until);
  if (!ready) return ready.error();
  if (!*ready) return late;
  return {};
}

/// After a call into OpenSSL that did nothing: waits for what it wants, or says why it is over.
base::status transport::tls_failed(int result, const deadline& until) {
  const int why = SSL_get_error(tls_.get(), result);
  if (why == SSL_ERROR_WANT_READ) return wait(wants::read, until);
  if (why == SSL_ERROR_WANT_WRITE) return wait(wants::write, until);
  ERR_clear_error();
  broken_ = true;
  return gone;
}

base::outcome<std::size_t> transport::fill(const deadline& until) {
  for (;;) {
    if (broken_) return gone;
    if (until.passed()) return late;
    std::array<char, 4096> block{};
    if (tls_) {
      const int n = SSL_read(tls_.get(), block.data(), static_cast<int>(block.size()));
      if (n > 0) {
        buffer_.assign(block.data(), static_cast<std::size_t>(n));
        return buffer_.size();
      }
      if (SSL_get_error(tls_.get(), n) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
      if (const auto going_on = tls_failed(n, until); !going_on) return going_on.error();
      continue;
    }
    const auto n = ::recv(fd_.get(), block.data(), block.size(), 0);
    if (n >= 0) {
      buffer_.assign(block.data(), static_cast<std::size_t>(n));
      return buffer_.size();
    }
    if (errno != EAGAIN && errno != EINTR) return gone;
    if (const auto ready = wait(wants::read, until); !ready) return ready.error();
  }
}

base::outcome<std::size_t> transport::read(char* to, std::size_t size, const deadline& until) {
  if (taken_ == buffer_.size()) {
    taken_ = 0;
    buffer_.clear();
    auto filled = fill(until);
    if (!filled || *filled == 0) return filled;
  }
  const auto n = std::min(size, buffer_.size() - taken_);
  std::copy_n(buffer_.data() + taken_, n, to);
  taken_ += n;
  return n;
}

base::status transport::write(std::string_view bytes, const deadline& until) {
  while (!bytes.empty()) {
    if (broken_) return gone;
    if (until.passed()) return late;
    if (tls_) {
      const auto most = std::min<std::size_t>(bytes.size(), 16U << 10);
      const int n = SSL_write(tls_.get(), bytes.data(), static_cast<int>(most));
      if (n > 0)
        bytes.remove_prefix(static_cast<std::size_t>(n));
      else if (auto going_on = tls_failed(n, until); !going_on)
        return going_on;
      continue;
    }
    const auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return gone;
    if (auto ready = wait(wants::write, until); !ready) return ready;
  }
  return {};
}

bool transport::hung_up() const {
  char next = 0;
  const auto n = ::recv(fd_.get(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void transport::close(const deadline& until) {
  // Whether the client says its own end is its affair, ours is said.
  if (tls_ && !broken_) SSL_shutdown(tls_.get());
  ERR_clear_error();
  ::shutdown(fd_.get(), SHUT_WR);
  std::array<char, 64U << 10> rest;
  for (std::size_t most = 16U << 20; most > rest.size() && !until.passed();) {
    // TCP throws away what is read so, without a copy (tcp(7), "MSG_TRUNC").
    const auto n = ::recv(fd_.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (n > 0) {
      most -= static_cast<std::size_t>(n);
      continue;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) return;
    const auto ready = base::wait_readable(fd_.get(), until);
    if (!ready || !*ready) return;
  }
}

void transport::interrupt() {
  ::shutdown(fd_.get(), SHUT_RDWR);
}

}  // namespace switchyard::api
