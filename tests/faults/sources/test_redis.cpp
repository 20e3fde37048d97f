// The conversation with Redis breaks, at every place; and what a client without the providers'
// defences makes of it.

#include <boost/test/unit_test.hpp>

#include "tests/faults/sources/bare_client.hpp"
#include "tests/faults/sources/shared_faults.hpp"
#include "tests/providers/redis/fixture.hpp"

namespace switchyard::tests {

namespace {

using fault = tcp_proxy::fault;
using speaker = tcp_proxy::speaker;

struct source : served {
  static constexpr const char* provider_name = "registry";

  keyspace db;

  source() {
    std::string lines;
    for (int i = 1; i <= servers; ++i)
      lines += "HSET switchyard:server:api:srv" + std::to_string(i) + " address 10.0.0.1 port 1\n";
    db.pipe(lines + "SET switchyard:route:api.example.com/ api\n");
  }

  std::uint16_t port() const { return db.server.port(); }
  config::redis_settings settings_of(std::uint16_t through) const {
    auto result = db.settings();
    result.url = "redis://127.0.0.1:" + std::to_string(through);
    result.heartbeat = heartbeat;
    result.timeout = patience;
    return result;
  }
  providers::redis::redis_provider reader(std::uint16_t through) const {
    return {provider_name, settings_of(through)};
  }
  void change(int value) const { db.set_server("api", "srv1", "10.0.0.1", std::to_string(value)); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redis_faults, source)

BOOST_AUTO_TEST_CASE(a_cut_anywhere_in_what_redis_says_loses_nothing) {
  BOOST_TEST(survives_cuts<followed>(*this, speaker::server, 3) > 150U);
}

BOOST_AUTO_TEST_CASE(a_cut_anywhere_in_what_is_said_to_redis_loses_nothing) {
  BOOST_TEST(survives_cuts<followed>(*this, speaker::client, 7) > 100U);
}

BOOST_AUTO_TEST_CASE(it_subscribes_before_it_reads_at_the_start_and_after_a_cut) {
  tcp_proxy proxy(port());
  const followed provider(settings_of(proxy.port()));
  std::size_t from = 0;
  for (int value = 1; value <= 2; ++value) {
    BOOST_REQUIRE(eventually([&] { return shows(provider, value); }));
    BOOST_REQUIRE(provider.wait_live());
    const auto said = proxy.heard().substr(from);
    const auto subscribed = said.find("SUBSCRIBE");
    const auto read = said.find("\r\nSCAN\r\n");
    BOOST_TEST(subscribed != std::string::npos, said);
    BOOST_TEST(read != std::string::npos, said);
    BOOST_TEST(subscribed < read, said);
    from = proxy.heard().size();
    proxy.break_all(fault::cut);
    change(value + 1);
  }
}

BOOST_AUTO_TEST_CASE(a_conversation_that_stalls_at_any_stage_is_given_up_and_begun_again) {
  survives_stalls<followed>(*this, 300ms);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_at_any_byte_is_an_error) {
  takes_no_part_of_an_answer(*this);
}

BOOST_AUTO_TEST_CASE(control_without_a_look_at_its_end_an_answer_is_cut_in_half) {
  tcp_proxy proxy(port());
  const auto taken = [&](std::size_t bytes) {
    proxy.break_after(speaker::server, bytes, fault::cut);
    bare_client client(proxy.port());
    client.say("KEYS switchyard:server:*\r\n");
    const auto answer = client.hear();
    std::size_t keys = 0;
    for (std::size_t at = 0; (at = answer.find("\r\nswitchyard:", at)) != std::string::npos; ++at)
      ++keys;
    return keys;
  };
  const auto half = taken(150);
  BOOST_TEST(half > 0U);
  BOOST_TEST(half < static_cast<std::size_t>(servers));
}

BOOST_AUTO_TEST_CASE(control_without_a_full_read_what_changes_meanwhile_is_never_told) {
  db.cli({"CONFIG", "SET", "notify-keyspace-events", "KA"});
  tcp_proxy proxy(port());
  const auto subscribed = [&] {
    bare_client client(proxy.port());
    client.say("PSUBSCRIBE __keyspace@0__:switchyard:*\r\n");
    client.hear("psubscribe");
    return client;
  };
  auto first = subscribed();
  proxy.break_all(fault::cut);
  first.hear();
  change(2);
  auto second = subscribed();
  db.set_server("api", "later");
  BOOST_TEST(!contains(second.hear("server:api:later"), "server:api:srv1"));
}

BOOST_AUTO_TEST_CASE(a_half_open_connection_is_given_up_by_the_heartbeat) {
  gives_up_half_open_connections<followed>(*this);
}

BOOST_AUTO_TEST_CASE(garbage_on_the_wire_loses_nothing) {
  takes_no_garbage<followed>(*this);
}

BOOST_AUTO_TEST_CASE(answers_that_drip_meet_the_deadline_and_nothing_is_lost) {
  gives_up_answers_that_drip<followed>(*this, 5ms);
}

BOOST_AUTO_TEST_SUITE_END()

// -- passwords --

BOOST_AUTO_TEST_SUITE(redis_secrets)

BOOST_AUTO_TEST_CASE(a_password_that_is_rotated_in_its_file_is_used_from_the_next_connection_on) {
  redis_server server("requirepass first-one\n");
  const auto cli = [&](const std::string& password, std::vector<std::string> words) {
    words.insert(words.begin(), {"--no-auth-warning", "-a", password});
    return server.cli(words);
  };
  cli("first-one", {"HSET", "switchyard:server:api:srv1", "address", "10.0.0.1", "port", "1"});
  config::redis_settings settings;
  settings.url = server.url();
  const password_holders<followed, config::redis_settings> holders(settings, "first-one");
  const auto& provider = holders.provider();
  const auto& control = holders.control();

  cli("first-one", {"CONFIG", "SET", "requirepass", "second-one"});
  holders.rotate("second-one");
  cli("second-one", {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  cli("second-one", {"CLIENT", "KILL", "TYPE", "pubsub"});
  cli("second-one", {"HSET", "switchyard:server:api:srv1", "port", "2"});
  BOOST_TEST(eventually([&] { return source::shows(provider, 2); }));
  BOOST_TEST(provider.wait_live());
  // The control, whose file nobody wrote: it stays outside, with what it had.
  BOOST_TEST(control.wait_reason("WRONGPASS"));
  BOOST_TEST(source::shows(control, 1));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
