// Mode tcp: connections that outlive changes, TLS in front of them, and a PostgreSQL behind.

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <set>

#include "base/net.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_tcp)

namespace {

using std::chrono::seconds;

/// Greets every connection with its name and a newline, then sends back what comes; after "bye" it
/// closes.
class echo_upstream {
 public:
  explicit echo_upstream(std::string name)
      : greeting_(std::move(name) + "\n"),
        port_(free_port()),
        listener_(base::reserve({"127.0.0.1", port_}).value()) {
    BOOST_REQUIRE(::listen(listener_.get(), SOMAXCONN) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~echo_upstream() {
    stop_.notify();
    thread_.join();
  }

  std::uint16_t port() const { return port_; }

 private:
  void serve() {
    for (;;) {
      std::vector<pollfd> all{{stop_.fd(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      for (const auto& c : connections_) all.push_back({c.get(), POLLIN, 0});
      ::poll(all.data(), all.size(), -1);
      if (all[0].revents != 0) return;
      for (std::size_t i = 2; i < all.size(); ++i)
        if (all[i].revents != 0 && !echo(all[i].fd)) connections_[i - 2].reset();
      std::erase_if(connections_, [](const auto& c) { return !c; });
      if (all[1].revents == 0) continue;
      base::unique_fd fresh(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (fresh && send_all(fresh.get(), greeting_)) connections_.push_back(std::move(fresh));
    }
  }
  static bool send_all(int fd, std::string_view bytes) {
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  static bool echo(int fd) {
    std::array<char, 4096> buffer;
    const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
    const std::string_view text(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    return !text.empty() && send_all(fd, text) && !text.ends_with("bye\n");
  }

  std::string greeting_;
  std::uint16_t port_;
  base::unique_fd listener_;
  base::wakeup stop_;
  std::vector<base::unique_fd> connections_;
  std::thread thread_;
};

/// One connection through the frontend. Without one, every line is "".
class connection {
 public:
  explicit connection(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
      greeting_ = line();
  }

  /// Who answers; "" when nobody does.
  const std::string& greeting() const { return greeting_; }
  /// Whether bytes still pass both ways.
  bool alive() {
    const std::string text = "are you there\n";
    return ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0 && line() + "\n" == text;
  }

 private:
  std::string line() {
    const base::deadline until(seconds(5));
    std::string text;
    for (char c = 0;;) {
      const auto readable = base::wait_readable(fd_.get(), until);
      if (!readable || !*readable || ::recv(fd_.get(), &c, 1, 0) != 1) return "";
      if (c == '\n') return text;
      text += c;
    }
  }

  base::unique_fd fd_;
  std::string greeting_;
};

/// A session with the PostgreSQL behind a port, as any program of a user has it.
class database_session {
 public:
  explicit database_session(std::uint16_t port)
      : session_(PQconnectdb((database().tcp_dsn("postgres", port) + " connect_timeout=5").c_str()),
                 PQfinish) {}

  /// The first field of the answer, or the failure's words.
  std::string ask(const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> answer(PQexec(session_.get(), sql.c_str()),
                                                                PQclear);
    const auto state = PQresultStatus(answer.get());
    if (state == PGRES_COMMAND_OK) return "";
    return state == PGRES_TUPLES_OK ? PQgetvalue(answer.get(), 0, 0)
                                    : PQerrorMessage(session_.get());
  }

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> session_;
};

std::string tcp_frontend(std::string_view name, std::uint16_t port, std::string_view backend,
                         std::string_view tls = "") {
  return "  - {name: " + std::string(name) +
         ", mode: tcp, default_backend: " + std::string(backend) +
         ", binds: [{address: 127.0.0.1, port: " + std::to_string(port) + std::string(tls) +
         "}]}\n";
}

struct passing {
  echo_upstream a{"a"}, b{"b"};
  std::uint16_t port = free_port(), tls_port = free_port(), http_port = free_port();
  temp_dir certificates;
  schema db;
  site gateway;
  pid_t worker = 0;

  passing() : gateway(db.provider_yaml(), options()) {
    worker = gateway.worker_pid();
    add_backend("line");
    db.sql(insert_server("line", "a", a.port()));
    BOOST_REQUIRE_MESSAGE(reached({"a"}), gateway.log());
    // Nobody but HAProxy before 3.4 needs a reload for a backend of the usual kind.
    BOOST_TEST((worker == gateway.worker_pid()) == haproxy_adds_backends());
    worker = gateway.worker_pid();
  }

  site_options options() {
    run_program({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=line.example", "-keyout", certificates / "line.pem.key", "-out",
                 certificates / "line.pem"});
    site_options o;
    o.frontends = tcp_frontend("front", port, "line") +
                  tcp_frontend("front-tls", tls_port, "line",
                               ", certificates: " + certificates / "line.pem") +
                  tcp_frontend("misled", http_port, "web");
    o.more = "drain_timeout: 5s\n";
    return o;
  }

  void add_backend(const std::string& name) const {
    db.sql("INSERT INTO backends (name, mode) VALUES ('" + name + "', 'tcp')");
  }

  /// Waits until new connections are greeted by exactly these names, each at least once.
  bool reached(const std::set<std::string>& names) const {
    return eventually([&] {
      std::set<std::string> seen;
      for (int i = 0; i < 4; ++i) seen.insert(connection(port).greeting());
      return seen == names;
    });
  }

  std::string state_of(const std::string& name) const {
    const auto line = gateway.server("line", name);
    return line.substr(line.rfind(' ') + 1);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tcp, passing)

BOOST_AUTO_TEST_CASE(servers_take_turns_and_come_and_go_without_a_reload) {
  db.sql(insert_server("line", "b", b.port()));
  BOOST_TEST(reached({"a", "b"}), gateway.log());
  const auto first = connection(port).greeting();
  BOOST_TEST(connection(port).greeting() != first);
  BOOST_TEST(connection(port).greeting() == first);
  db.sql("DELETE FROM servers WHERE name = 'a'");
  BOOST_TEST(reached({"b"}), gateway.log());
  BOOST_TEST(gateway.server_becomes("line", "a", ""), gateway.log());
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(an_open_connection_survives_a_drain_and_the_server_comes_back) {
  connection open(port);
  BOOST_REQUIRE(open.greeting() == "a");
  db.sql(insert_server("line", "b", b.port()));
  BOOST_TEST(reached({"a", "b"}), gateway.log());
  db.sql("UPDATE servers SET state = 'drain' WHERE name = 'a'");
  BOOST_TEST(reached({"b"}), gateway.log());
  BOOST_TEST(open.alive());
  db.sql("UPDATE servers SET state = 'ready' WHERE name = 'a'");
  BOOST_TEST(reached({"a", "b"}), gateway.log());
  BOOST_TEST(open.alive());
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_server_that_leaves_goes_when_its_last_connection_has_closed) {
  {
    connection open(port);
    BOOST_REQUIRE(open.greeting() == "a");
    db.sql(insert_server("line", "b", b.port()) + "DELETE FROM servers WHERE name = 'a'");
    BOOST_TEST(reached({"b"}), gateway.log());
    BOOST_TEST(state_of("a") == "drain");
    BOOST_TEST(open.alive());
    // Past drain_timeout it waits in maintenance: nobody is cut off in the middle.
    BOOST_TEST(eventually([&] { return state_of("a") == "maint"; }), gateway.log());
    BOOST_TEST(open.alive());
    BOOST_TEST(!gateway.log_has("line/a drained and deleted"));
  }
  BOOST_TEST(gateway.server_becomes("line", "a", ""), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.log_has("line/a drained and deleted"); }));
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(an_open_connection_lives_over_reloads_and_new_ones_are_served_all_the_time) {
  connection open(port);
  BOOST_REQUIRE(open.greeting() == "a");
  for (const std::string name : {"own1", "own2", "own3"}) {
    db.sql("INSERT INTO backends (name, options) VALUES ('" + name +
           "', '{\"timeouts\": {\"server\": \"10" + name.back() + "s\"}}');" +
           insert_server(name, "b", b.port()));
    std::size_t unserved = 0;
    BOOST_TEST(eventually([&] {
                 if (connection(port).greeting() != "a") ++unserved;
                 return gateway.backend_exists(name);
               }),
               gateway.log());
    BOOST_TEST(unserved == 0U);
    const auto now = gateway.worker_pid();
    BOOST_TEST(now != worker);
    worker = now;
    BOOST_TEST(open.alive());
    BOOST_TEST(connection(port).alive());
  }
}

BOOST_AUTO_TEST_CASE(a_certificate_on_the_bind_ends_tls_there) {
  write_text(certificates / "said", "bye\n");
  const auto said = run_program(
      {"sh", "-c",
       "exec timeout 10 openssl s_client -quiet -verify_return_error -CAfile \"$1\" "
       "-connect 127.0.0.1:\"$2\" < \"$3\" 2>&1",
       "sh", certificates / "line.pem", std::to_string(tls_port), certificates / "said"});
  BOOST_TEST(said.find("verify return:1") != std::string::npos, said);
  BOOST_TEST(said.ends_with("a\nbye\n"), said);
}

BOOST_AUTO_TEST_CASE(a_backend_of_mode_http_is_not_led_to_and_the_log_says_so) {
  BOOST_TEST(!gateway.log_has("frontend misled"));
  db.sql("INSERT INTO backends (name, balance) VALUES ('web', 'leastconn');" +
         insert_server("web", "b", b.port()));
  BOOST_TEST(eventually([&] {
               return gateway.log_has(
                   "frontend misled is of mode tcp and does not lead to its "
                   "default_backend web, which is of mode http");
             }),
             gateway.log());
  BOOST_TEST(eventually([&] { return gateway.backend_exists("web"); }), gateway.log());
  BOOST_TEST(connection(http_port).greeting() == "");
  BOOST_TEST(reached({"a"}));
  db.sql("UPDATE backends SET mode = 'tcp' WHERE name = 'web'");
  BOOST_TEST(eventually([&] { return connection(http_port).greeting() == "b"; }), gateway.log());
}

BOOST_AUTO_TEST_CASE(a_database_is_served_behind_a_frontend_while_its_servers_change) {
  db.sql("DELETE FROM servers; " + insert_server("line", "primary", database().port()));
  BOOST_REQUIRE(eventually([&] { return database_session(port).ask("SELECT 1") == "1"; }));
  database_session open(port);
  BOOST_TEST(open.ask("CREATE TEMPORARY TABLE kept AS SELECT 42 AS n") == "");
  db.sql(insert_server("line", "second", database().port()) +
         "UPDATE servers SET state = 'drain' WHERE name = 'primary'");
  const auto place = "127.0.0.1:" + std::to_string(database().port());
  BOOST_TEST(gateway.server_becomes("line", "primary", place + " 100 drain"), gateway.log());
  BOOST_TEST(database_session(port).ask("SELECT current_database()") == "postgres");
  BOOST_TEST(open.ask("SELECT n FROM kept") == "42");
  db.sql("DELETE FROM servers WHERE name = 'primary'");
  BOOST_TEST(eventually([&] { return state_of("primary") == "maint"; }), gateway.log());
  BOOST_TEST(open.ask("SELECT n FROM kept") == "42");
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
