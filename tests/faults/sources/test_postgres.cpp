// The conversation with PostgreSQL breaks, at every place; and what a client without the providers'
// defences makes of it.

#include <boost/test/unit_test.hpp>

#include "providers/postgres/connection.hpp"
#include "providers/postgres/session.hpp"
#include "tests/faults/sources/bare_client.hpp"
#include "tests/faults/sources/shared_faults.hpp"
#include "tests/providers/postgres/fixture.hpp"

namespace switchyard::tests {

namespace {

using fault = tcp_proxy::fault;
using speaker = tcp_proxy::speaker;

struct source : served {
  static constexpr const char* provider_name = "main-db";

  database db;

  source() {
    db.make_tables();
    std::string script = "INSERT INTO routes (host, backend) VALUES ('api.example.com', 'api');";
    for (int i = 1; i <= servers; ++i)
      script += insert_server("api", "srv" + std::to_string(i), "10.0.0.1");
    db.psql(script);
    change(1);
  }

  std::uint16_t port() const { return db.server.port(); }
  config::postgres_settings settings_of(std::uint16_t through) const {
    auto result = db.settings();
    result.dsn = db.server.tcp_dsn(db.name, through) + " connect_timeout=1";
    result.heartbeat = heartbeat;
    result.query_timeout = patience;
    // Where the proof of notifications stalls, reading tells what changed.
    result.interval = 500ms;
    return result;
  }
  providers::postgres::postgres_provider reader(std::uint16_t through) const {
    return {provider_name, settings_of(through)};
  }
  void change(int value) const {
    db.psql("UPDATE servers SET port = " + std::to_string(value) + " WHERE name = 'srv1'");
  }
};

/// A message of the protocol (manual, "Message Formats"); the first one has no letter.
std::string message(const std::string& letter, const std::string& content) {
  const auto length = content.size() + 4;
  std::string text = letter;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    text += static_cast<char>(static_cast<unsigned char>(length >> shift));
  return text + content;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(postgres_faults, source)

BOOST_AUTO_TEST_CASE(a_cut_anywhere_in_what_postgres_says_loses_nothing) {
  BOOST_TEST(survives_cuts<followed>(*this, speaker::server, 17) > 100U);
}

BOOST_AUTO_TEST_CASE(a_cut_anywhere_in_what_is_said_to_postgres_loses_nothing) {
  BOOST_TEST(survives_cuts<followed>(*this, speaker::client, 17) > 60U);
}

BOOST_AUTO_TEST_CASE(a_conversation_that_stalls_at_any_stage_is_given_up_and_begun_again) {
  survives_stalls<followed>(*this, 500ms);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_at_any_byte_is_an_error) {
  takes_no_part_of_an_answer(*this);
}

BOOST_AUTO_TEST_CASE(control_without_a_look_at_its_end_an_answer_is_cut_in_half) {
  tcp_proxy proxy(port());
  // From the last byte on: where the rows stand among all that is said depends on the version.
  const auto zero = std::string(1, '\0');
  const auto hello = message("", std::string("\0\3\0\0", 4) + "user" + zero + "postgres" + zero +
                                     "database" + zero + db.name + zero + zero);
  const auto question =
      message("Q", "SELECT 'row:' || name FROM servers" + zero) + message("X", "");
  const auto taken = [&](std::size_t bytes) {
    proxy.break_after(speaker::server, bytes, fault::cut);
    bare_client client(proxy.port());
    client.say(hello);
    client.say(question);
    const auto answer = client.hear();
    std::size_t rows = 0;
    for (std::size_t at = 0; (at = answer.find("row:", at)) != std::string::npos; ++at) ++rows;
    return rows;
  };
  BOOST_REQUIRE_EQUAL(taken(1U << 20U), static_cast<std::size_t>(servers));
  const auto half = taken(proxy.said(speaker::server) - 100);
  BOOST_TEST(half > 0U);
  BOOST_TEST(half < static_cast<std::size_t>(servers));
}

BOOST_AUTO_TEST_CASE(control_without_a_full_read_what_changes_meanwhile_is_never_told) {
  const auto listening = [&] {
    auto session = providers::postgres::open_session(db.settings(), nullptr);
    BOOST_REQUIRE(session);
    BOOST_REQUIRE((*session)->listen("switchyard", 5s));
    return std::move(*session);
  };
  const auto first = listening();
  BOOST_TEST(db.server.terminate_sessions(db.name) == 1U);
  change(2);
  const auto second = listening();
  db.psql(insert_server("later", "srv1"));
  std::string told;
  BOOST_TEST(eventually([&] {
    const auto payloads = second->notifications();
    for (const auto& payload : *payloads) told += payload + "\n";
    return contains(told, "later");
  }));
  BOOST_TEST(!contains(told, "api"), told);
}

BOOST_AUTO_TEST_CASE(a_half_open_connection_is_given_up_by_the_heartbeat) {
  gives_up_half_open_connections<followed>(*this);
}

BOOST_AUTO_TEST_CASE(garbage_on_the_wire_loses_nothing) {
  takes_no_garbage<followed>(*this);
}

BOOST_AUTO_TEST_CASE(answers_that_drip_meet_the_deadline_and_nothing_is_lost) {
  gives_up_answers_that_drip<followed>(*this, 10ms);
}

BOOST_AUTO_TEST_SUITE_END()

// -- passwords --

BOOST_AUTO_TEST_SUITE(postgres_secrets)

BOOST_AUTO_TEST_CASE(a_password_that_is_rotated_in_its_file_is_used_from_the_next_connection_on) {
  postgres_server server;
  const database db{server};
  db.make_tables();
  db.psql("CREATE ROLE reading LOGIN PASSWORD 'first-one'; GRANT switchyard TO reading;" +
          insert_server("api", "srv1"));
  write_text(server.folder() + "/data/pg_hba.conf",
             "local all postgres trust\nlocal all all scram-sha-256\n");
  db.psql("SELECT pg_reload_conf()");
  auto settings = db.settings();
  settings.dsn = server.dsn(db.name, "reading");
  const password_holders<followed, config::postgres_settings> holders(settings, "first-one");
  const auto& provider = holders.provider();
  const auto& control = holders.control();

  db.psql("ALTER ROLE reading PASSWORD 'second-one'");
  holders.rotate("second-one");
  BOOST_TEST(server.terminate_sessions(db.name) == 2U);
  db.psql(insert_server("api", "srv2"));
  BOOST_TEST(provider.wait_server("api", "srv2"));
  BOOST_TEST(provider.wait_live());
  // The control, whose file nobody wrote: it stays outside, with what it had.
  BOOST_TEST(control.wait_reason("password authentication failed"));
  BOOST_TEST(control.has("api", "srv1"));
  BOOST_TEST(!control.has("api", "srv2"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
