#include "providers/exec/command.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "base/fd.hpp"
#include "tests/providers/exec/scripts.hpp"

namespace switchyard::providers::exec {

namespace {

using namespace std::chrono_literals;
using base::errc;
using tests::contains;
using tests::eventually;

base::error failure_of(const config::exec_settings& settings) {
  auto ran = output_of(settings, nullptr);
  BOOST_REQUIRE_MESSAGE(!ran, (ran ? *ran : ""));
  return ran.error();
}

bool runs(const std::string& pid_file) {
  const auto pid = tests::read_text(pid_file);
  const auto status = tests::read_text("/proc/" + pid.substr(0, pid.find('\n')) + "/stat");
  return !pid.empty() && !status.empty() && !contains(status, ") Z ");
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(exec_command, tests::scripts)

BOOST_AUTO_TEST_CASE(stdout_is_the_answer_and_stderr_is_not) {
  const auto output = output_of(settings("echo warning >&2; echo answer"), nullptr);
  BOOST_REQUIRE(output);
  BOOST_TEST(*output == "answer\n");
}

BOOST_AUTO_TEST_CASE(no_shell_reads_the_arguments) {
  auto plain = settings("");
  plain.command = {"/bin/echo", "$HOME", "a b", ";", "`id`", "*"};
  const auto output = output_of(plain, nullptr);
  BOOST_REQUIRE(output);
  BOOST_TEST(*output == "$HOME a b ; `id` *\n");
}

BOOST_AUTO_TEST_CASE(the_environment_is_the_least_and_what_the_settings_add) {
  auto plain = settings("");
  plain.command = {"env"};
  plain.environment = {{"REGION", "eu 1"}, {"LANG", "de_DE"}};
  const auto output = output_of(plain, nullptr);
  BOOST_REQUIRE(output);
  BOOST_TEST(*output == "LANG=de_DE\nPATH=" + least_environment.at("PATH") + "\nREGION=eu 1\n");
}

BOOST_AUTO_TEST_CASE(secrets_that_the_command_was_given_are_not_told) {
  auto with = settings("");
  with.environment = {{"CATALOG_PASSWORD", "hunter\"1"}, {"REGION", "eu"}};
  with.command.insert(with.command.end(), {"--api-key=hunter2", "--token", "hunter3"});
  with.command[2] = "echo \"no $CATALOG_PASSWORD, ${1#*=}, $3, $REGION\" >&2; exit 1";
  BOOST_TEST(failure_of(with).message == "/bin/sh: exited with code 1: \"no ***, ***, ***, eu\"");
}

BOOST_AUTO_TEST_CASE(exit_codes_and_the_first_lines_of_stderr_are_told) {
  const auto failed =
      failure_of(settings("echo answer; printf '\\n one\\ntwo\\t2\\nthree\\nfour\\n' >&2; exit 3"));
  BOOST_TEST((failed.kind == errc::refused));
  BOOST_TEST(failed.message == "/bin/sh: exited with code 3: \" one\", \"two\\t2\", \"three\"");
  BOOST_TEST(failure_of(settings("exit 1")).message ==
             "/bin/sh: exited with code 1, and said nothing on stderr");
  BOOST_TEST(contains(failure_of(settings("kill -SEGV $$")).message, "code 139 (SIGSEGV)"));
}

BOOST_AUTO_TEST_CASE(hostile_words_on_stderr_stay_one_readable_line) {
  const auto failed = failure_of(settings(
      "printf '\\033[2J\\377\\001' >&2; head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1"));
  BOOST_TEST(contains(failed.message, "\"\\x1b[2J\\xff\\x01xxx"));
  BOOST_TEST(failed.message.size() < 400U);
  BOOST_TEST(!contains(failed.message, "\n"));
}

BOOST_AUTO_TEST_CASE(a_missing_program_is_named) {
  auto plain = settings("");
  plain.command = {"/no/such/program"};
  const auto failed = failure_of(plain);
  BOOST_TEST((failed.kind == errc::not_found));
  BOOST_TEST(contains(failed.message, "/no/such/program"));
}

constexpr const char* hanging = "sleep 600 & echo $! > $0/child; echo '{}'; wait";

BOOST_AUTO_TEST_CASE(control_with_a_wider_deadline_a_command_hangs_on) {
  auto patient = settings(hanging);
  patient.timeout = 1h;
  base::wakeup stop;
  std::atomic<bool> ended{false};
  std::thread running([&] {
    const auto output = output_of(patient, &stop);
    ended = true;
  });
  BOOST_TEST(eventually([&] { return runs(folder / "child"); }));
  const base::deadline of_the_other(2s);
  eventually([&] { return ended || of_the_other.passed(); });
  BOOST_TEST(!ended);
  BOOST_TEST(runs(folder / "child"));
  stop.notify();
  running.join();
}

BOOST_AUTO_TEST_CASE(the_deadline_ends_the_whole_group) {
  auto slow = settings(hanging);
  slow.timeout = 300ms;
  const auto failed = failure_of(slow);
  BOOST_TEST((failed.kind == errc::timeout));
  BOOST_TEST(contains(failed.message, "killed after 300 ms"));
  BOOST_TEST(eventually([&] { return !runs(folder / "child"); }));
}

BOOST_AUTO_TEST_CASE(what_a_command_leaves_behind_ends_with_it) {
  const auto output = output_of(settings("sleep 600 & echo $! > $0/child; echo done"), nullptr);
  BOOST_REQUIRE(output);
  BOOST_TEST(*output == "done\n");
  BOOST_TEST(eventually([&] { return !runs(folder / "child"); }));
}

BOOST_AUTO_TEST_CASE(too_much_output_ends_it_at_once) {
  auto endless = settings("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
  endless.max_bytes = 4096;
  endless.timeout = 1h;
  const auto failed = failure_of(endless);
  BOOST_TEST((failed.kind == errc::invalid));
  BOOST_TEST(contains(failed.message, "killed after printing more than 4096 bytes"));
  auto full = settings("head -c 4096 /dev/zero | tr '\\0' x");
  full.max_bytes = 4096;
  const auto all = output_of(full, nullptr);
  BOOST_REQUIRE(all);
  BOOST_TEST(all->size() == 4096U);
}

BOOST_AUTO_TEST_CASE(stop_ends_a_run_at_once) {
  base::wakeup stop;
  const auto before = std::chrono::steady_clock::now();
  std::thread stopper([&] {
    eventually([&] { return runs(folder / "started"); });
    stop.notify();
  });
  auto long_one = settings("echo $$ > $0/started; sleep 600");
  long_one.timeout = 1h;
  const auto ran = output_of(long_one, &stop);
  stopper.join();
  BOOST_REQUIRE(!ran);
  BOOST_TEST((std::chrono::steady_clock::now() - before < 10s));
  BOOST_TEST(!runs(folder / "started"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers::exec
