// The daemon's end on its own account: what nothing works without is gone for good.

#include "cli/run.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <stdexcept>

#include "actors/supervisor.hpp"
#include "tests/support/support.hpp"

namespace switchyard::cli {

namespace {

struct giving_up {
  tests::temp_dir folder;
  actors::child_makers make;
  std::string log = folder / "log";

  giving_up() {
    // None starts an HAProxy.
    make.writer = [](auto&, auto, auto) -> actors::writer_actor {
      throw std::runtime_error("no memory is left");
    };
    tests::write_text(folder / "backends.yaml", "backends: []\n");
    tests::write_text(
        folder / "switchyard.yaml",
        "haproxy: {mode: managed, config_file: haproxy.cfg, runtime_socket: run.sock}\n"
        "providers:\n  - {name: files, type: file, path: backends.yaml}\n"
        "state_dir: state\napi: {listen: \"unix:" +
            (folder / "api.sock") + "\"}\n");
  }

  /// The exit code of a daemon with these makers.
  int exit_code() const {
    const auto daemon = ::fork();  // no thread runs yet
    if (daemon == 0) {
      const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(out, fd);
      common_options options;
      options.config = folder / "switchyard.yaml";
      ::_exit(run(options, &make));
    }
    int status = 0;
    ::waitpid(daemon, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  bool said(const std::string& what) const { return tests::contains(tests::read_text(log), what); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(a_daemon_that_gives_up, giving_up)

BOOST_AUTO_TEST_CASE(when_no_writer_can_be_started) {
  BOOST_TEST(exit_code() == 1);
  BOOST_TEST(said("writer keeps failing: it cannot be started: no memory is left; giving up"));
}

BOOST_AUTO_TEST_CASE(when_the_supervisor_has_ended) {
  make.api = [](auto& system, auto settings, auto seen_by, const actors::supervisor_actor& parent) {
    caf::anon_send_exit(parent, caf::exit_reason::kill);
    return actors::spawn_api(system, settings, seen_by, parent);
  };
  BOOST_TEST(exit_code() == 1);
  BOOST_TEST(said("the supervisor has ended; giving up"));
  BOOST_TEST(said("the end was not orderly"));
  BOOST_TEST(!said("keeps failing"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::cli
