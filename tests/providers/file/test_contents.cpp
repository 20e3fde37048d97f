#include "providers/file/contents.hpp"

#include <boost/test/unit_test.hpp>

#include "fixture.hpp"

using namespace switchyard;
using namespace switchyard::tests;
using providers::file::contents;

BOOST_AUTO_TEST_SUITE(file_contents)

BOOST_AUTO_TEST_CASE(the_same_text_changes_nothing) {
  contents c;
  BOOST_TEST(c.set("a.json", json_document("api")));
  BOOST_TEST(!c.set("a.json", json_document("api")));
  BOOST_TEST(c.set("a.json", json_document("api", 81)));
}

BOOST_AUTO_TEST_CASE(backends_of_files_that_did_not_change_keep_their_very_values) {
  contents c;
  c.set("a.json", json_document("api"));
  c.set("b.json", json_document("web"));
  const auto before = c.merge();
  c.set("b.json", json_document("web", 81));
  const auto after = c.merge();
  BOOST_TEST((before.backends.at("api").value == after.backends.at("api").value));
  BOOST_TEST((before.backends.at("web").value != after.backends.at("web").value));
}

BOOST_AUTO_TEST_CASE(a_fault_keeps_the_last_good_text_and_ends_when_that_comes_back) {
  contents c;
  c.set("a.json", json_document("api"));
  BOOST_TEST(!c.set("a.json", "{"));
  BOOST_TEST(c.faults().size() == 1U);
  BOOST_TEST(c.whole());
  BOOST_TEST(summary(c.merge()) == "api:80");
  BOOST_TEST(!c.set("a.json", json_document("api")));
  BOOST_TEST(c.faults().empty());
  c.fail("a.json", "cannot be read");
  BOOST_TEST(c.faults()[0] == "a.json: cannot be read");
  BOOST_TEST(summary(c.merge()) == "api:80");
}

BOOST_AUTO_TEST_CASE(a_file_that_goes_takes_its_fault_along) {
  contents c;
  BOOST_TEST(!c.remove("a.json"));
  c.set("a.json", "{");
  BOOST_TEST((!c.whole() && !c.merge().full));
  BOOST_TEST(c.remove("a.json"));
  BOOST_TEST((c.whole() && c.merge().full && c.faults().empty()));
}

BOOST_AUTO_TEST_CASE(a_file_that_was_not_read_yet_keeps_the_view_from_being_a_snapshot) {
  contents c;
  c.set("a.json", json_document("api"));
  c.expect("a.json");
  BOOST_TEST(c.merge().full);
  c.expect("b.json");
  BOOST_TEST((!c.merge().full && c.faults().empty()));
  BOOST_TEST(c.merge().gone_routes.has_value());
  c.set("b.json", json_document("web"));
  BOOST_TEST(c.merge().full);
  BOOST_TEST(!c.merge().gone_routes.has_value());
}

BOOST_AUTO_TEST_CASE(refused_settings_and_routes_are_passed_on) {
  contents c;
  c.set(
      "a.json",
      R"({"backends": [{"name": "api", "mode": "x"}], "routes": [{"host": "h", "backend": "a b"}]})");
  const auto view = c.merge();
  BOOST_TEST(view.backends.at("api").settings_refused);
  BOOST_TEST((view.refused_routes == std::set<std::pair<std::string, std::string>>{{"h", "/"}}));
  BOOST_REQUIRE(view.refused.size() == 2U);
  BOOST_TEST(view.refused[0].key == "a.json: /backends/0/mode");
  BOOST_TEST(view.refused[1].key == "a.json: /routes/0/backend");
}

BOOST_AUTO_TEST_CASE(yaml_and_json_say_persistence_in_the_same_way) {
  contents c;
  c.set("a.yaml", "backends:\n  - name: api\n    sticky: {cookie: SRV}\n");
  c.set("b.json", R"({"backends": [{"name": "web", "sticky": {"cookie": "SRV"}}]})");
  c.set("c.yaml", "backends:\n  - {name: bad, sticky: {cookie: a b}}\n");
  c.set("d.yaml", "backends:\n  - {name: worse, sticky: {cookie: 7}}\n");
  const auto view = c.merge();
  for (const auto* name : {"api", "web"})
    BOOST_TEST((view.backends.at(name).value->settings.sticky == model::sticky_settings{"SRV"}));
  BOOST_REQUIRE(view.refused.size() == 2U);
  BOOST_TEST(view.refused[0].key == "c.yaml: /backends/0/sticky/cookie");
  BOOST_TEST(view.refused[1].key == "d.yaml: /backends/0/sticky/cookie");
}

BOOST_AUTO_TEST_CASE(strange_file_names_do_not_break_a_line) {
  contents c;
  c.set("a\nb.json", "{");
  BOOST_TEST(c.faults()[0].starts_with("\"a\\nb.json\":1:"), c.faults()[0]);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_too_much_beside_the_others_keeps_its_last_good_content) {
  const auto text = json_document("api");
  contents c(text.size() * 2);
  c.set("a.json", text);
  BOOST_TEST(c.set("b.json", json_document("web")));
  BOOST_TEST(!c.set("b.json", json_document("web") + " "));
  BOOST_REQUIRE_EQUAL(c.faults().size(), 1U);
  BOOST_TEST(c.faults()[0].starts_with("b.json: the source gives more than max_bytes"));
  BOOST_TEST((c.crowded_out() == std::vector<std::string>{"b.json"}));
  BOOST_TEST(c.bytes() == 2 * text.size());
  BOOST_TEST(summary(c.merge()) == "api:80 web:80");
  c.remove("a.json");
  BOOST_TEST(c.bytes() == text.size());
  BOOST_TEST(!c.set("b.json", json_document("web")));
  BOOST_TEST((c.faults().empty() && c.crowded_out().empty()));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_nested_deeper_than_it_may_be_is_refused) {
  contents c(1U << 20U, 5);
  BOOST_TEST(c.set("a.json", json_document("api")));
  BOOST_TEST(!c.set("b.json", "[[[[[[]]]]]]"));
  BOOST_TEST(!c.set("c.yaml", "[[[[[[]]]]]]"));
  for (const auto& fault : c.faults()) BOOST_TEST(contains(fault, "nested deeper than 5"), fault);
  BOOST_TEST(c.faults().size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
