#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>

#include "base/atomic_file.hpp"
#include "base/fd.hpp"
#include "tests/support/support.hpp"

namespace switchyard::base {

namespace {

using tests::read_text;
using tests::temp_dir;
using tests::write_text;

mode_t mode_of(const std::string& path) {
  struct stat info {};
  BOOST_REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

std::ptrdiff_t entries(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder),
                       std::filesystem::directory_iterator());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(atomic_files)

BOOST_AUTO_TEST_CASE(a_new_file_has_the_content_and_the_mode_whatever_the_umask) {
  const temp_dir folder;
  const auto path = folder / "new";
  const auto before = ::umask(077);
  const auto written = write_file_atomically(path, "one\n", 0644);
  ::umask(before);
  BOOST_REQUIRE(written);
  BOOST_TEST(read_text(path) == "one\n");
  BOOST_TEST(mode_of(path) == 0644U);
  BOOST_TEST(entries(folder.path()) == 1);
}

BOOST_AUTO_TEST_CASE(an_existing_file_is_replaced_and_keeps_its_mode) {
  const temp_dir folder;
  const auto path = folder / "old";
  write_text(path, "old");
  BOOST_REQUIRE(::chmod(path.c_str(), 0604) == 0);
  const unique_fd reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  BOOST_REQUIRE(write_file_atomically(path, "new", 0640));
  BOOST_TEST(read_text(path) == "new");
  BOOST_TEST(mode_of(path) == 0604U);
  // Whoever had the old file open still reads the old content: it was not written over.
  char content[4] = {};
  BOOST_TEST(::read(reader.get(), content, 3) == 3);
  BOOST_TEST(std::string(content) == "old");
}

BOOST_AUTO_TEST_CASE(a_failing_rename_leaves_what_was_there_and_no_temporary_file) {
  const temp_dir folder;
  const auto target = folder / "target";
  std::filesystem::create_directory(target);
  const auto written = write_file_atomically(target, "content");
  BOOST_REQUIRE(!written);
  BOOST_TEST((written.error().kind == errc::io));
  BOOST_TEST(written.error().message.find(target) != std::string::npos);
  BOOST_TEST(std::filesystem::is_directory(target));
  BOOST_TEST(entries(folder.path()) == 1);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_none_is_an_error_that_names_it) {
  const temp_dir folder;
  write_text(folder / "file", "stands");
  for (const auto* name : {"file/below", "missing/below"}) {
    const auto written = write_file_atomically(folder / name, "content");
    BOOST_REQUIRE(!written);
    BOOST_TEST((written.error().kind == errc::io));
    BOOST_TEST(written.error().message.find(folder.path().string()) != std::string::npos);
  }
  BOOST_TEST(read_text(folder / "file") == "stands");
  BOOST_TEST(entries(folder.path()) == 1);
}

BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_old_file_and_no_temporary_file) {
  const temp_dir folder;
  const auto path = folder / "file";
  write_text(path, "old");
  // The limit on file sizes fails write(2) in the middle, as a full disk does.
  const auto before = ::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
  rlimit small = old_limit;
  small.rlim_cur = 4096;
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto written = write_file_atomically(path, std::string(10'000, 'x'));
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &old_limit) == 0);
  ::signal(SIGXFSZ, before);
  BOOST_REQUIRE(!written);
  BOOST_TEST((written.error().kind == errc::io));
  BOOST_TEST(read_text(path) == "old");
  BOOST_TEST(entries(folder.path()) == 1);
}

BOOST_AUTO_TEST_CASE(a_path_without_a_folder_is_beside_us) {
  const temp_dir folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const auto written = write_file_atomically("plain", "content");
  std::filesystem::current_path(before);
  BOOST_REQUIRE(written);
  BOOST_TEST(read_text(folder / "plain") == "content");
}

BOOST_AUTO_TEST_CASE(reading_gives_the_whole_file_up_to_the_limit) {
  const temp_dir folder;
  const auto path = folder / "file";
  const std::string content(200'000, 'x');
  write_text(path, content);
  const auto whole = read_file(path, content.size());
  BOOST_REQUIRE(whole);
  BOOST_TEST((*whole == content));
  const auto larger = read_file(path, content.size() - 1);
  BOOST_REQUIRE(!larger);
  BOOST_TEST((larger.error().kind == errc::invalid));
}

BOOST_AUTO_TEST_CASE(reading_tells_missing_from_unreadable) {
  const temp_dir folder;
  write_text(folder / "file", "");
  BOOST_REQUIRE(!read_file(folder / "none"));
  BOOST_TEST((read_file(folder / "none").error().kind == errc::not_found));
  BOOST_TEST((read_file(folder / "file/below").error().kind == errc::not_found));
  BOOST_TEST((read_file(folder.path()).error().kind == errc::io));
  BOOST_TEST(read_file("/proc/self/status")->starts_with("Name:"));
}

BOOST_AUTO_TEST_CASE(a_fifo_without_a_writer_is_refused_rather_than_waited_for) {
  const temp_dir folder;
  const auto path = folder / "fifo";
  BOOST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const auto content = read_file(path);
  BOOST_REQUIRE(!content);
  BOOST_TEST((content.error().kind == errc::io));
}

BOOST_AUTO_TEST_CASE(leftovers_of_a_file_go_and_nothing_else_does) {
  const temp_dir folder;
  const auto path = folder / "haproxy.cfg";
  for (const auto* left : {".haproxy.cfg.tmp-a1B2c3", ".haproxy.cfg.tmp-ZZZZZZ"})
    write_text(folder / left, "half");
  const std::vector<std::string> others{"haproxy.cfg",           ".haproxy.cfg.swp",
                                        ".haproxy.cfg.backup",   ".haproxy.cfg.tmp-long-name",
                                        ".other.cfg.tmp-a1B2c3", "haproxy.cfg.tmp-a1B2c3"};
  for (const auto& other : others) write_text(folder / other, "whole");
  std::filesystem::create_directory(folder / ".haproxy.cfg.tmp-folder");
  remove_leftovers(path);
  for (const auto& other : others) BOOST_TEST(std::filesystem::exists(folder / other), other);
  BOOST_TEST(entries(folder.path()) == std::ptrdiff_t(others.size()) + 1);
  remove_leftovers(folder / "no/such/folder/file");
}

BOOST_AUTO_TEST_CASE(leftovers_are_named_as_files_that_are_being_written) {
  const temp_dir folder;
  auto name = temporary_beside(folder / "haproxy.cfg");
  const base::unique_fd fd(::mkstemp(name.data()));
  BOOST_REQUIRE(bool(fd));
  remove_leftovers(folder / "haproxy.cfg");
  BOOST_TEST(entries(folder.path()) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::base
