// Sentinels that tell of different masters, or have been set up anew.

#include <boost/test/unit_test.hpp>

#include "providers/redis/sentinels.hpp"
#include "tests/providers/redis/sentinel_group.hpp"

namespace switchyard::tests {

namespace {

using providers::redis::chosen;
using providers::redis::master_view;

const master_view old_master{{.host = "10.0.0.1"}, 5};
const master_view new_master{{.host = "10.0.0.2"}, 6};

master_view at_epoch(master_view view, std::int64_t epoch) {
  view.epoch = epoch;
  return view;
}

/// Makes a sentinel forget the master and watch this one, counting from 0.
void set_up_anew(const sentinel& one, const redis_server& master) {
  one.cli({"SENTINEL", "REMOVE", "mymaster"});
  one.cli({"SENTINEL", "MONITOR", "mymaster", "127.0.0.1", std::to_string(master.port()), "2"});
}

/// Sentinels that have seen five failovers, and a provider that follows what they say.
struct seasoned {
  group all{"", "", "sentinel config-epoch mymaster 5\n"};
  std::optional<followed> provider;

  seasoned() {
    group::enter(all.one, "srv1");
    provider.emplace(all.settings());
    BOOST_REQUIRE(provider->wait_server("api", "srv1"));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_sentinel_epochs)

BOOST_AUTO_TEST_CASE(the_latest_failover_counts_then_what_most_say) {
  BOOST_TEST(!chosen({}, 3, -1));
  BOOST_TEST((chosen({old_master, new_master, old_master}, 3, 5) == new_master));
  BOOST_TEST((chosen({old_master}, 3, 5) == old_master));
  BOOST_TEST(!chosen({old_master}, 3, 6), "one that was cut off");
  const auto torn = at_epoch(old_master, 6);
  BOOST_TEST((chosen({torn, new_master, new_master}, 3, 6) == new_master));
  BOOST_TEST((chosen({torn, new_master}, 3, 6) == torn), "the first in the settings");
}

BOOST_AUTO_TEST_CASE(earlier_failovers_count_where_most_agree) {
  const auto fresh = at_epoch(new_master, 0);
  BOOST_TEST((chosen({fresh, fresh}, 3, 5) == fresh));
  BOOST_TEST((chosen({at_epoch(new_master, 1), fresh}, 3, 5) == at_epoch(new_master, 1)));
  BOOST_TEST(!chosen({fresh}, 3, 5));
  BOOST_TEST(!chosen({fresh, fresh}, 4, 5));
  BOOST_TEST(!chosen({fresh, at_epoch(old_master, 0)}, 3, 5));
  BOOST_TEST(!chosen({fresh, fresh, at_epoch(old_master, 3)}, 3, 5),
             "else it would be the other one's turn next");
}

// The leader of a failover names the old master in SENTINEL MASTER until all replicas follow the
// new one, with the new epoch already. Meanwhile nobody tells the old master, which is cut off.
BOOST_AUTO_TEST_CASE(a_failover_that_takes_long_is_followed_away_from_a_master_that_was_cut_off) {
  const std::string users = "user switchyard on >open-sesame ~* &* +@all\n";
  // Nobody can replicate from the new master, so that the failover goes on and on.
  const group all(users, users + "rename-command PSYNC \"\"\nrename-command SYNC \"\"\n",
                  "sentinel failover-timeout mymaster 600000\n");
  const redis_server three("replicaof 127.0.0.1 " + std::to_string(all.one.port()) +
                           "\nreplica-priority 0\n");
  const auto& leader = *all.watching[0];
  BOOST_REQUIRE(eventually(
      [&] {
        return contains(leader.cli({"SENTINEL", "REPLICAS", "mymaster"}), "slave-priority\n0\n");
      },
      30s));
  group::enter(all.one, "srv1");
  auto settings = all.settings();
  settings.url = "redis://switchyard:open-sesame@/0";
  settings.sentinels.pop_back();  // as many say this as that
  const followed provider(settings);
  BOOST_REQUIRE(provider.wait_server("api", "srv1"));
  BOOST_REQUIRE(eventually(
      [&] {
        return contains(leader.cli({"SENTINEL", "FAILOVER", "mymaster"}), "OK");
      },
      30s));
  all.one.pipe("ACL SETUSER default off\nCLIENT KILL USER default SKIPME no\n");
  BOOST_REQUIRE(eventually([&] { return has_role(all.two, "master"); }, 40s));
  group::enter(all.two, "srv2");
  BOOST_TEST(eventually([&] { return provider.has("api", "srv2"); }, 20s));
  const auto told = leader.cli({"SENTINEL", "MASTER", "mymaster"});
  BOOST_TEST(contains(told, "port\n" + std::to_string(all.one.port()) + "\n"), told);
  BOOST_TEST(contains(told, "config-epoch\n1\n"), told);
}

BOOST_FIXTURE_TEST_CASE(sentinels_that_were_set_up_anew_are_believed_again, seasoned) {
  for (const auto& one : all.watching) one->cli({"SENTINEL", "REMOVE", "mymaster"});
  for (const auto& one : all.watching) set_up_anew(*one, all.one);
  all.one.kill_clients();
  group::enter(all.one, "srv2");
  BOOST_TEST(eventually([&] { return provider->has("api", "srv2"); }, 20s),
             provider->health().reason);
}

// Nothing but what the sentinels say tells that it is not the master any more.
BOOST_FIXTURE_TEST_CASE(a_master_is_left_when_most_sentinels_were_set_up_anew_for_another,
                        seasoned) {
  all.two.cli({"REPLICAOF", "NO", "ONE"});
  group::enter(all.two, "srv2");
  ::kill(all.watching[2]->pid(), SIGKILL);
  for (const std::size_t i : {0U, 1U}) all.watching[i]->cli({"SENTINEL", "REMOVE", "mymaster"});
  for (const std::size_t i : {0U, 1U}) set_up_anew(*all.watching[i], all.two);
  BOOST_TEST(eventually([&] { return provider->has("api", "srv2"); }, 20s),
             provider->health().reason);
}

BOOST_FIXTURE_TEST_CASE(one_sentinel_alone_that_knows_an_earlier_master_is_not_believed, seasoned) {
  all.two.cli({"REPLICAOF", "NO", "ONE"});
  group::enter(all.two, "srv2");
  for (const std::size_t i : {0U, 1U}) ::kill(all.watching[i]->pid(), SIGKILL);
  set_up_anew(*all.watching[2], all.two);
  all.one.kill_clients();
  BOOST_TEST(provider->wait_reason("the sentinels that answer know of an earlier master only"));
  BOOST_TEST(!provider->has("api", "srv2"));
  BOOST_TEST(provider->has("api", "srv1"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
