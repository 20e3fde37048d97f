// The script of docs/providers/redis.md, as a service's start script would use it.

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "tests/providers/redis/fixture.hpp"

namespace switchyard::tests {

namespace {

/// The page's block that begins as a script.
std::string script_of_the_page() {
  const auto page = read_text(SWITCHYARD_SOURCE_DIR "/docs/providers/redis.md");
  const std::string begin = "```sh\n#!/bin/sh";
  const auto from = page.find(begin);
  BOOST_REQUIRE(from != std::string::npos);
  const auto to = page.find("```\n", from + begin.size());
  return page.substr(from + 6, to - from - 6);
}

struct registered {
  keyspace db;
  temp_dir folder;
  followed provider{db.settings()};

  registered() {
    write_text(folder / "register.sh", script_of_the_page());
    BOOST_REQUIRE(provider.wait_live());
  }
  std::unique_ptr<background_process> start() const {
    return std::make_unique<background_process>(
        std::vector<std::string>{"sh", folder / "register.sh", "sleep", "1000"}, folder / "log",
        std::map<std::string, std::string>{{"BACKEND", "api"},
                                           {"ADDRESS", "127.0.0.1"},
                                           {"PORT", "8080"},
                                           {"TTL", "3"},
                                           {"REDIS_URL", db.server.url()}});
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redis_registration, registered)

BOOST_AUTO_TEST_CASE(a_service_is_there_while_it_runs_and_leaves_in_order) {
  const auto service = start();
  BOOST_REQUIRE(provider.wait_server("api", "127.0.0.1:8080"));
  const base::deadline longer_than_its_time(4s);
  BOOST_REQUIRE(eventually([&] { return longer_than_its_time.passed(); }));
  BOOST_TEST(provider.has("api", "127.0.0.1:8080"));
  service->signal(SIGTERM);
  BOOST_TEST(eventually([&] { return !provider.has("api", "127.0.0.1:8080"); }, 2s));
}

// All of it at once, as with its machine: nobody takes it out then but its time.
BOOST_AUTO_TEST_CASE(a_service_that_is_killed_with_its_script_is_gone_when_its_time_is_up) {
  const auto service = start();
  BOOST_REQUIRE(provider.wait_server("api", "127.0.0.1:8080"));
  ::kill(-service->pid(), SIGKILL);
  const auto start = std::chrono::steady_clock::now();
  BOOST_TEST(eventually([&] { return !provider.has("api", "127.0.0.1:8080"); }));
  // Its TTL and a second, and another one where the machine is busy.
  BOOST_TEST((std::chrono::steady_clock::now() - start < 5s));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
