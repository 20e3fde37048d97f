#include "actors/log.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

using nlohmann::json;
using std::chrono::microseconds;
using tests::contains;

/// Standard error goes to a file for as long as this lives.
class captured_stderr {
 public:
  captured_stderr() : before_(::dup(STDERR_FILENO)) {
    const base::unique_fd file(::open(path().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ::dup2(file.get(), STDERR_FILENO);
  }
  ~captured_stderr() {
    ::dup2(before_.get(), STDERR_FILENO);
    ::unsetenv("JOURNAL_STREAM");
  }
  captured_stderr(const captured_stderr&) = delete;
  captured_stderr& operator=(const captured_stderr&) = delete;

  std::string path() const { return folder_ / "stderr"; }
  std::string text() const { return tests::read_text(path()); }
  /// As systemd does for what it connects to the journal.
  void is_the_journal() const {
    struct stat status {};
    ::fstat(STDERR_FILENO, &status);
    const auto stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  }

 private:
  tests::temp_dir folder_;
  base::unique_fd before_;
};

log_fields of_a_change() {
  log_fields fields;
  fields.kind = "server";
  fields.backend = "shop";
  fields.server = "s1";
  fields.provider = "db";
  fields.revision = 12;
  fields.took = microseconds(400);
  fields.propagation = microseconds(840);
  return fields;
}

log_ptr json_log() {
  return make_log({config::log_level::info, config::log_format::json});
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(the_log, captured_stderr)

BOOST_AUTO_TEST_CASE(text_lines_end_with_what_people_ask_next) {
  const auto log = make_log({});
  write(*log, spdlog::level::info, "shop/s1 added", of_a_change());
  log->warn("plain");
  const auto all = text();
  BOOST_TEST(contains(all, " info  shop/s1 added (db, revision 12, 0.8 ms)\n"), all);
  BOOST_TEST(contains(all, " warning plain\n"), all);
}

BOOST_AUTO_TEST_CASE(json_lines_have_fields) {
  const auto log = json_log();
  write(*log, spdlog::level::info, "shop/s1 added", of_a_change());
  const auto line = json::parse(text());
  BOOST_TEST(line.at("message") == "shop/s1 added");
  BOOST_TEST(line.at("level") == "info");
  BOOST_TEST(line.at("kind") == "server");
  BOOST_TEST(line.at("provider") == "db");
  BOOST_TEST(line.at("backend") == "shop");
  BOOST_TEST(line.at("server") == "s1");
  BOOST_TEST(line.at("revision") == 12);
  BOOST_TEST(line.at("took_seconds") == 0.0004);
  BOOST_TEST(line.at("propagation_seconds") == 0.00084);
}

BOOST_AUTO_TEST_CASE(fields_belong_to_one_line_and_empty_ones_are_left_out) {
  const auto log = json_log();
  write(*log, spdlog::level::info, "first", of_a_change());
  log->info("second");
  const auto all = text();
  const auto second = json::parse(all.substr(all.find('\n') + 1));
  BOOST_TEST(second.size() == 3U);
}

BOOST_AUTO_TEST_CASE(the_journal_gets_priorities_and_no_times) {
  is_the_journal();
  const auto log = make_log({config::log_level::debug, config::log_format::text});
  log->debug("a");
  log->info("b");
  log->warn("c");
  log->error("d");
  log->flush();
  BOOST_TEST(text() == "<7>a\n<6>b\n<4>c\n<3>d\n");
}

BOOST_AUTO_TEST_CASE(json_for_the_journal_has_priorities_too) {
  is_the_journal();
  json_log()->warn("c");
  BOOST_TEST(text().starts_with("<4>{\"time\":"), text());
}

BOOST_AUTO_TEST_CASE(a_journal_that_somebody_else_writes_to_is_not_ours) {
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  make_log({})->info("b");
  BOOST_TEST(!text().starts_with("<"), text());
}

BOOST_AUTO_TEST_CASE(secrets_never_appear) {
  for (const auto format : {config::log_format::text, config::log_format::json})
    make_log({config::log_level::info, format})
        ->error("redis://app:s3cret@h:6379 and password=s3cret do not answer");
  BOOST_TEST(!contains(text(), "s3cret"), text());
  BOOST_TEST(contains(text(), "redis://app:***@h:6379"), text());
}

BOOST_AUTO_TEST_CASE(a_value_from_outside_makes_no_second_line) {
  make_log({})->warn("HAProxy refuses a\nb\x1b[31m gr\xc3\xbc\xc3\x9f \xc2\x9b[31m");
  BOOST_TEST(text().ends_with("HAProxy refuses a\\nb?[31m gr\xc3\xbc\xc3\x9f ?[31m\n"), text());
}

BOOST_AUTO_TEST_CASE(levels_change_at_run_time) {
  const auto log = make_log({});
  BOOST_TEST((level_of(*log) == config::log_level::info));
  log->debug("unheard");
  set_level(*log, config::log_level::debug);
  BOOST_TEST((level_of(*log) == config::log_level::debug));
  log->debug("heard");
  log->flush();
  BOOST_TEST(!contains(text(), "unheard"), text());
  BOOST_TEST(contains(text(), "heard"), text());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
