#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <stdexcept>

#include "base/children.hpp"
#include "base/subprocess.hpp"
#include "tests/support/support.hpp"

namespace switchyard::base {

namespace {

using namespace std::chrono_literals;
using tests::eventually;
using tests::temp_dir;

command_line shell(const std::string& script, std::chrono::milliseconds longest = 20s) {
  return {.argv = {"/bin/sh", "-c", script}, .deadline = longest};
}

finished run_shell(const std::string& script) {
  auto result = run(shell(script));
  BOOST_REQUIRE_MESSAGE(result, script);
  return *std::move(result);
}

pid_t pid_in(const std::string& path) {
  const auto text = tests::read_text(path);
  return text.ends_with('\n') ? std::stoi(text) : 0;
}

/// Gone, or waiting to be reaped by whoever took it over.
bool is_gone(pid_t pid) {
  const auto status = tests::read_text("/proc/" + std::to_string(pid) + "/stat");
  return status.empty() || status.find(") Z ") != std::string::npos;
}

/// This thread, and what it starts, as the user nobody.
class as_another_user {
 public:
  as_another_user() { use(65534, 0); }
  ~as_another_user() { use(0, 0); }
  as_another_user(const as_another_user&) = delete;
  as_another_user& operator=(const as_another_user&) = delete;

 private:
  // setresuid(3) would change all threads.
  static void use(uid_t user, uid_t saved) {
    if (::syscall(SYS_setresuid, user, user, saved) != 0) throw std::runtime_error("setresuid");
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(subprocesses)

BOOST_AUTO_TEST_CASE(output_and_exit_code_come_back) {
  const auto result = run_shell("echo out; echo err >&2; exit 3");
  BOOST_TEST(result.exit_code == 3);
  BOOST_TEST(result.output == "out\nerr\n");
}

BOOST_AUTO_TEST_CASE(a_signal_is_an_exit_code_past_128) {
  BOOST_TEST(run_shell("kill -TERM $$").exit_code == 128 + SIGTERM);
}

BOOST_AUTO_TEST_CASE(arguments_pass_as_they_are) {
  const auto result = run({.argv = {"/bin/echo", "a b", "$HOME", "*", ""}});
  BOOST_REQUIRE(result);
  BOOST_TEST(result->output == "a b $HOME * \n");
}

BOOST_AUTO_TEST_CASE(the_environment_is_the_given_one_alone) {
  const auto none = run({.argv = {"env"}});
  BOOST_REQUIRE_MESSAGE(none, "a name is looked up in our PATH, although the program has none");
  BOOST_TEST(none->output == "");
  const auto one = run({.argv = {"env"}, .environment = {{"A", "b=c"}}});
  BOOST_REQUIRE(one);
  BOOST_TEST(one->output == "A=b=c\n");
}

BOOST_AUTO_TEST_CASE(a_program_that_was_looked_up_is_given_its_path) {
  const auto result = run({.argv = {"cat", "/proc/self/cmdline"}});
  BOOST_REQUIRE(result);
  BOOST_TEST(result->output.starts_with("/"), result->output);
  BOOST_TEST(result->output.substr(0, result->output.find('\0')).ends_with("/cat"));
}

BOOST_AUTO_TEST_CASE(a_missing_program_is_told_from_one_that_cannot_be_run) {
  for (const auto* name : {"no-such-program-here", "/no/such/program", ""}) {
    const auto result = run({.argv = {name}});
    BOOST_REQUIRE(!result);
    BOOST_TEST((result.error().kind == errc::not_found), name);
  }
  BOOST_TEST((run({}).error().kind == errc::not_found));
  const temp_dir folder;
  tests::write_text(folder / "text", "no program");
  BOOST_TEST((run({.argv = {folder / "text"}}).error().kind == errc::io));
}

BOOST_AUTO_TEST_CASE(stderr_can_be_had_apart) {
  auto command = shell("echo out; echo err >&2; echo more");
  command.errors_apart = true;
  const auto result = run(command);
  BOOST_REQUIRE(result);
  BOOST_TEST(result->output == "out\nmore\n");
  BOOST_TEST(result->errors == "err\n");
}

BOOST_AUTO_TEST_CASE(input_is_what_stdin_holds) {
  auto command = shell("cat");
  command.input = std::string(300'000, 'x');  // more than a pipe takes
  const auto result = run(command);
  BOOST_REQUIRE(result);
  BOOST_TEST((result->output == command.input));
}

BOOST_AUTO_TEST_CASE(output_that_must_be_whole_ends_the_program_at_its_limit) {
  auto command = shell("while :; do echo xxxxxxxxxxxxxxxx; done", std::chrono::hours(1));
  command.output_limit = 1000;
  command.whole_output = true;
  const auto endless = run(command);
  BOOST_REQUIRE(!endless);
  BOOST_TEST((endless.error().kind == errc::invalid));
  command.argv = {"/bin/sh", "-c", "head -c 1000 /dev/zero"};
  BOOST_TEST(bool(run(command)));
  command.argv = {"/bin/sh", "-c", "head -c 1001 /dev/zero"};
  BOOST_TEST(!run(command));
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_the_program) {
  wakeup stop;
  stop.notify();
  auto command = shell("sleep 600", std::chrono::hours(1));
  command.interrupt = &stop;
  const auto result = run(command);
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(the_deadline_ends_the_whole_group) {
  const temp_dir folder;
  const auto inner = folder / "inner";
  const auto before = std::chrono::steady_clock::now();
  const auto result =
      run(shell("trap '' TERM; sleep 600 & echo $! > " + inner + "; wait; sleep 600", 2000ms));
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::timeout));
  BOOST_TEST((std::chrono::steady_clock::now() - before < 10s));
  const auto pid = pid_in(inner);
  BOOST_REQUIRE(pid > 0);
  BOOST_TEST(eventually([&] { return is_gone(pid); }));
}

BOOST_AUTO_TEST_CASE(a_program_that_has_left_its_group_is_ended_at_its_deadline) {
  const auto begun = std::chrono::steady_clock::now();
  const auto result = run({.argv = {"perl", "-e", "setpgrp(0, getpgrp(getppid())); sleep 60"},
                           .environment = {{"PATH", "/usr/bin:/bin"}},
                           .deadline = 500ms});
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::timeout));
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 20s));
}

// As a program under sudo is: a user who is not root may not end it.
BOOST_AUTO_TEST_CASE(a_program_that_cannot_be_ended_is_left_to_itself_and_reaped_later) {
  if (::geteuid() != 0) {
    std::cerr << "NOT RUN: a_program_that_cannot_be_ended needs root to begin with\n";
    return;
  }
  const temp_dir folder;
  namespace fs = std::filesystem;
  fs::permissions(folder.path(), fs::perms{0755});
  const auto as_root = folder / "as_root";
  fs::copy_file("/usr/bin/setpriv", as_root);
  fs::permissions(as_root, fs::perms{04755});
  const auto script = "echo $$ > " + (folder / "pid") + "; exec sleep 60";
  const command_line command{.argv = {as_root, "--reuid", "0", "/bin/sh", "-c", script},
                             .deadline = 2000ms};
  const auto begun = std::chrono::steady_clock::now();
  const auto result = [&] {
    const as_another_user nobody;
    return run(command);
  }();
  const auto pid = pid_in(folder / "pid");
  BOOST_REQUIRE(pid > 0);
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 30s));
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::timeout));
  BOOST_TEST(tests::contains(result.error().message, "left to itself"));
  ::kill(pid, SIGKILL);
  BOOST_TEST(eventually([&] {
    run_shell("true");
    return ::kill(pid, 0) != 0;  // a zombie would still be there
  }));
}

BOOST_AUTO_TEST_CASE(orphans_are_reaped_and_what_somebody_waits_for_is_not) {
  BOOST_REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);  // as process 1 is
  const temp_dir folder;
  auto kept = child::start(shell("exit 7"));
  BOOST_REQUIRE(kept);
  auto parent = child::start(shell("sleep 0.2 & echo $! > " + (folder / "pid")));
  BOOST_REQUIRE(parent);
  BOOST_TEST((parent->wait(20s) == 0));
  const auto orphan = pid_in(folder / "pid");
  BOOST_REQUIRE(orphan > 0);
  BOOST_TEST(eventually([&] {
    reap_orphans();
    return ::kill(orphan, 0) != 0;
  }));
  BOOST_TEST((kept->wait(20s) == 7));
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

BOOST_AUTO_TEST_CASE(orphans_that_end_while_a_program_is_started_are_reaped_after_it) {
  BOOST_REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
  const temp_dir folder;
  auto parent = child::start(shell("sleep 0.2 & echo $! > " + (folder / "pid")));
  BOOST_REQUIRE(parent);
  BOOST_TEST((parent->wait(20s) == 0));
  const auto orphan = pid_in(folder / "pid");
  BOOST_REQUIRE(orphan > 0);
  {
    const starting_child starting;
    BOOST_TEST(eventually([&] { return is_gone(orphan); }));
    reap_orphans();
    BOOST_TEST(::kill(orphan, 0) == 0);
  }
  BOOST_TEST(::kill(orphan, 0) != 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

BOOST_AUTO_TEST_CASE(a_program_that_never_stops_writing_meets_its_deadline) {
  auto command = shell("while :; do echo xxxxxxxxxxxxxxxx; done", 300ms);
  command.output_limit = 1000;
  const auto result = run(command);
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::timeout));
}

BOOST_AUTO_TEST_CASE(what_a_program_leaves_behind_is_ended_and_not_waited_for) {
  const temp_dir folder;
  const auto inner = folder / "inner";
  const auto result = run_shell("sleep 600 & echo $! > " + inner + "; echo done");
  BOOST_TEST(result.exit_code == 0);
  BOOST_TEST(result.output == "done\n");
  const auto pid = pid_in(inner);
  BOOST_REQUIRE(pid > 0);
  BOOST_TEST(eventually([&] { return is_gone(pid); }));
}

BOOST_AUTO_TEST_CASE(output_past_the_limit_is_cut_and_the_program_goes_on) {
  auto command = shell("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; exit 5");
  command.output_limit = 15;
  const auto result = run(command);
  BOOST_REQUIRE(result);
  BOOST_TEST(result->exit_code == 5);
  BOOST_TEST(result->output == "0123456789\n0123");
}

BOOST_AUTO_TEST_CASE(the_program_has_no_descriptor_of_ours) {
  // Without close-on-exec, as a careless library opens it.
  const unique_fd careless(::open("/dev/null", O_RDONLY));
  BOOST_REQUIRE(careless);
  // 3 is the folder that ls itself reads.
  BOOST_TEST(run_shell("ls /proc/self/fd").output == "0\n1\n2\n3\n");
}

BOOST_AUTO_TEST_CASE(the_program_reads_nothing_and_has_a_group_of_its_own) {
  BOOST_TEST(run_shell("cat; echo end").output == "end\n");
  const auto result = run_shell("cut -d' ' -f5 /proc/$$/stat; echo $$");
  const auto line = result.output.find('\n');
  BOOST_TEST(result.output.substr(0, line + 1) == result.output.substr(line + 1));
}

BOOST_AUTO_TEST_CASE(signals_start_out_unblocked_and_with_their_defaults) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto old = ::signal(SIGUSR1, SIG_IGN);
  const auto masks = run_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status").output;
  ::signal(SIGUSR1, old);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  BOOST_REQUIRE(masks.starts_with("SigBlk:\t0000000000000000\nSigIgn:\t"));
  // glibc ignores 32 and 33, its own, in every program that posix_spawn starts.
  const auto ignored = std::stoull(masks.substr(masks.rfind('\t') + 1), nullptr, 16);
  BOOST_TEST((ignored & ~0x180000000ULL) == 0U);
}

BOOST_AUTO_TEST_CASE(a_kept_child_tells_when_it_ends) {
  auto child = child::start(shell("exit 7"));
  BOOST_REQUIRE(child);
  pollfd p{child->pidfd(), POLLIN, 0};
  BOOST_TEST(::poll(&p, 1, 10'000) == 1);
  BOOST_TEST(child->ended().value_or(-1) == 7);
  BOOST_TEST(child->ended().value_or(-1) == 7);
  BOOST_TEST(child->wait(0ms).value_or(-1) == 7);
  // Its id may belong to somebody else by now.
  child->signal(SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_kept_child_runs_until_it_is_told_to_end) {
  auto child = child::start({.argv = {"sleep", "600"}});
  BOOST_REQUIRE(child);
  BOOST_TEST(!child->ended());
  BOOST_TEST(!child->wait(20ms));
  child->signal(SIGTERM);
  BOOST_TEST(child->wait(10s).value_or(-1) == 128 + SIGTERM);
}

BOOST_AUTO_TEST_CASE(many_threads_may_run_programs_at_once) {
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&good, t] {
      for (int i = 0; i < 10; ++i) {
        const auto text = std::to_string(t) + "." + std::to_string(i);
        const auto result = run({.argv = {"/bin/echo", text}});
        if (result && result->output == text + "\n") ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  BOOST_TEST(good == 80);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
