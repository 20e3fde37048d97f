#pragma once

// A gateway whose frontend has a folder of certificates, or one of its files.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>
#include <utility>

#include "tests/haproxy/gateway_sites.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

/// A folder of certificates for a.test and b.test.
struct certificate_folder {
  certificate_folder() {
    put("a.pem", a.pem());
    put("b.pem", b.pem());
  }
  std::string at(std::string_view name) const { return folder / name; }
  /// Replaces a file as renewal programs do.
  void put(std::string_view name, const std::string& text) const {
    write_text(folder / ".new", text);
    std::filesystem::rename(folder / ".new", at(name));
  }

  temp_dir folder;
  key_pair a = self_signed("a.test"), b = self_signed("b.test");
  std::uint16_t tls_port = free_port();
};

struct tls_site : certificate_folder, gateway_site {
  /// The bind has the whole folder, or one file of it.
  explicit tls_site(bool tapped = false, const std::string& file = "",
                    const std::string& protocol = "h2",
                    decltype(gateway_options::outside) outside = {})
      : gateway_site({.tapped = tapped,
                      .binds = {{"127.0.0.1",
                                 tls_port,
                                 file.empty() ? folder.path().string() : at(file),
                                 {protocol}}},
                      .outside = std::move(outside)}) {
    begin({web_site::web()});
    // The files are so new that they are compared with what HAProxy has.
    const auto first = look();
    BOOST_TEST(first.certificates == 0U);
    BOOST_TEST(first.notices.empty(), words(first));
    worker = worker_pid();
  }

  /// A reconcile, and what is due a moment later.
  haproxy::apply_report look(
      std::chrono::milliseconds later = haproxy::certificates::settled_after) {
    auto all = reconcile();
    now += later;
    const auto then = tick();
    all.certificates += then.certificates;
    all.notices.insert(all.notices.end(), then.notices.begin(), then.notices.end());
    all.waiting = then.waiting;
    return all;
  }
  bool serves(std::string_view host, const key_pair& wanted) const {
    return tls_hello(tls_port, host).certificate == fingerprint(wanted.certificate);
  }
  bool same_worker() const { return worker_pid() == worker; }

  pid_t worker = 0;
};

}  // namespace switchyard::tests
