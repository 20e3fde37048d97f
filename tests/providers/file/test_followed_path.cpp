#include "providers/file/followed_path.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/support.hpp"

using namespace switchyard;
using providers::file::follow;
using providers::file::places;
namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(followed_path)

BOOST_AUTO_TEST_CASE(every_entry_on_the_way_is_named) {
  const tests::temp_dir dir;
  const auto root = fs::canonical(dir.path());
  fs::create_directory(root / "real");
  tests::write_text(root / "real/x", "");
  fs::create_symlink("../" + root.filename().string() + "/./real", root / "link");
  const auto found = follow(root / "link/x");
  BOOST_TEST(found.target == root / "real/x");
  BOOST_TEST((found.on_the_way.at(root) == std::set<std::string>{"link", "real"}));
  BOOST_TEST((found.on_the_way.at(root / "real") == std::set<std::string>{"x"}));
  BOOST_TEST(found.on_the_way.at(root.parent_path()).contains(root.filename()));
}

BOOST_AUTO_TEST_CASE(a_path_with_a_gap_ends_at_the_gap) {
  const tests::temp_dir dir;
  const auto root = fs::canonical(dir.path());
  const auto found = follow(root / "none/x");
  BOOST_TEST(found.target.empty());
  BOOST_TEST((found.on_the_way.at(root) == std::set<std::string>{"none"}));
}

BOOST_AUTO_TEST_CASE(absolute_links_start_at_the_root) {
  const tests::temp_dir dir;
  const auto root = fs::canonical(dir.path());
  tests::write_text(root / "x", "");
  fs::create_symlink(root / "x", root / "link");
  BOOST_TEST(follow(root / "link").target == root / "x");
  BOOST_TEST(follow("/").target == "/");
  BOOST_TEST(follow("/..").target == "/");
}

BOOST_AUTO_TEST_SUITE_END()
