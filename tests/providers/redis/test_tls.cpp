// TLS: certificates that are verified, and our own that Redis asks for.

#include <boost/test/unit_test.hpp>

#include "providers/redis/tls_layer.hpp"
#include "tests/providers/redis/sentinel_group.hpp"
#include "tests/support/on_a_terminal.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

namespace {

/// A Redis that speaks TLS only, by a certificate for `host`.
struct encrypted {
  certificate_authority authority;
  temp_dir folder;
  std::uint16_t port = free_port();
  std::unique_ptr<redis_server> server;

  explicit encrypted(const std::string& host, bool asks = false) {
    const auto shown = authority.issue(host);
    const auto ours = authority.issue("switchyard.test");
    write_text(folder / "server.crt", shown.certificate);
    write_text(folder / "server.key", shown.key);
    write_text(folder / "client.pem", ours.pem());
    server = std::make_unique<redis_server>(
        "tls-port " + std::to_string(port) + "\ntls-cert-file " + (folder / "server.crt") +
        "\ntls-key-file " + (folder / "server.key") + "\ntls-ca-cert-file " + authority.file() +
        "\ntls-auth-clients " + (asks ? "yes" : "no") + "\n");
  }
  config::redis_settings settings() const {
    config::redis_settings result;
    result.url = "rediss://localhost:" + std::to_string(port);
    result.ca_file = authority.file();
    return result;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_tls)

BOOST_AUTO_TEST_CASE(changes_are_followed_over_tls) {
  const encrypted redis("localhost");
  const keyspace db(*redis.server);
  const followed provider(redis.settings());
  BOOST_REQUIRE(provider.wait_live());
  db.set_server("api", "srv1");
  BOOST_TEST(provider.wait_server("api", "srv1"));
  // More than one record of TLS holds.
  std::string lines;
  for (int i = 0; i < 3000; ++i)
    lines += "HSET switchyard:server:api:s" + std::to_string(i) + " address 10.0.0.1 port 80\n";
  db.pipe(lines);
  BOOST_TEST(provider.wait_server("api", "s2999"));
  BOOST_TEST(eventually([&] { return provider.backend("api")->servers.size() == 3001; }));
}

BOOST_AUTO_TEST_CASE(sentinels_are_asked_over_tls_too) {
  const encrypted redis("127.0.0.1");
  const keyspace db(*redis.server);
  db.set_server("api", "srv1");
  const auto port = std::to_string(free_port());
  const sentinel asked(
      redis.port, "tls-port " + port + "\ntls-cert-file " + (redis.folder / "server.crt") +
                      "\ntls-key-file " + (redis.folder / "server.key") + "\ntls-ca-cert-file " +
                      redis.authority.file() + "\ntls-auth-clients no\ntls-replication yes\n");
  auto settings = redis.settings();
  settings.url = "rediss:///0";
  settings.master = "mymaster";
  settings.sentinels = {"127.0.0.1:" + port};
  const followed provider(settings);
  BOOST_TEST(provider.wait_server("api", "srv1"));
  settings.sentinels = {asked.address()};  // which speaks no TLS
  const followed plain(settings);
  BOOST_TEST(plain.wait_reason("no sentinel names the master mymaster"));
}

BOOST_AUTO_TEST_CASE(a_certificate_for_another_host_or_of_another_authority_is_not_taken) {
  const encrypted redis("elsewhere.test");
  {
    const followed provider(redis.settings());
    BOOST_TEST(provider.wait_reason("its certificate is not trusted: hostname mismatch"));
    BOOST_TEST(provider.reports().empty());
  }
  auto settings = redis.settings();
  settings.ca_file.reset();
  const followed provider(settings);
  BOOST_TEST(provider.wait_reason("its certificate is not trusted: "));
}

BOOST_AUTO_TEST_CASE(a_certificate_of_our_own_is_shown_where_one_is_asked_for) {
  const encrypted redis("localhost", true);
  {
    const followed provider(redis.settings());
    BOOST_TEST(provider.wait_health(level::degraded));
    BOOST_TEST(provider.reports().empty());
  }
  auto settings = redis.settings();
  settings.certificate_file = redis.folder / "client.pem";
  const followed provider(settings);
  BOOST_TEST(provider.wait_live());
  settings.certificate_file = "/nonexistent/client.pem";
  const followed unusable(settings);
  BOOST_TEST(unusable.wait_reason("certificate_file: /nonexistent/client.pem: "));
}

BOOST_AUTO_TEST_CASE(a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it) {
  const temp_dir folder;
  const auto pair = self_signed("switchyard.test");
  const auto key = folder / "client.key";
  write_text(folder / "client.pem", pair.certificate);
  write_text(key, encrypted_key(pair.key));
  const auto refused = [&] {
    const auto made = providers::redis::tls_layer::make(-1, "h", {{}, folder / "client.pem", key});
    return !made && made.error().kind == base::errc::invalid &&
           made.error().message.starts_with("key_file: " + key + ": has a passphrase");
  };
  BOOST_TEST(holds_on_a_terminal(refused));
}

BOOST_AUTO_TEST_CASE(a_peer_that_speaks_no_tls_is_told_of) {
  const keyspace db;
  auto settings = db.settings();
  settings.url = "rediss://127.0.0.1:" + std::to_string(db.server.port());
  settings.timeout = 500ms;
  const followed provider(settings);
  BOOST_TEST(provider.wait_health(level::degraded));
  BOOST_TEST(provider.reports().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
