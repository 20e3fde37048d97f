#pragma once

// Certificates made by the openssl program, and what a TLS server shows to a client.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/support.hpp"

namespace switchyard::tests {

/// A certificate and its private key, both PEM.
struct key_pair {
  std::string certificate;
  std::string key;

  std::string pem() const { return certificate + key; }
};

/// The same private key, with a passphrase.
std::string encrypted_key(const std::string& key);

/// A new one for a host name, signed by itself.
key_pair self_signed(std::string_view host);

/// A certificate authority of a test's own.
class certificate_authority {
 public:
  certificate_authority();

  /// Its certificate, PEM, as a file.
  std::string file() const { return folder_ / "ca.pem"; }
  /// A new certificate for a host name or an IPv4 address; one with a negative number of days has
  /// expired.
  key_pair issue(std::string_view host, int days = 2) const;
  /// That a certificate of its own is good (RFC 6960), DER.
  std::string ocsp_response(const key_pair& about) const;

 private:
  temp_dir folder_;
};

/// The SHA-256 fingerprint of the first certificate in a PEM text.
std::string fingerprint(const std::string& pem);

/// The fingerprints of all certificates that a server on 127.0.0.1 shows to a client that asks for
/// this host.
std::vector<std::string> tls_chain(std::uint16_t port, std::string_view host);

struct tls_answer {
  std::string certificate;  ///< its fingerprint; "" when there was no handshake
  std::string protocol;     ///< as ALPN chose it; "" for none

  bool operator==(const tls_answer&) const = default;
};

/// What a server on 127.0.0.1 shows to a client that asks for this host.
tls_answer tls_hello(std::uint16_t port, std::string_view host,
                     std::string_view protocols = "h2,http/1.1");

}  // namespace switchyard::tests
