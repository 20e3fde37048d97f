// A master, a replica and three sentinels: who is followed after a failover.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <thread>

#include "providers/redis/sentinels.hpp"
#include "providers/registry.hpp"
#include "tests/providers/redis/sentinel_group.hpp"

namespace switchyard::tests {

namespace {

/// Every report, folded, left that server.
void never_lost(const followed& provider, const std::string& server) {
  model::desired_state state({"registry"});
  for (const auto& report : provider.reports()) {
    state.fold("registry", report);
    const auto api = state.find("api");
    BOOST_TEST((api && api->find(server) != nullptr));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_sentinels)

BOOST_AUTO_TEST_CASE(what_a_sentinel_says_is_read_or_refused) {
  using providers::redis::read_master;
  using providers::redis::reply;
  using enum reply::type;
  const auto said = [](std::vector<std::string> words) {
    reply result{list};
    for (auto& word : words) result.list.push_back({text, std::move(word)});
    return result;
  };
  const auto master =
      said({"name", "m", "ip", "10.0.0.2", "port", "6381", "config-epoch", "7", "quorum", "2"});
  const auto view = read_master(master, said({"10.0.0.1", "6380"}));
  BOOST_REQUIRE(view);
  BOOST_TEST(view->at.host == "10.0.0.1");
  BOOST_TEST(view->at.port == 6380);
  BOOST_TEST(view->epoch == 7);
  BOOST_CHECK(read_master({error, "ERR No such master with that name"}, {}).error().kind ==
              base::errc::refused);
  BOOST_CHECK(read_master(master, {error, "NOPERM"}).error().kind == base::errc::refused);
  BOOST_TEST(!read_master(master, said({"10.0.0.1", "70000"})));
  BOOST_TEST(!read_master(master, said({"", "1"})));
  BOOST_TEST(!read_master(master, {}));
  BOOST_TEST(!read_master(said({"config-epoch"}), said({"10.0.0.1", "6380"})));
  BOOST_TEST(!read_master({}, said({"10.0.0.1", "6380"})));
}

BOOST_AUTO_TEST_CASE(the_master_is_followed_over_a_failover_under_writes) {
  const group all;
  group::enter(all.one, "srv1");
  const followed provider(all.settings());
  const followed control(all.settings_of_one());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  BOOST_REQUIRE(control.wait_server("api", "srv1"));
  // Writers that go on throughout; some writes fail, as they do for everybody.
  std::atomic<int> taken_by_two = 0;
  std::jthread writer([&](const std::stop_token& done) {
    for (int i = 0; !done.stop_requested(); ++i) {
      try {
        if (i % 2 == 0)
          group::enter(all.one, "w" + std::to_string(i % 5));
        else if (all.two
                     .cli({"HSET", "switchyard:server:api:late", "address", "10.0.0.1", "port",
                           std::to_string(1 + i % 60'000)})
                     .find("READONLY") == std::string::npos)
          taken_by_two = 1 + i % 60'000;
      } catch (const std::runtime_error&) {
        continue;  // the one that is gone
      }
    }
  });
  // Before the failover what is written is followed.
  for (int i = 0; i < 5; ++i) BOOST_TEST(provider.wait_server("api", "w" + std::to_string(i)));
  ::kill(all.one.pid(), SIGKILL);
  BOOST_REQUIRE(eventually([&] { return has_role(all.two, "master"); }, 40s));
  BOOST_REQUIRE(eventually([&] { return taken_by_two > 0; }, 20s));
  writer.request_stop();
  writer.join();
  // And after it the last that the new master has taken.
  BOOST_TEST(eventually(
      [&] {
        const auto late =
            provider.has("api", "late") ? provider.backend("api")->find("late") : nullptr;
        return late != nullptr && late->port == taken_by_two;
      },
      20s));
  never_lost(provider, "srv1");
  group::enter(all.two, "srv2");
  BOOST_TEST(eventually([&] { return provider.has("api", "srv2"); }, 20s));
  BOOST_TEST(provider.has("api", "srv1"));
  BOOST_TEST(provider.wait_live());
  // The control, without sentinels: it waits for the one that is gone.
  BOOST_TEST(control.wait_health(level::degraded));
  BOOST_TEST(!control.has("api", "srv2"));
}

// The old master is not killed but stopped: it wakes up as a master, and must not be believed.
BOOST_AUTO_TEST_CASE(a_master_that_was_replaced_while_it_hung_is_left) {
  const group all;
  group::enter(all.one, "srv1");
  const followed provider(all.settings());
  const followed control(all.settings_of_one());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  BOOST_REQUIRE(control.wait_server("api", "srv1"));
  ::kill(all.one.pid(), SIGSTOP);
  BOOST_REQUIRE(eventually([&] { return has_role(all.two, "master"); }, 40s));
  group::enter(all.two, "srv2");
  BOOST_TEST(eventually([&] { return provider.has("api", "srv2"); }, 20s));
  BOOST_TEST(!control.has("api", "srv2"));  // without sentinels
  ::kill(all.one.pid(), SIGCONT);
  BOOST_REQUIRE(eventually([&] { return has_role(all.one, "slave"); }, 40s));
  group::enter(all.two, "srv3");
  BOOST_TEST(provider.wait_server("api", "srv3"));
}

// An ordered failover: the old master answers all the time.
BOOST_AUTO_TEST_CASE(an_ordered_failover_is_followed) {
  const group all;
  group::enter(all.one, "srv1");
  const followed provider(all.settings());
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  // A sentinel may take a replica for down that had no processor for a second.
  BOOST_REQUIRE(eventually(
      [&] {
        return contains(all.watching[0]->cli({"SENTINEL", "FAILOVER", "mymaster"}), "OK");
      },
      30s));
  BOOST_REQUIRE(eventually([&] { return has_role(all.two, "master"); }, 40s));
  group::enter(all.two, "srv2");
  BOOST_TEST(eventually([&] { return provider.has("api", "srv2"); }, 20s));
}

BOOST_AUTO_TEST_CASE(sentinels_that_know_nothing_or_are_not_there_are_told_of) {
  redis_server server;
  const sentinel alone(server.port());
  config::redis_settings settings;
  settings.url = "redis:///0";
  settings.master = "another";
  settings.sentinels = {"127.0.0.1:1", alone.address()};
  {
    const followed provider(settings);
    BOOST_TEST(provider.wait_reason("no sentinel names the master another ("));
    BOOST_TEST(eventually(
        [&] { return contains(provider.health().reason, "No such master with that name"); }));
  }
  settings.master = "mymaster";
  const followed provider(settings);  // one that answers suffices
  BOOST_TEST(provider.wait_live());
}

namespace {

/// A master behind one sentinel that asks for a password.
struct guarded_master {
  redis_server server;
  sentinel guarded;
  temp_dir folder;
  std::string password_file = folder / "password";

  explicit guarded_master(const std::string& rules) : guarded(server.port(), rules) {
    write_text(password_file, "open-sesame\n");
  }
  config::redis_settings settings() const {
    config::redis_settings s;
    s.url = "redis:///0";
    s.master = "mymaster";
    s.sentinels = {guarded.address()};
    return s;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(sentinels_with_a_password) {
  const guarded_master master("requirepass open-sesame\n");
  auto settings = master.settings();
  const followed without(settings);
  BOOST_TEST(without.wait_reason("NOAUTH"));
  settings.sentinel_password_file = master.password_file;
  const followed provider(settings);
  BOOST_TEST(provider.wait_live());
}

BOOST_AUTO_TEST_CASE(sentinels_with_a_user) {
  const guarded_master master("user default off\nuser asking on >open-sesame &* +@all\n");
  auto settings = master.settings();
  settings.sentinel_password_file = master.password_file;
  const followed nobody(settings);
  BOOST_TEST(nobody.wait_reason("did not take the user or the password"));
  settings.sentinel_username = "asking";
  const followed provider(settings);
  BOOST_TEST(provider.wait_live());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
