// What the documentation shows as settings is taken.

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/config/sample.hpp"
#include "tests/support/support.hpp"

namespace switchyard::config {

namespace {

namespace fs = std::filesystem;

const fs::path source = SWITCHYARD_SOURCE;

std::vector<fs::path> pages() {
  std::vector<fs::path> all{source / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(source / "docs"))
    if (entry.path().extension() == ".md") all.push_back(entry.path());
  return all;
}

std::vector<std::string> yaml_blocks(const fs::path& page) {
  std::vector<std::string> blocks;
  std::istringstream in(tests::read_text(page));
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line == "```yaml") {
      inside = true;
      blocks.emplace_back();
    } else if (line.starts_with("```")) {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

/// Other blocks are documents, other programs' settings, or parts of what stands before them.
bool is_settings(const std::string& block) {
  static constexpr std::array<std::string_view, 10> sections{
      "haproxy:", "frontends:", "providers:", "api:",       "guard:",
      "log:",     "resolver:",  "reconcile:", "state_dir:", "drain_timeout:"};
  return std::ranges::any_of(sections, [&](auto name) { return block.starts_with(name); });
}

/// All that is said of it but that the files which it names are not on this machine.
std::string objections(const std::string& text) {
  const auto read = parse(text, "example.yaml", {});
  std::string rest;
  std::istringstream in(read ? "" : read.error().message);
  for (std::string line; std::getline(in, line);)
    if (!line.ends_with(": no such file")) rest += line + "\n";
  return rest;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(documented_settings)

BOOST_AUTO_TEST_CASE(each_example_is_taken) {
  std::size_t count = 0;
  for (const auto& page : pages())
    for (const auto& block : yaml_blocks(page)) {
      if (!is_settings(block)) continue;
      const bool whole = tests::contains("\n" + block, "\nproviders:");
      BOOST_TEST(objections(whole ? block : tests::least + block) == "", page.string() << block);
      ++count;
    }
  BOOST_TEST(count >= 15U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::config
