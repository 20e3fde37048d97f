#include "providers/redis/tls_layer.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <climits>

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;

/// The oldest error of the queue, which is the cause of the others.
std::string library_error() {
  const auto code = ::ERR_get_error();
  ::ERR_clear_error();
  if (code == 0) return "the connection was closed";
  const auto* reason = ::ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

/// Instead of OpenSSL's question on the terminal, which has no deadline. Notes that it was to be.
int no_passphrase(char* /*into*/, int /*size*/, int /*writing*/, void* asked) {
  if (asked != nullptr) *static_cast<bool*>(asked) = true;
  return -1;
}

base::status use_files(SSL_CTX* context, const tls_files& files) {
  const auto unusable = [](const char* setting, const std::string& file) {
    return error{errc::invalid, std::string(setting) + ": " + file + ": " + library_error()};
  };
  if (files.ca) {
    if (::SSL_CTX_load_verify_locations(context, files.ca->c_str(), nullptr) != 1)
      return unusable("ca_file", *files.ca);
  } else {
    ::SSL_CTX_set_default_verify_paths(context);
  }
  if (!files.certificate) return {};
  if (::SSL_CTX_use_certificate_chain_file(context, files.certificate->c_str()) != 1)
    return unusable("certificate_file", *files.certificate);
  bool asked = false;
  ::SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  ::SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
  const auto& key = files.key ? *files.key : *files.certificate;
  const bool used = ::SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  ::SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (asked)
    return error{errc::invalid, "key_file: " + key + ": has a passphrase: give a key without one"};
  return used ? base::status() : unusable("key_file", key);
}

bool is_ip(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

void expect_host(SSL* session, const std::string& host) {
  if (is_ip(host)) {
    ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), host.c_str());
    return;
  }
  ::SSL_set1_host(session, host.c_str());
  // The macro SSL_set_tlsext_host_name, without its old-style cast.
  ::SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
}

int length_of(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

void tls_layer::free_session::operator()(ssl_st* session) const noexcept {
  ::SSL_free(session);
}

void tls_layer::free_context::operator()(ssl_ctx_st* context) const noexcept {
  ::SSL_CTX_free(context);
}

tls_layer::~tls_layer() = default;

base::outcome<std::unique_ptr<tls_layer>> tls_layer::make(int socket, const std::string& host,
                                                          const tls_files& files) {
  ::ERR_clear_error();
  std::unique_ptr<tls_layer> made(new tls_layer);
  made->context_.reset(::SSL_CTX_new(::TLS_client_method()));
  if (!made->context_) return error{errc::io, "TLS: " + library_error()};
  auto* const context = made->context_.get();
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (const auto used = use_files(context, files); !used) return used.error();
  made->session_.reset(::SSL_new(context));
  if (!made->session_ || ::SSL_set_fd(made->session_.get(), socket) != 1)
    return error{errc::io, "TLS: " + library_error()};
  expect_host(made->session_.get(), host);
  ::SSL_set_connect_state(made->session_.get());
  return made;
}

base::outcome<std::size_t> tls_layer::moved(int result) {
  wanted_ = wants::nothing;
  if (result > 0) return static_cast<std::size_t>(result);
  const int why = ::SSL_get_error(session_.get(), result);
  if (why == SSL_ERROR_WANT_READ) wanted_ = wants::input;
  if (why == SSL_ERROR_WANT_WRITE) wanted_ = wants::output;
  if (wanted_ != wants::nothing) return std::size_t{0};
  return error{errc::unavailable, "the connection to Redis is lost: TLS: " + library_error()};
}

base::outcome<tls_layer::wants> tls_layer::handshake() {
  ::ERR_clear_error();
  const auto moved_on = moved(::SSL_do_handshake(session_.get()));
  if (moved_on) return wanted_;
  const auto verdict = ::SSL_get_verify_result(session_.get());
  if (verdict == X509_V_OK) return error{errc::unavailable, moved_on.error().message};
  return error{errc::refused, std::string("its certificate is not trusted: ") +
                                  ::X509_verify_cert_error_string(verdict)};
}

base::outcome<std::size_t> tls_layer::write(std::string_view bytes) {
  ::ERR_clear_error();
  return moved(::SSL_write(session_.get(), bytes.data(), length_of(bytes.size())));
}

base::outcome<std::size_t> tls_layer::read(char* into, std::size_t most) {
  ::ERR_clear_error();
  return moved(::SSL_read(session_.get(), into, length_of(most)));
}

}  // namespace switchyard::providers::redis
