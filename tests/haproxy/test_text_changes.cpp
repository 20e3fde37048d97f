#include "haproxy/text_changes.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace haproxy = switchyard::haproxy;

namespace {

using section_changes = std::vector<haproxy::section_change>;

/// A file of ours with these lines in its backend "a".
std::string file_with(const std::string& lines) {
  return "# ours\nglobal\n    maxconn 10\n\nbackend a from x\n" + lines + "\nbackend b from x\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_changes)

BOOST_AUTO_TEST_CASE(changes_of_a_file_are_told_by_section) {
  const auto changes = haproxy::configuration_changes(
      "# ours\nglobal\n    setenv SWITCHYARD_LAYOUT 1\n\nbackend a from x\n    server s 1\n    "
      "server t 1\n\nbackend b from x\n    server s 1\n# 2 backends\n",
      "# ours\nglobal\n    setenv SWITCHYARD_LAYOUT 2\n\nbackend a from y\n    server s 1\n    "
      "server t 2\n\nbackend c from x\n    server s 1\n# 2 backends\n");
  const section_changes expected{
      {"backend a", {"backend a from x", "server t 1"}, {"backend a from y", "server t 2"}},
      {"backend b", {"backend b from x", "server s 1"}, {}},
      {"backend c", {}, {"backend c from x", "server s 1"}}};
  BOOST_TEST((changes == expected));
}

BOOST_AUTO_TEST_CASE(the_same_text_has_no_changes) {
  const auto text = file_with("    server s 1\n");
  BOOST_TEST(haproxy::configuration_changes(text, text).empty());
  BOOST_TEST(haproxy::configuration_changes("", "").empty());
  BOOST_TEST(haproxy::line_changes(text, text).empty());
}

BOOST_AUTO_TEST_CASE(comments_blank_lines_and_the_layout_are_none) {
  BOOST_TEST(haproxy::configuration_changes(
                 "# 1\nglobal\n    setenv SWITCHYARD_LAYOUT 1\n    maxconn 10\n",
                 "# 2\nglobal\n\n    maxconn 10\n    setenv SWITCHYARD_LAYOUT 2\n")
                 .empty());
}

BOOST_AUTO_TEST_CASE(a_section_in_parts_with_a_condition_is_one) {
  const section_changes expected{{"defaults p", {}, {"defaults p", "mode http"}},
                                 {"global", {}, {"global", "maxconn 10", "nbthread 2"}}};
  BOOST_TEST((haproxy::configuration_changes(
                  "",
                  "global\n    maxconn 10\n\nglobal\n    nbthread 2\n\n"
                  ".if version_atleast(3.4)\ndefaults p\n    mode http\n.endif\n") == expected));
}

BOOST_AUTO_TEST_CASE(lines_in_another_order_are_none) {
  BOOST_TEST(haproxy::configuration_changes(file_with("    server s 1\n    server t 2\n"),
                                            file_with("    server t 2\n    server s 1\n"))
                 .empty());
}

BOOST_AUTO_TEST_CASE(settings_are_told_in_few_words) {
  const std::string start = "backend a from x\n    balance roundrobin\n    timeout server 30s\n";
  const auto words = [&](const std::string& after) {
    return haproxy::settings_in_words(start, after);
  };
  BOOST_TEST(words(start) == "");
  BOOST_TEST(words("backend a from x\n    balance leastconn\n    timeout server 30s\n") ==
             "balance leastconn");
  BOOST_TEST(words("backend a from y\n    balance roundrobin\n") ==
             "backend a from y, without timeout server");
  BOOST_TEST(words(start + "    timeout connect 5s\n") == "timeout connect 5s");
  BOOST_TEST(words("backend a from x\n    1\n    2\n    3\n") == "1, 2, 3 and 2 more");
  BOOST_TEST(haproxy::settings_in_words("", start) == "", "what HAProxy runs is not known");
}

BOOST_AUTO_TEST_CASE(a_line_that_stands_twice_counts_twice) {
  const auto once = file_with("    server s 1\n");
  const auto twice = file_with("    server s 1\n    server s 1\n");
  BOOST_TEST((haproxy::configuration_changes(once, twice) ==
              section_changes{{"backend a", {}, {"server s 1"}}}));
  BOOST_TEST((haproxy::configuration_changes(twice, once) ==
              section_changes{{"backend a", {"server s 1"}, {}}}));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_yet_is_all_new) {
  const section_changes expected{{"backend a", {}, {"backend a from x", "server s 1"}},
                                 {"backend b", {}, {"backend b from x"}},
                                 {"global", {}, {"global", "maxconn 10"}}};
  BOOST_TEST((haproxy::configuration_changes("", file_with("    server s 1\n")) == expected));
}

BOOST_AUTO_TEST_CASE(the_last_line_needs_no_end) {
  BOOST_TEST((haproxy::configuration_changes("global\n    maxconn 1", "global\n    maxconn 2") ==
              section_changes{{"global", {"maxconn 1"}, {"maxconn 2"}}}));
}

BOOST_AUTO_TEST_CASE(a_file_without_sections_has_one_change_at_most) {
  BOOST_TEST((haproxy::line_changes("a b\nc d\n", "a b\nc e\n") ==
              section_changes{{"", {"c d"}, {"c e"}}}));
  BOOST_TEST(haproxy::line_changes("a b\nc d\n", "c d\na b\n").empty());
}

BOOST_AUTO_TEST_SUITE_END()
