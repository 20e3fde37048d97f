#include "tests/support/tls.hpp"

#include <vector>

namespace switchyard::tests {

namespace {

/// As extensions of certificates have it.
std::string alternative_name(std::string_view host) {
  const bool ip = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return (ip ? "IP:" : "DNS:") + std::string(host);
}

/// `openssl req` for a new key in `key.pem` of the folder, with these arguments behind it.
void request(const temp_dir& folder, std::string_view host, std::vector<std::string> more) {
  const std::string name(host);
  std::vector<std::string> argv{"openssl",
                                "req",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:P-256",
                                "-nodes",
                                "-subj",
                                "/CN=" + name,
                                "-addext",
                                "subjectAltName=DNS:" + name,
                                "-keyout",
                                folder / "key.pem"};
  argv.insert(argv.end(), more.begin(), more.end());
  run_program(argv);
}

/// The text behind the last `field` of an output, up to the end of its line.
std::string value_of(std::string_view output, std::string_view field) {
  const auto at = output.rfind(field);
  if (at == std::string_view::npos) return "";
  const auto from = at + field.size();
  return std::string(output.substr(from, output.find('\n', from) - from));
}

}  // namespace

key_pair self_signed(std::string_view host) {
  const temp_dir folder;
  request(folder, host, {"-x509", "-days", "2", "-out", folder / "cert.pem"});
  return {read_text(folder / "cert.pem"), read_text(folder / "key.pem")};
}

std::string encrypted_key(const std::string& key) {
  const temp_dir folder;
  write_text(folder / "plain.pem", key);
  run_program({"openssl", "pkey", "-in", folder / "plain.pem", "-aes256", "-passout", "pass:secret",
               "-out", folder / "key.pem"});
  return read_text(folder / "key.pem");
}

certificate_authority::certificate_authority() {
  request(folder_, "ca.test", {"-x509", "-days", "2", "-out", file()});
}

key_pair certificate_authority::issue(std::string_view host, int days) const {
  const temp_dir folder;
  request(folder, host, {"-out", folder / "request.pem"});
  write_text(folder / "extensions", "subjectAltName=" + alternative_name(host) + "\n");
  run_program({"openssl", "x509", "-req", "-in", folder / "request.pem", "-CA", file(), "-CAkey",
               folder_ / "key.pem", "-CAcreateserial", "-CAserial", folder / "serial", "-days",
               std::to_string(days), "-extfile", folder / "extensions", "-out",
               folder / "cert.pem"});
  return {read_text(folder / "cert.pem"), read_text(folder / "key.pem")};
}

std::string certificate_authority::ocsp_response(const key_pair& about) const {
  const temp_dir folder;
  write_text(folder / "cert.pem", about.certificate);
  const auto serial = value_of(
      run_program({"openssl", "x509", "-noout", "-serial", "-in", folder / "cert.pem"}), "serial=");
  write_text(folder / "index", "V\t350101000000Z\t\t" + serial + "\tunknown\t/CN=any\n");
  run_program({"openssl", "ocsp", "-index", folder / "index", "-CA", file(), "-rsigner", file(),
               "-rkey", folder_ / "key.pem", "-issuer", file(), "-cert", folder / "cert.pem",
               "-respout", folder / "response", "-ndays", "2"});
  return read_text(folder / "response");
}

std::string fingerprint(const std::string& pem) {
  const temp_dir folder;
  write_text(folder / "cert.pem", pem);
  return value_of(run_program({"openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in",
                               folder / "cert.pem"}),
                  "Fingerprint=");
}

std::vector<std::string> tls_chain(std::uint16_t port, std::string_view host) {
  constexpr std::string_view end = "-----END CERTIFICATE-----\n";
  const auto said =
      base::run({{"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(port),
                  "-servername", std::string(host), "-showcerts"},
                 {},
                 std::chrono::seconds(10)});
  std::vector<std::string> all;
  if (!said) return all;
  // The first one is said again below the chain.
  const auto chain = said->output.substr(0, said->output.find("\nServer certificate"));
  for (std::size_t from = 0; (from = chain.find("-----BEGIN CERT", from)) != std::string::npos;) {
    const auto to = chain.find(end, from) + end.size();
    all.push_back(fingerprint(chain.substr(from, to - from)));
    from = to;
  }
  return all;
}

tls_answer tls_hello(std::uint16_t port, std::string_view host, std::string_view protocols) {
  const auto said =
      base::run({{"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(port),
                  "-servername", std::string(host), "-alpn", std::string(protocols)},
                 {},
                 std::chrono::seconds(10)});
  if (!said || said->output.find("-----BEGIN CERTIFICATE-----") == std::string::npos) return {};
  return {fingerprint(said->output), value_of(said->output, "ALPN protocol: ")};
}

}  // namespace switchyard::tests
