#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "haproxy/overlay_files.hpp"
#include "haproxy/route_table.hpp"
#include "haproxy/routes.hpp"

namespace switchyard::haproxy {

namespace {

const std::string map = "/var/lib/switchyard/haproxy.routes.map";

presence_of has(std::set<std::string> running, std::set<std::string> coming = {}) {
  return [running = std::move(running), coming = std::move(coming)](const std::string& name) {
    if (running.contains(name)) return backend_presence::running;
    return coming.contains(name) ? backend_presence::coming : backend_presence::unknown;
  };
}

std::vector<std::string> lines_of(const std::vector<command>& commands) {
  std::vector<std::string> lines;
  lines.reserve(commands.size());
  for (const auto& c : commands) lines.push_back(c.line);
  return lines;
}

std::vector<std::string> planned(const route_entries& actual, const route_entries& wanted) {
  return lines_of(plan_routes("/m", actual, wanted).value());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(routes)

BOOST_AUTO_TEST_CASE(the_map_lies_beside_the_configuration) {
  BOOST_TEST(map_beside("/a/haproxy.cfg") == "/a/haproxy.routes.map");
  BOOST_TEST(map_beside("/a/other") == "/a/other.routes.map");
}

BOOST_AUTO_TEST_CASE(a_key_ends_at_a_segment) {
  BOOST_TEST(route_key({"example.com", "/", "b"}) == "example.com/");
  BOOST_TEST(route_key({"example.com", "/v1", "b"}) == "example.com/v1/");
  BOOST_TEST(route_key({"", "/v1", "b"}) == "/v1/");
  BOOST_TEST(route_key({"*.example.com", "/v1", "b"}) == "*.example.com/v1/");
}

BOOST_AUTO_TEST_CASE(a_change_is_told_with_host_path_and_backend) {
  const std::string nowhere(no_backend);
  const route_entries before{{"a/", "x"}, {"b/v1/", "x"}, {"c/", nowhere}, {"/", "x"}};
  const route_entries after{{"a/", "x"}, {"b/v1/", "y"}, {"c/", "y"}, {"d/v1/v2/", nowhere}};
  std::vector<std::string> told;
  for (const auto& change : changes_between(before, after)) told.push_back(words_of(change));
  const std::vector<std::string> wanted{
      "route b/v1 leads to y, no longer to x",
      "route c/ leads to y",
      "route d/v1/v2 answers 503 until its backend is there",
      "route / to x deleted",
  };
  BOOST_TEST(told == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_route_to_a_running_backend_names_it) {
  BOOST_TEST((wanted_entries({{"h", "/", "a"}}, has({"a"}), {}) == route_entries{{"h/", "a"}}));
}

BOOST_AUTO_TEST_CASE(a_route_to_a_backend_that_nobody_has_answers_503) {
  BOOST_TEST((wanted_entries({{"h", "/", "a"}}, has({}), {{"h/", "old"}}) ==
              route_entries{{"h/", std::string(no_backend)}}));
}

BOOST_AUTO_TEST_CASE(a_route_waits_for_its_backend_and_stays_what_it_was_until_then) {
  const std::vector<model::route> list{{"h", "/", "new"}, {"h", "/x", "new"}};
  BOOST_TEST((wanted_entries(list, has({"old"}, {"new"}), {{"h/", "old"}}) ==
              route_entries{{"h/", "old"}}));
  BOOST_TEST((wanted_entries(list, has({}, {"new"}), {{"h/", "gone"}}) ==
              route_entries{{"h/", std::string(no_backend)}}));
}

BOOST_AUTO_TEST_CASE(additions_and_changes_come_before_removals) {
  const auto lines = planned({{"a/", "one"}, {"b/", "one"}}, {{"b/", "two"}, {"c/", "one"}});
  const std::vector<std::string> expected{"set map /m b/ two", "add map /m c/ one",
                                          "del map /m a/"};
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_the_same_costs_nothing) {
  BOOST_TEST(planned({{"a/", "one"}}, {{"a/", "one"}}).empty());
}

BOOST_AUTO_TEST_CASE(a_whole_map_goes_into_a_version_of_its_own) {
  const auto lines = lines_of(plan_whole_map("/m", "7", {{"a/", "one"}}).value());
  const std::vector<std::string> expected{"add map @7 /m a/ one", "commit map @7 /m"};
  BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_value_becomes_a_second_command) {
  for (const std::string bad : {"a; quit", "a\nquit", "a b", "<<", "a\\ b", "\"a\"", "ä", ""}) {
    BOOST_TEST(!plan_routes("/m", {}, {{bad, "b"}}), bad);
    BOOST_TEST(!plan_routes("/m", {}, {{"k/", bad}}), bad);
    BOOST_TEST(!plan_routes("/m", {{bad, "b"}}, {}), bad);
    BOOST_TEST(!plan_whole_map("/m", "1", {{"k/", bad}}), bad);
  }
}

BOOST_AUTO_TEST_CASE(a_route_that_cannot_be_one_line_of_the_map_is_no_entry) {
  for (const auto* host : {"a\nevil.example.com/ other\n", "a b", "a\r", "#a", "a;b", "\xc3\xa4"})
    BOOST_TEST_CONTEXT("host \"" << host << '"')
  BOOST_TEST((wanted_entries({{host, "/", "a"}, {"h", "/", "a"}}, has({"a"}), {}) ==
              route_entries{{"h/", "a"}}));
  BOOST_TEST(wanted_entries({{"h", "/", "a b"}}, has({"a b"}), {}).empty());
}

BOOST_AUTO_TEST_CASE(the_file_is_read_back_as_it_was_written) {
  const route_entries entries{{"*.example.com/", "b"}, {"/", "*"}, {"example.com/v1/", "a"}};
  BOOST_TEST((parse_map_text(map_text(entries)).value() == entries));
  BOOST_TEST(parse_map_text("").value().empty());
  for (const auto* bad : {"a/\n", "a/ b c\n", "a/ b\na/ c\n"})
    BOOST_TEST(!parse_map_text(bad), bad);
}

BOOST_AUTO_TEST_CASE(the_running_map_is_read) {
  BOOST_TEST((parse_map("0x55d a/ one\n0x55e b/v1/ two").value() ==
              route_entries{{"a/", "one"}, {"b/v1/", "two"}}));
  BOOST_TEST(parse_map("").value().empty());
  BOOST_TEST((parse_map("Unknown map identifier. Please use #<id> or <file>.").error().kind ==
              base::errc::not_found));
  BOOST_TEST(!parse_map("something else"));
}

BOOST_AUTO_TEST_CASE(a_key_that_is_there_twice_is_repaired) {
  BOOST_TEST((parse_map("0x1 a/ one\n0x2 a/ two").value() == route_entries{{"a/", ""}}));
}

BOOST_AUTO_TEST_CASE(the_new_version_is_a_number) {
  BOOST_TEST(parse_new_version("New version created: 12").value() == "12");
  BOOST_TEST(!parse_new_version("New version created: 1;x"));
  BOOST_TEST(!parse_new_version("New version created: "));
  BOOST_TEST(!parse_new_version("Unknown map identifier. Please use #<id> or <file>."));
}

BOOST_AUTO_TEST_CASE(a_path_that_an_expression_would_split_is_refused) {
  BOOST_TEST(static_cast<bool>(routing_lines(map)));
  for (const auto* bad : {"/a b/m", "/a,b/m", "/a)b", "relative", "/a'b", "/${HOME}/m"})
    BOOST_TEST(!routing_lines(bad), bad);
}

BOOST_AUTO_TEST_CASE(routes_that_leave_while_one_never_reports_are_remembered_while_there) {
  overlay_files files;
  BOOST_REQUIRE(files.write(map, map_text({{"earlier/", "a"}})));
  route_table table(map, files);
  BOOST_REQUIRE(table.load());
  const auto want = [&](const std::vector<model::route>& routes) {
    table.want(std::make_shared<const std::vector<model::route>>(routes), false);
  };
  const auto entries = [&] {
    BOOST_REQUIRE(table.save(has({"a"})));
    return parse_map_text(files.text(map).value()).value();
  };
  want({{"first", "/", "a"}});
  BOOST_TEST((entries() == route_entries{{"earlier/", "a"}, {"first/", "a"}}));
  std::size_t most = 0;
  for (int i = 0; i < 50'000; ++i) {
    want({{"h" + std::to_string(i), "/", "a"}});
    most = std::max(most, table.dismissed());
  }
  BOOST_TEST(most <= route_table::few_dismissed + 1);
  BOOST_TEST(most > route_table::few_dismissed / 2);
  // What this run has dismissed goes, also after all the others; what an earlier one left stays.
  BOOST_TEST((entries() == route_entries{{"earlier/", "a"}, {"h49999/", "a"}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
