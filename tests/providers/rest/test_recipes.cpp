// The recipes of docs/recipes/: each transform on an answer in the format that the program
// publishes.

#include <boost/test/unit_test.hpp>

#include "config/load.hpp"
#include "providers/json_view.hpp"
#include "providers/registry.hpp"
#include "providers/rest/transformer.hpp"
#include "tests/support/support.hpp"

namespace switchyard::providers::rest {

namespace {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

const std::string source_folder = SWITCHYARD_SOURCE_DIR;

/// The settings that a recipe shows: its first block of YAML.
config::rest_settings settings_of(const std::string& recipe) {
  const auto page = tests::read_text(source_folder + "/docs/recipes/" + recipe + ".md");
  constexpr std::string_view fence = "```yaml\n";
  const auto from = page.find(fence);
  BOOST_REQUIRE_MESSAGE(from != std::string::npos, recipe);
  const auto begin = from + fence.size();
  const auto read =
      config::parse(page.substr(begin, page.find("```", begin) - begin), "/etc/s.yaml", {});
  BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
  BOOST_TEST(bool(make(read->providers.at(0))), recipe);
  return std::get<config::rest_settings>(read->providers.at(0).source);
}

/// What the recipe makes of the recorded answer.
model::report view_by(const std::string& recipe) {
  const auto settings = settings_of(recipe);
  const auto recorded =
      tests::read_text(source_folder + "/tests/providers/rest/recorded/" + recipe + ".json");
  const auto text = rest::transform(settings.transform, recorded, {10s, 1 << 20}, nullptr);
  BOOST_REQUIRE_MESSAGE(text, (text ? "" : text.error().message));
  auto view = json_view(*text);
  BOOST_REQUIRE_MESSAGE(view, *text + (view ? "" : view.error().message));
  for (const auto& r : view->refused) BOOST_ERROR(recipe + ": " + r.key + ": " + r.reason);
  return *std::move(view);
}

/// "backend/server address:port weight state" of each.
lines servers_in(const model::report& view) {
  lines all;
  for (const auto& [name, event] : view.backends)
    for (const auto& s : event.value->servers)
      all.push_back(name + "/" + s.name + " " + s.address + ":" + std::to_string(s.port) + " " +
                    std::to_string(s.weight) + " " + std::string(to_string(s.state)));
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recipes)

BOOST_AUTO_TEST_CASE(consul) {
  BOOST_TEST((settings_of("consul").long_poll == config::rest_long_poll::consul));
  BOOST_TEST(servers_in(view_by("consul")) == lines({
                                                  "web/web-1 10.1.10.12:8000 100 ready",
                                                  "web/web-2 10.1.10.13:8000 10 ready",
                                                  "web/web-3 10.1.10.14:8000 100 maint",
                                              }),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(eureka) {
  const auto view = view_by("eureka");
  BOOST_TEST(
      servers_in(view) == lines({
                              "orders/orders-1.example.com:orders:8080 10.0.3.11:8080 100 ready",
                              "orders/orders-2.example.com:orders:8080 10.0.3.12:8080 100 maint",
                              "payments/payments-1:payments:8443 10.0.3.21:8443 100 ready",
                          }),
      boost::test_tools::per_element());
  BOOST_TEST(view.backends.at("payments").value->settings.tls.enabled);
}

BOOST_AUTO_TEST_CASE(nomad) {
  BOOST_TEST(servers_in(view_by("nomad")) ==
                 lines({
                     "redis/_nomad-task-0af51f61-6b04-9c66-4dd5-000000000001-redis-redis-db "
                     "10.0.2.15:29702 100 ready",
                     "redis/_nomad-task-9bd1b4a9-6b04-9c66-4dd5-000000000002-redis-redis-db "
                     "10.0.2.16:23170 100 ready",
                 }),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(docker) {
  BOOST_TEST(servers_in(view_by("docker")) == lines({
                                                  "api/shop-api-1 172.18.0.3:8080 100 ready",
                                                  "api/shop-api-2 172.18.0.4:8080 50 ready",
                                              }),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(patroni) {
  const auto view = view_by("patroni");
  BOOST_TEST(servers_in(view) == lines({
                                     "postgres-primary/node1 10.0.5.11:5432 100 ready",
                                     "postgres-primary/node2 10.0.5.12:5432 100 maint",
                                     "postgres-primary/node3 10.0.5.13:5432 100 maint",
                                     "postgres-replicas/node1 10.0.5.11:5432 100 maint",
                                     "postgres-replicas/node2 10.0.5.12:5432 100 ready",
                                     "postgres-replicas/node3 10.0.5.13:5432 100 maint",
                                 }),
             boost::test_tools::per_element());
  BOOST_TEST((view.backends.at("postgres-primary").value->settings.mode == model::proxy_mode::tcp));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers::rest
