#include "config/until_restart.hpp"
#include "tests/config/sample.hpp"

namespace switchyard::config {

namespace {

using tests::good;
using names = std::vector<std::string>;

const std::string by_hand = "providers: [{name: manual, type: memory}]\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(until_restart)

BOOST_AUTO_TEST_CASE(what_can_change_at_once_is_left_alone) {
  const auto started = good(by_hand);
  auto next = good(
      "providers: [{name: other, type: memory}]\ndrain_timeout: 3s\n"
      "haproxy: {reload: {min_interval: 9s}}\napi: {listen: '127.0.0.1:9191'}\n");
  const auto wanted = next;
  BOOST_TEST(keep_until_restart(started, started, next) == names());
  BOOST_TEST((next == wanted));
}

BOOST_AUTO_TEST_CASE(what_waits_for_the_next_start_stays_as_it_was) {
  const auto started = good(by_hand);
  auto next = good(by_hand +
                   "haproxy: {mode: attached, binary: /opt/haproxy, config_file: /x/haproxy.cfg,\n"
                   "  base_file: /x/base.cfg, runtime_socket: /x/run.sock,\n"
                   "  master_socket: /x/master.sock, pid_file: /x/pid}\n"
                   "log: {format: json, level: debug}\nstate_dir: /x/state\nevent_buffer: 7\n");
  const names all{"haproxy.mode",
                  "haproxy.binary",
                  "haproxy.config_file",
                  "haproxy.base_file",
                  "haproxy.runtime_socket",
                  "haproxy.master_socket",
                  "haproxy.pid_file",
                  "log.format",
                  "state_dir",
                  "event_buffer"};
  BOOST_TEST(keep_until_restart(started, started, next) == all, boost::test_tools::per_element());
  BOOST_TEST((next.log.level == log_level::debug));
  next.log.level = started.log.level;
  BOOST_TEST((next == started));
}

BOOST_AUTO_TEST_CASE(a_command_for_reloads_waits_with_the_mode_that_it_is_for) {
  const std::string attached =
      by_hand + "haproxy: {mode: attached, base_file: /x/base.cfg, runtime_socket: /x/run.sock";
  const auto started = good(by_hand);
  auto next = good(attached + ", reload: {command: [systemctl, reload, haproxy]}}\n");
  BOOST_TEST(
      (names{keep_until_restart(started, started, next)}.front() == "haproxy.reload.command"));
  BOOST_TEST(next.haproxy.reload.command.empty());
  // Alone it is taken at once.
  const auto commanded = good(attached + ", reload: {command: [one]}}\n");
  auto other = good(attached + ", reload: {command: [other]}}\n");
  BOOST_TEST(keep_until_restart(commanded, commanded, other) == names());
  BOOST_TEST(other.haproxy.reload.command.front() == "other");
  // And stays in force when the way to HAProxy has to wait.
  auto third = good(attached + ", pid_file: /x/pid, reload: {command: [other]}}\n");
  BOOST_TEST(keep_until_restart(commanded, other, third) == names{"haproxy.pid_file"});
  BOOST_TEST(third.haproxy.reload.command.front() == "other");
}

// Its backends are where it found them.
BOOST_AUTO_TEST_CASE(a_memory_provider_stays_with_its_file) {
  const auto started = good(by_hand + "state_dir: /old\n");
  auto next = good("providers: [{name: manual, type: memory}]\nstate_dir: /new\n");
  keep_until_restart(started, started, next);
  BOOST_TEST(std::get<memory_settings>(next.providers.front().source).file ==
             "/old/memory-manual.json");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::config
