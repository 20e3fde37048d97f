#include "tests/support/tls.hpp"

#include <vector>

namespace switchyard::tests {

namespace {

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

certificate_authority::certificate_authority() {
  request(folder_, "ca.test", {"-x509", "-days", "2", "-out", file()});
}

key_pair certificate_authority::issue(std::string_view host) const {
  const temp_dir folder;
  request(folder, host, {"-out", folder / "request.pem"});
  write_text(folder / "extensions", "subjectAltName=DNS:" + std::string(host) + "\n");
  run_program({"openssl", "x509", "-req", "-in", folder / "request.pem", "-CA", file(), "-CAkey",
               folder_ / "key.pem", "-CAcreateserial", "-CAserial", folder / "serial", "-days", "2",
               "-extfile", folder / "extensions", "-out", folder / "cert.pem"});
  return {read_text(folder / "cert.pem"), read_text(folder / "key.pem")};
}

std::string fingerprint(const std::string& pem) {
  const temp_dir folder;
  write_text(folder / "cert.pem", pem);
  return value_of(run_program({"openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in",
                               folder / "cert.pem"}),
                  "Fingerprint=");
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
