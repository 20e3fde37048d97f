#pragma once

// A running switchyard on PostgreSQL whose start is over, with what it tells of itself.

#include <boost/test/unit_test.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/integration/figures.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

/// How many changes of the site's provider are in HAProxy.
inline const std::string propagated = "switchyard_propagation_seconds_count{provider=\"db\"}";

struct observed {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  std::unique_ptr<site> all;

  explicit observed(const site_options& options = {}, const std::string& more_providers = "") {
    db.sql(insert_server("api-backend", "srv1", one.port()));
    all = std::make_unique<site>(db.provider_yaml() + more_providers, options);
    BOOST_REQUIRE(all->answered_by({"srv1"}));
    BOOST_REQUIRE(
        eventually([&] { return http_ask(all->api_port(), "GET", "/readyz").status == 200; }));
    // All of the start is counted.
    BOOST_REQUIRE(eventually([&] { return count(propagated) > 0; }));
  }

  figures scrape() const { return figures(all->api_port()); }
  double count(std::string_view series) const { return scrape().count(series); }
  nlohmann::json status() const {
    return nlohmann::json::parse(http_ask(all->api_port(), "GET", "/v1/status").body);
  }
  void add(const std::string& name) const {
    db.sql(insert_server("api-backend", name, two.port()));
  }
};

}  // namespace switchyard::tests
