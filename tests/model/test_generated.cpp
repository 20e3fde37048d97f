// Laws that hold for any value: each seed is one case.

#include "generated.hpp"

#include <boost/test/unit_test.hpp>

#include "model/desired_state.hpp"
#include "model/document.hpp"

using namespace switchyard::model;
using nlohmann::json;
using switchyard::tests::generator;

namespace {

constexpr unsigned seeds = 2000;

/// Through text, as a file or an answer would carry it.
json reread(const json& value) {
  return *parse_json(value.dump());
}

bool same_state(const desired_state& a, const desired_state& b) {
  if (a.backends().size() != b.backends().size() || a.routes() != b.routes()) return false;
  for (const auto& [name, value] : a.backends())
    if (!b.find(name) || *b.find(name) != *value) return false;
  return a.complete() == b.complete();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(generated_values)

BOOST_AUTO_TEST_CASE(what_is_encoded_decodes_to_the_same_value) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    generator g(seed);
    const auto b = g.backend("b" + std::to_string(seed));
    const auto r = g.route();
    const json document = {{"backends", {encode(b)}}, {"routes", {encode(r)}}};
    const auto decoded = decode_document(reread(document));
    BOOST_REQUIRE(decoded);
    BOOST_REQUIRE_MESSAGE(decoded->refused.empty(), "seed " << seed);
    BOOST_REQUIRE((*decoded->backends.at(b.name).value == b));
    BOOST_REQUIRE((*decoded->routes == std::vector<route>{r}));
  }
}

BOOST_AUTO_TEST_CASE(settings_and_servers_round_trip_alone_too) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    generator g(seed);
    problems sink;
    const auto settings = g.settings();
    BOOST_REQUIRE((decode_settings(reread(encode(settings)), "", sink) == settings));
    const auto server = g.server("s");
    BOOST_REQUIRE((decode_server(reread(encode(server)), "", sink) == server));
    BOOST_REQUIRE(sink.empty());
  }
}

BOOST_AUTO_TEST_CASE(reports_folded_together_mean_what_they_mean_one_by_one) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    generator g(seed);
    desired_state one_by_one({"p"});
    desired_state folded({"p"});
    // A backend whose first version is refused in part is the one case where they may differ.
    report start;
    start.full = true;
    for (const auto* name : {"b0", "b1", "b2"})
      start.backends[name].value = std::make_shared<const backend>(g.backend(name));
    one_by_one.fold("p", start);
    folded.fold("p", start);
    auto pending = g.report();
    one_by_one.fold("p", pending);
    for (int i = 0; i < 3; ++i) {
      auto later = g.report();
      one_by_one.fold("p", later);
      fold(pending, std::move(later));
    }
    folded.fold("p", pending);
    BOOST_REQUIRE_MESSAGE(same_state(one_by_one, folded), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(the_merge_depends_on_the_views_alone_not_on_the_order_of_reports) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    generator g(seed);
    const auto a1 = g.report();
    const auto a2 = g.report();
    const auto b1 = g.report();
    const auto b2 = g.report();
    desired_state first({"a", "b"});
    desired_state second({"b", "a"});
    for (const auto* r : {&a1, &a2}) first.fold("a", *r);
    for (const auto* r : {&b1, &b2}) first.fold("b", *r);
    second.fold("b", b1);
    second.fold("a", a1);
    second.fold("b", b2);
    second.fold("a", a2);
    second.configure({"a", "b"}, {});
    BOOST_REQUIRE_MESSAGE(same_state(first, second), "seed " << seed);
    BOOST_REQUIRE((first.collisions() == second.collisions()));
  }
}

BOOST_AUTO_TEST_CASE(a_report_taken_twice_changes_nothing_the_second_time) {
  for (unsigned seed = 0; seed < seeds; ++seed) {
    generator g(seed);
    desired_state state({"p", "q"});
    state.fold("q", g.report());
    state.fold("p", g.report());
    const auto report = g.report();
    state.fold("p", report);
    const auto revision = state.revision();
    const auto again = state.fold("p", report);
    BOOST_REQUIRE((again.changed.empty() && !again.routes_changed && again.new_collisions.empty()));
    BOOST_REQUIRE(state.revision() == revision);
  }
}

BOOST_AUTO_TEST_SUITE_END()
