// Names of database hosts: who looks them up, and for how long.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "providers/postgres/connection.hpp"
#include "providers/postgres/dsn.hpp"
#include "tests/providers/postgres/fixture.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/on_a_terminal.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

namespace {

using base::errc;
using providers::postgres::connect_settings;

/// A database whose host has a name that only a name server of the test knows.
struct named_host : database {
  dns_server dns;

  connect_settings reached_by(const std::string& hosts, const std::string& more = "") const {
    return {"host=" + hosts + " port=" + std::to_string(server.port()) +
                " user=postgres dbname=" + name + " gssencmode=disable " + more,
            std::nullopt, asking()};
  }
  base::resolver::options asking() const {
    base::resolver::options of;
    of.servers = dns.address();
    return of;
  }
  /// The address that the session has reached, or what has failed.
  static std::string reached(const connect_settings& settings) {
    const auto session = providers::postgres::connection::open(settings, nullptr);
    if (!session) return session.error().message;
    const auto rows = (*session)->query("SELECT inet_server_addr()", 5s);
    return rows ? rows->at(0).at(0).value_or("a socket") : rows.error().message;
  }
  /// ADDRESS:PORT of each entry, once its names are looked up.
  std::vector<std::string> entries(const std::string& dsn) const {
    auto facts = providers::postgres::read_dsn(dsn, {});
    BOOST_REQUIRE(facts);
    const auto done = providers::postgres::resolve_hosts(*facts, asking(), nullptr);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
    std::vector<std::string> all;
    for (std::size_t n = 0; facts->resolved && n < facts->count(); ++n) {
      const auto one = facts->nth(n);
      all.push_back(one.name + ' ' + one.address + ':' + one.port);
    }
    return all;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(postgres_hosts, named_host)

BOOST_AUTO_TEST_CASE(a_name_is_looked_up_by_the_name_servers) {
  dns.set("db.test", {"127.0.0.1"});
  BOOST_TEST(reached(reached_by("db.test")) == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(each_address_of_a_name_is_tried) {
  dns.set("db.test", {"127.0.0.77", "127.0.0.1"});  // nobody listens on the first one
  BOOST_TEST(reached(reached_by("db.test")) == "127.0.0.1");
  dns.set("gone.test", {"127.0.0.77"});
  BOOST_TEST(reached(reached_by("gone.test,db.test")) == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(a_silent_name_server_keeps_nobody_from_stopping) {
  dns.be_silent(true);
  base::wakeup stop;
  std::thread stopping([&] {
    eventually([&] { return dns.asked("db.test") > 0; });
    stop.notify();
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto ended =
      providers::postgres::connect(reached_by("db.test", "connect_timeout=60"), &stop);
  const auto took = std::chrono::steady_clock::now() - begin;
  stopping.join();
  BOOST_REQUIRE(!ended);
  BOOST_TEST(ended.error().message == "stopped while connecting");
  BOOST_TEST((took < 2s));
}

BOOST_AUTO_TEST_CASE(a_silent_name_server_is_a_timeout) {
  dns.be_silent(true);
  const auto begin = std::chrono::steady_clock::now();
  const auto ended =
      providers::postgres::connect(reached_by("db.test", "connect_timeout=1"), nullptr);
  const auto took = std::chrono::steady_clock::now() - begin;
  BOOST_REQUIRE(!ended);
  BOOST_TEST((ended.error().kind == errc::timeout));
  BOOST_TEST(ended.error().message ==
             "no name server has told the address of the database's host within 1s");
  BOOST_TEST((took >= 1s && took < 3s));
  // Where another host needs no name server, it is reached.
  BOOST_TEST(reached(reached_by("db.test,127.0.0.1", "connect_timeout=1")) == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(what_is_no_name_or_is_not_known_is_left_to_libpq) {
  using list = std::vector<std::string>;
  dns.set("db.test", {"10.0.0.1", "2001:db8::1"});
  BOOST_TEST(entries("host=/run/postgresql dbname=app") == list());
  BOOST_TEST(entries("dbname=app") == list());
  BOOST_TEST(entries("host=10.0.0.1,2001:db8::2") == list());
  BOOST_TEST(entries("host=db.test hostaddr=10.0.0.9") == list());
  BOOST_TEST(entries("host=db.test service=main") == list());
  BOOST_TEST(dns.asked("db.test") == 0U);
  BOOST_TEST(entries("host=unknown.test port=1") == list{"unknown.test :"});
  BOOST_TEST((entries("host=db.test,unknown.test,/run/postgresql port=1,2,3") ==
              list{"db.test 10.0.0.1:1", "db.test 2001:db8::1:1", "unknown.test :2",
                   "/run/postgresql :3"}));
  BOOST_TEST(dns.asked("db.test") > 0U);
}

BOOST_AUTO_TEST_CASE(the_certificate_is_held_against_the_name) {
  postgres_server secured;
  const certificate_authority authority;
  const auto pair = authority.issue("db.test");
  const auto data = secured.folder() + "/data/";
  const auto put = [&](const std::string& text, const std::string& path) {
    secured.psql("postgres", "COPY (SELECT unnest(string_to_array(trim($pem$" + text +
                                 "$pem$, E'\\n'), E'\\n'))) TO '" + path + "'");
    std::filesystem::permissions(path, std::filesystem::perms::owner_read);
  };
  put(pair.certificate, data + "server.crt");
  put(pair.key, data + "server.key");
  secured.psql("postgres", "ALTER SYSTEM SET ssl = on");
  secured.psql("postgres", "SELECT pg_reload_conf()");
  dns.set("db.test", {"127.0.0.1"});
  dns.set("other.test", {"127.0.0.1"});
  const auto by = [&](const std::string& host) {
    return reached({"host=" + host + " port=" + std::to_string(secured.port()) +
                        " user=postgres dbname=postgres gssencmode=disable sslmode=verify-full "
                        "sslrootcert=" +
                        authority.file(),
                    std::nullopt, asking()});
  };
  BOOST_TEST(eventually([&] { return by("db.test") == "127.0.0.1"; }), by("db.test"));
  const auto refused = by("other.test");
  // What libpq's OpenSSL would ask for at a terminal, for as long as nobody answers.
  const temp_dir folder;
  write_text(folder / "client.crt", pair.certificate);
  write_text(folder / "client.key", encrypted_key(pair.key));
  std::filesystem::permissions(folder / "client.key", std::filesystem::perms::owner_read);
  const auto dsn =
      "host=127.0.0.1 port=" + std::to_string(secured.port()) +
      " user=postgres dbname=postgres sslmode=require sslcert=" + (folder / "client.crt") +
      " sslkey=" + (folder / "client.key");
  BOOST_TEST(holds_on_a_terminal([&] {
    return contains(reached({dsn, std::nullopt, asking()}), "client.key");
  }));
  BOOST_TEST(refused.find("does not match host name \"other.test\"") != std::string::npos, refused);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
