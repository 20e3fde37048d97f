#include "providers/file/watcher.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/support/support.hpp"

using namespace switchyard;
using namespace switchyard::providers::file;
namespace fs = std::filesystem;

namespace {

bool has(const std::vector<change>& list, const change& wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(watcher_on_real_folders)

BOOST_AUTO_TEST_CASE(changes_are_told_with_folder_and_name) {
  const tests::temp_dir dir;
  const auto folder = dir.path().string();
  watcher w;
  BOOST_REQUIRE(w.watch({{folder, {}}}));
  BOOST_TEST(w.take().empty());
  tests::write_text(dir / "a", "x");
  const auto written = w.take();
  BOOST_TEST(has(written, {change_kind::created, folder, "a"}));
  BOOST_TEST(has(written, {change_kind::writing, folder, "a"}));
  BOOST_TEST((written.back() == change{change_kind::written, folder, "a"}));
  fs::rename(dir / "a", dir / "b");
  BOOST_TEST((w.take() == std::vector<change>{{change_kind::written, folder, "a"},
                                              {change_kind::written, folder, "b"}}));
  fs::create_directory(dir / "sub");
  BOOST_TEST(has(w.take(), {change_kind::folder, folder, "sub"}));
  fs::remove(dir / "b");
  BOOST_TEST(has(w.take(), {change_kind::written, folder, "b"}));
}

BOOST_AUTO_TEST_CASE(folders_that_are_not_wanted_any_more_are_silent) {
  const tests::temp_dir dir;
  fs::create_directory(dir / "x");
  fs::create_directory(dir / "y");
  watcher w;
  BOOST_REQUIRE(w.watch({{dir / "x", {}}}));
  tests::write_text(dir / "x/a", "x");
  BOOST_REQUIRE(w.watch({{dir / "y", {}}}));
  BOOST_TEST(w.take().empty());
  tests::write_text(dir / "x/a", "y");
  BOOST_TEST(w.take().empty());
  tests::write_text(dir / "y/a", "y");
  BOOST_TEST(!w.take().empty());
}

BOOST_AUTO_TEST_CASE(where_no_descriptor_was_left_it_watches_once_there_is_one) {
  const tests::temp_dir dir;
  const auto folder = dir.path().string();
  rlimit before{};
  BOOST_REQUIRE_EQUAL(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const auto limit = [&](rlim_t most) {
    const rlimit now{most, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &now);
  };
  limit(0);
  watcher w;
  const auto refused = w.watch({{folder, {}}});
  limit(before.rlim_cur);
  BOOST_TEST(!refused);
  BOOST_TEST(w.fd() < 0);
  BOOST_REQUIRE(w.watch({{folder, {}}}));
  tests::write_text(dir / "a", "x");
  BOOST_TEST(!w.take().empty());
}

BOOST_AUTO_TEST_CASE(a_folder_that_goes_says_so) {
  const tests::temp_dir dir;
  fs::create_directory(dir / "x");
  watcher w;
  BOOST_REQUIRE(w.watch({{dir / "x", {}}, {dir / "none", {}}}));
  fs::remove(dir / "x");
  BOOST_TEST(has(w.take(), {change_kind::folder, dir / "x", ""}));
}

BOOST_AUTO_TEST_CASE(permissions_that_change_are_told_from_a_writer_that_is_done) {
  const tests::temp_dir dir;
  tests::write_text(dir / "a", "x");
  watcher w;
  BOOST_REQUIRE(w.watch({{dir.path().string(), {}}}));
  ::chmod((dir / "a").c_str(), 0600);
  BOOST_TEST((w.take() == std::vector<change>{{change_kind::altered, dir.path().string(), "a"}}));
}

BOOST_AUTO_TEST_CASE(lost_changes_are_an_overflow) {
  const tests::temp_dir dir;
  tests::write_text(dir / "a", "x");
  tests::write_text(dir / "b", "x");
  watcher w;
  BOOST_REQUIRE(w.watch({{dir.path().string(), {}}}));
  const auto most = std::stoi(tests::read_text("/proc/sys/fs/inotify/max_queued_events"));
  for (int i = 0; i < most; ++i) {
    // Equal events in a row are merged, so two files take turns.
    ::chmod((dir / "a").c_str(), 0600);
    ::chmod((dir / "b").c_str(), 0600);
  }
  BOOST_TEST(has(w.take(), {change_kind::overflow, "", ""}));
}

BOOST_AUTO_TEST_SUITE_END()
