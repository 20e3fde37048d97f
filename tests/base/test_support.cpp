// The helpers of tests/support, since every other test trusts them.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <set>

#include "tests/support/support.hpp"

namespace switchyard::tests {

namespace {

using namespace std::chrono_literals;

}  // namespace

BOOST_AUTO_TEST_SUITE(support)

BOOST_AUTO_TEST_CASE(free_ports_are_never_given_twice_and_lie_below_the_ephemeral_range) {
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 250; ++i) {
    const auto port = free_port();
    BOOST_TEST(ports.insert(port).second);
    BOOST_TEST(port >= 10'000);
    BOOST_TEST(port < 32'768);
  }
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_not_given) {
  const auto next = static_cast<std::uint16_t>(free_port() + 1);
  const http_upstream user("user", next);
  BOOST_TEST(free_port() != next);
}

BOOST_AUTO_TEST_CASE(an_upstream_answers_with_its_name_on_fresh_and_kept_connections) {
  http_upstream upstream("blue");
  BOOST_TEST(http_get(upstream.port()).status == 200);
  BOOST_TEST(http_get(upstream.port()).body == "blue");
  const auto both = run_program({"curl", "-s", "-w", " %{num_connects}\n",
                                 "http://127.0.0.1:" + std::to_string(upstream.port()) + "/[1-2]"});
  BOOST_TEST(both == "blue 1\nblue 0\n");
  BOOST_TEST(upstream.requests() == 4U);
}

BOOST_AUTO_TEST_CASE(a_delayed_upstream_answers_others_meanwhile) {
  http_upstream upstream("slow");
  upstream.set_delay(400ms);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> clients;
  clients.reserve(8);
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] { good += http_get(upstream.port()).body == "slow" ? 1 : 0; });
  for (auto& client : clients) client.join();
  const auto took = std::chrono::steady_clock::now() - begin;
  BOOST_TEST(good == 8);
  BOOST_TEST((took >= 400ms));
  BOOST_TEST((took < 2s));
}

BOOST_AUTO_TEST_CASE(no_answer_is_status_zero) {
  BOOST_TEST(http_get(free_port()).status == 0);
  http_upstream slow("slow");
  slow.set_delay(10s);
  BOOST_TEST(http_get(slow.port(), "/", "test", 50ms).status == 0);
}

BOOST_AUTO_TEST_CASE(a_sample_counts_bodies) {
  http_upstream upstream("green");
  BOOST_TEST((sample(upstream.port(), 20) == std::map<std::string, int>{{"green", 20}}));
  BOOST_TEST((sample(free_port(), 3) == std::map<std::string, int>{{"!0", 3}}));
}

BOOST_AUTO_TEST_CASE(continuous_load_counts_answers_and_sees_a_failure) {
  auto upstream = std::make_unique<http_upstream>("one");
  continuous_load load(upstream->port(), 2);
  BOOST_REQUIRE(eventually([&] { return load.answered() > 200; }));
  upstream.reset();
  BOOST_REQUIRE(eventually([&] { return load.failed() > 0; }));
  const auto totals = load.stop();
  BOOST_TEST(totals.answered > 200U);
  BOOST_TEST(totals.failed > 0U);
  BOOST_TEST(!totals.first_failure.empty());
}

BOOST_AUTO_TEST_CASE(a_background_process_ends_with_its_object) {
  const temp_dir folder;
  pid_t pid = 0;
  {
    background_process process({"sh", "-c", "echo $WORD; exec sleep 600"}, folder / "log",
                               {{"WORD", "hello"}});
    pid = process.pid();
    BOOST_TEST(process.running());
    BOOST_TEST(eventually([&] { return read_text(folder / "log") == "hello\n"; }));
  }
  BOOST_TEST(::kill(pid, 0) == -1);
}

BOOST_AUTO_TEST_CASE(a_background_process_tells_its_exit_code) {
  const temp_dir folder;
  background_process process({"sh", "-c", "exit 4"}, folder / "log");
  BOOST_TEST(process.wait(10s).value_or(-1) == 4);
  BOOST_TEST(!process.running());
  background_process missing({"no-such-program-here"}, folder / "log");
  BOOST_TEST(missing.wait(10s).value_or(-1) == 127);
}

BOOST_AUTO_TEST_CASE(a_program_that_fails_is_told_with_its_output) {
  BOOST_TEST(run_program({"echo", "x"}) == "x\n");
  BOOST_CHECK_EXCEPTION(run_program({"sh", "-c", "echo broken; exit 1"}), std::exception,
                        [](const std::exception& e) {
                          return std::string_view(e.what()).find("broken") !=
                                 std::string_view::npos;
                        });
}

BOOST_AUTO_TEST_CASE(a_temporary_folder_is_removed_with_all_it_holds) {
  std::filesystem::path path;
  {
    const temp_dir folder;
    path = folder.path();
    std::filesystem::create_directories(path / "a/b");
    write_text(path / "a/b/c", "x");
  }
  BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
