#include "haproxy/operators_files.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/support/support.hpp"

namespace {

using namespace switchyard::tests;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;
using switchyard::haproxy::operators_file;
using switchyard::haproxy::operators_files;

/// Settings with both files.
struct with_files {
  with_files() {
    settings.base_file = folder / "base.cfg";
    settings.server_ca_file = folder / "ca.pem";
    write_text(*settings.base_file, "one");
    write_text(*settings.server_ca_file, "one");
  }

  temp_dir folder;
  switchyard::config::haproxy_settings settings;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(a_file_of_the_operators)

BOOST_AUTO_TEST_CASE(has_changed_when_its_text_is_another_one) {
  const temp_dir folder;
  const std::optional<std::string> path = folder / "base.cfg";
  write_text(*path, "one");
  operators_file file;
  file.loaded(path);
  file.look(path);
  BOOST_TEST(!file.changed());
  write_text(*path, "two");
  BOOST_TEST(!file.changed());
  file.look(path);
  BOOST_TEST(file.changed());
  write_text(*path, "one");
  file.look(path);
  BOOST_TEST(!file.changed());
  std::filesystem::remove(*path);
  file.look(path);
  BOOST_TEST(file.changed());
  file.loaded(path);
  BOOST_TEST(!file.changed());
}

BOOST_AUTO_TEST_CASE(may_have_changed_since_an_haproxy_that_was_there_before_us_loaded_it) {
  const temp_dir folder;
  const std::optional<std::string> path = folder / "base.cfg";
  write_text(*path, "one");
  operators_file file;
  file.met(path, system_clock::now() + seconds(5));
  BOOST_TEST(!file.changed());
  file.met(path, system_clock::now() - seconds(5));
  BOOST_TEST(file.changed());
  file.look(path);
  BOOST_TEST(file.changed());  // what it was is not known
  file.loaded(path);
  BOOST_TEST(!file.changed());
  file.met(std::nullopt, system_clock::now() - seconds(5));
  BOOST_TEST(!file.changed());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(the_files_of_the_operators, with_files)

BOOST_AUTO_TEST_CASE(are_told_apart_when_one_changes) {
  operators_files files(settings);
  files.loaded(settings);
  write_text(*settings.base_file, "two");
  files.look(settings);
  BOOST_TEST(files.base_changed());
  BOOST_TEST(!files.ca_changed());
  files.loaded(settings);
  write_text(*settings.server_ca_file, "two");
  files.look(settings);
  BOOST_TEST(!files.base_changed());
  BOOST_TEST(files.ca_changed());
  // Another name: its backends change, not the file.
  settings.server_ca_file = folder / "other.pem";
  files.renamed_ca_file(settings.server_ca_file);
  files.look(settings);
  BOOST_TEST(!files.ca_changed());
}

// When it was written is known to the moment, when HAProxy began to within a second.
BOOST_AUTO_TEST_CASE(of_an_haproxy_that_was_there_before_count_from_a_second_around_its_start) {
  operators_files files(settings);
  const auto written = system_clock::now();
  files.met(settings, written - milliseconds(500));
  BOOST_TEST(!files.base_changed());
  BOOST_TEST(files.ca_changed());
  files.met(settings, written - seconds(3));
  BOOST_TEST(files.base_changed());
  files.met(settings, written + seconds(3));
  BOOST_TEST(!files.ca_changed());
}

BOOST_AUTO_TEST_CASE(leave_the_servers_state_to_us_unless_base_file_names_a_file_for_it) {
  operators_files files(settings);
  BOOST_TEST(files.leave_server_state());
  write_text(*settings.base_file, "global\n    server-state-file /somewhere\n");
  BOOST_TEST(files.leave_server_state());
  files.configure(settings);
  BOOST_TEST(!files.leave_server_state());
  settings.base_file.reset();
  files.configure(settings);
  BOOST_TEST(files.leave_server_state());
}

BOOST_AUTO_TEST_SUITE_END()
