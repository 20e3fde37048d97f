// The description of the API: the endpoints and it name the same, and the checker of answers is
// one.

#include <boost/test/unit_test.hpp>

#include "api/event_log.hpp"
#include "api/openapi.hpp"
#include "api/routes.hpp"
#include "tests/api/description.hpp"

namespace switchyard::api {

namespace {

using nlohmann::json;

/// Nobody asks it anything.
class silent_service final : public service {
 public:
  base::outcome<status> get_status() override { return none; }
  base::outcome<model::backend_page> get_backends(const std::string&, const std::string&,
                                                  std::size_t) override {
    return none;
  }
  base::outcome<backend_detail> get_backend(const std::string&) override { return none; }
  base::outcome<route_list> get_routes() override { return none; }
  base::outcome<reconcile_result> reconcile() override { return none; }
  base::outcome<write_result> write(const model::edit&, std::chrono::milliseconds) override {
    return none;
  }
  base::outcome<hold_list> get_holds() override { return none; }
  base::outcome<decision_result> decide(std::uint64_t, decision,
                                        std::chrono::milliseconds) override {
    return none;
  }

 private:
  base::error none{base::errc::unavailable, "silent"};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(described)

BOOST_AUTO_TEST_CASE(every_endpoint_is_described_and_nothing_else) {
  silent_service nobody;
  router all;
  add_health(all, nobody);
  add_status(all, nobody);
  add_backends(all, nobody);
  add_routes(all, nobody);
  add_reconcile(all, nobody);
  add_holds(all, nobody);
  add_plan(all, {});
  add_metrics(all, nullptr);
  add_events(all, nullptr, nullptr, "");
  add_log(all, {});
  add_description(all);
  const tests::description described;
  std::vector<std::string> served;
  for (const auto& e : all.endpoints()) {
    served.push_back(e.method + " " + e.pattern);
    BOOST_TEST((e.query == described.query_of(e.method, e.pattern)), served.back());
  }
  std::ranges::sort(served);
  BOOST_TEST(served == described.operations(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_kind_of_event_is_described_on_the_page_as_well) {
  const auto all = tests::description().all();
  const auto& described =
      all.at("components").at("schemas").at("event").at("properties").at("kind").at("enum");
  BOOST_TEST((described == json(event_kinds)));
  const auto page = tests::read_text(std::string(SWITCHYARD_SOURCE_DIR) + "/docs/events.md");
  const auto table = page.substr(page.find("| kind |"));
  for (const auto kind : event_kinds)
    BOOST_TEST(tests::contains(table, "`" + std::string(kind) + "`"), kind);
}

BOOST_AUTO_TEST_CASE(the_program_has_the_description_of_the_repository) {
  BOOST_TEST((json::parse(openapi()) == tests::description().all()));
}

BOOST_AUTO_TEST_CASE(the_checker_finds_faults) {
  const tests::description d;
  const json schema = json::parse(R"({"type": "object", "additionalProperties": false,
    "required": ["a"], "properties": {"a": {"type": ["integer", "null"]},
    "b": {"type": "array", "items": {"enum": ["x"]}}, "c": {"anyOf": [{"type": "string"}]},
    "n": {"minimum": 1, "maximum": 3}, "p": {"pattern": "^x+$"}}})");
  BOOST_TEST(d.faults(json::parse(R"({"a": 1, "b": ["x"], "c": "y", "n": 3, "p": "xx"})"), schema)
                 .empty());
  for (const auto* bad : {R"({})", R"({"a": "1"})", R"({"a": 1, "d": 2})",
                          R"({"a": 1, "b": ["y"]})", R"({"a": 1, "c": 2})", R"({"a": 1, "n": 0})",
                          R"({"a": 1, "n": 4})", R"({"a": 1, "p": "xy"})", R"([])"})
    BOOST_TEST(!d.faults(json::parse(bad), schema).empty(), bad);
  BOOST_TEST(!d.faults(1, json{{"oneOf", 1}}).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
