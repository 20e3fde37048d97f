#include "haproxy/kept_master.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "haproxy/program.hpp"
#include "tests/support/support.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::seconds;
using switchyard::haproxy::kept_master;
using switchyard::haproxy::program;
using switchyard::haproxy::program_at;

/// A process that has the configuration file among its arguments, and the name of HAProxy's binary.
struct kept_site {
  kept_site() {
    settings.config_file = folder / "haproxy.cfg";
    settings.binary = "sleep";
    process = std::make_unique<background_process>(
        std::vector<std::string>{"/bin/sh", "-c", "exec sleep 600 # " + settings.config_file},
        folder / "log");
    BOOST_REQUIRE(eventually([&] { return master() == program_at(process->pid()); }));
  }
  /// Once the shell has become it.
  program master() const {
    return switchyard::haproxy::haproxy_at(process->pid(), settings.binary);
  }

  temp_dir folder;
  switchyard::config::haproxy_settings settings;
  std::unique_ptr<background_process> process;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(a_kept_master, kept_site)

BOOST_AUTO_TEST_CASE(is_known_as_long_as_it_runs) {
  kept_master kept(settings);
  BOOST_TEST((kept.running() == program{}));
  BOOST_REQUIRE(bool(kept.keep(master())));
  BOOST_TEST((kept_master(settings).running() == master()));
  // Another process of that pid, long after.
  BOOST_REQUIRE(bool(kept.keep({master().pid, master().started + 1})));
  BOOST_TEST((kept.running() == program{}));
  BOOST_REQUIRE(bool(kept.keep(master())));
  process->signal(SIGKILL);
  BOOST_REQUIRE(process->wait(seconds(5)));
  BOOST_TEST((kept.running() == program{}));
}

BOOST_AUTO_TEST_CASE(is_none_of_another_program_or_another_file) {
  kept_master kept(settings);
  BOOST_REQUIRE(bool(kept.keep(program_at(::getpid()))));
  BOOST_TEST((kept.running() == program{}));
  BOOST_TEST((kept.running_on_our_file() == program{}));
}

BOOST_AUTO_TEST_CASE(that_was_told_to_stop_is_in_nobodys_way) {
  kept_master kept(settings);
  BOOST_REQUIRE(bool(kept.keep(master())));
  BOOST_TEST((kept.leaving() == program{}));
  BOOST_REQUIRE(bool(kept.keep(master(), kept_master::course::stops)));
  BOOST_TEST((kept.leaving() == master()));
  BOOST_TEST((kept.running() == program{}));
  BOOST_TEST((kept.running_on_our_file() == program{}));
  kept.forget();
  BOOST_TEST((kept.leaving() == program{}));
  BOOST_TEST(!std::filesystem::exists(kept.path()));
}

BOOST_AUTO_TEST_CASE(is_written_only_when_it_is_another_one_and_a_failure_is_told) {
  kept_master kept(settings);
  BOOST_REQUIRE(bool(kept.keep(master())));
  const auto inode = [&] {
    struct stat file {};
    BOOST_REQUIRE(::stat(kept.path().c_str(), &file) == 0);
    return file.st_ino;
  };
  const auto before = inode();
  BOOST_REQUIRE(bool(kept.keep(master())));
  BOOST_TEST(inode() == before);
  settings.config_file = folder / "gone/haproxy.cfg";
  BOOST_TEST(!kept_master(settings).keep(master()));
}

BOOST_AUTO_TEST_CASE(is_none_where_the_file_is_garbled) {
  const kept_master kept(settings);
  for (const auto* text : {"", "x", "1", "-1 5", "12 x"}) {
    write_text(kept.path(), text);
    BOOST_TEST((kept.running() == program{}));
    BOOST_TEST((kept.leaving() == program{}));
  }
}

BOOST_AUTO_TEST_SUITE_END()
