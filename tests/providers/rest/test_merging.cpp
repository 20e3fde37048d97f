#include "providers/rest/merging.hpp"

#include <boost/test/unit_test.hpp>

#include "providers/json_view.hpp"
#include "tests/providers/rest/fixture.hpp"

namespace switchyard::providers::rest {

namespace {

using namespace std::chrono_literals;

model::report view_of(const std::string& text) {
  auto view = json_view(text);
  BOOST_REQUIRE_MESSAGE(view, (view ? "" : view.error().message));
  return *std::move(view);
}

std::vector<std::string> servers_in(const model::report& view, const std::string& backend) {
  std::vector<std::string> names;
  for (const auto& s : view.backends.at(backend).value->servers)
    names.push_back(s.name + "@" + s.address);
  return names;
}

/// "key: reason" of each.
std::string refusals_of(const model::report& view) {
  std::string text;
  for (const auto& r : view.refused) text += r.key + ": " + r.reason + "\n";
  return text;
}

using names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(rest_merging)

BOOST_AUTO_TEST_CASE(one_part_is_what_it_is) {
  const auto a = view_of(tests::document(tests::server_json("s")));
  BOOST_TEST((merge({{"a", &a}}) == a));
}

BOOST_AUTO_TEST_CASE(a_backend_has_the_servers_of_all_parts) {
  const auto a = view_of(tests::document(tests::server_json("z") + "," + tests::server_json("s")));
  const auto b = view_of(tests::document(tests::server_json("m") + "," + tests::server_json("s")));
  const auto c = view_of(tests::document(tests::server_json("x"), "other"));
  const auto all = merge({{"a", &a}, {"b", &b}, {"c", &c}});
  BOOST_TEST(all.full);
  BOOST_TEST((servers_in(all, "api") == names{"m@10.0.0.1", "s@10.0.0.1", "z@10.0.0.1"}));
  BOOST_TEST((servers_in(all, "other") == names{"x@10.0.0.1"}));
  BOOST_TEST(refusals_of(all) == "", "what two parts agree on is no collision");
}

BOOST_AUTO_TEST_CASE(
    very_many_servers_and_routes_of_several_parts_take_no_longer_than_their_number) {
  constexpr int many = 50'000;
  model::backend all{"api", {}, {}};
  model::report part;
  part.routes.emplace();
  for (int i = 0; i < many; ++i) {
    auto& server = all.servers.emplace_back();
    server.name = "s" + std::to_string(i);
    part.routes->push_back({"h" + std::to_string(i), "/", "api"});
  }
  model::sort_servers(all.servers);
  part.backends["api"].value = std::make_shared<const model::backend>(std::move(all));
  const auto begun = std::chrono::steady_clock::now();
  const auto merged = merge({{"a", &part}, {"b", &part}});
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 5s));
  BOOST_TEST(merged.backends.at("api").value->servers.size() == std::size_t{many});
  BOOST_TEST(merged.routes->size() == std::size_t{many});
  BOOST_TEST(merged.refused.empty());
}

BOOST_AUTO_TEST_CASE(where_parts_differ_the_first_one_counts_and_the_other_is_named) {
  const auto a = view_of(R"({"backends": [{"name": "api", "balance": "leastconn", "servers": [)" +
                         tests::server_json("s") + R"(]}],
      "routes": [{"host": "h", "path": "/", "backend": "api"}]})");
  const auto b = view_of(R"({"backends": [{"name": "api", "servers": [)" +
                         tests::server_json("s", "10.0.0.2") + R"(]}],
      "routes": [{"host": "h", "path": "/", "backend": "b"},
                 {"host": "h", "path": "/x", "backend": "b"}]})");
  const auto all = merge({{"a", &a}, {"b", &b}});
  BOOST_TEST((servers_in(all, "api") == names{"s@10.0.0.1"}));
  BOOST_TEST(
      (all.backends.at("api").value->settings.balance == model::balance_algorithm::leastconn));
  BOOST_REQUIRE(all.routes->size() == 2U);
  BOOST_TEST(all.routes->at(0).backend == "api");
  BOOST_TEST(refusals_of(all) ==
             "b: /backends: the settings of backend \"api\" is in a and differs, the one in b is "
             "not used\n"
             "b: /backends: server \"s\" of backend \"api\" is in a and differs, the one in b is "
             "not used\n"
             "b: /routes: the route of host \"h\" and path \"/\" is in a and differs, the one in b "
             "is not used\n");
}

BOOST_AUTO_TEST_CASE(what_one_part_cannot_read_another_one_may_have) {
  const auto bad = R"({"name": "s", "address": "10.0.0.1", "port": 0})";
  const auto a = view_of(tests::document(bad));
  const auto b = view_of(tests::document(tests::server_json("s")));
  const auto both = merge({{"a", &a}, {"b", &b}});
  BOOST_TEST(both.backends.at("api").refused_servers.empty());
  BOOST_TEST((servers_in(both, "api") == names{"s@10.0.0.1"}));
  const auto c = view_of(tests::document(tests::server_json("t")));
  const auto one = merge({{"a", &a}, {"c", &c}});
  BOOST_TEST(one.backends.at("api").refused_servers.contains("s"));
  BOOST_TEST(refusals_of(one).starts_with("a: /backends/0/servers/0/port: "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers::rest
