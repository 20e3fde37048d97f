#pragma once

// Installations that something happens to: two servers that answer.

#include <boost/test/unit_test.hpp>

#include "tests/integration/site.hpp"

namespace switchyard::tests {

struct healing_site {
  http_upstream one{"srv1"}, two{"srv2"}, three{"srv3"};
  schema db;
  site gateway;

  explicit healing_site(const site_options& options = {}, const std::string& resync = "2s")
      : gateway(prepared(resync), options) {
    BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1", "srv2"}), gateway.log());
  }

  std::string prepared(const std::string& resync) {
    db.sql(insert_server("api-backend", "srv1", one.port()) +
           insert_server("api-backend", "srv2", two.port()));
    return db.provider_yaml("resync: " + resync);
  }

  std::string at(const http_upstream& upstream, const std::string& rest = "100 ready") const {
    return "127.0.0.1:" + std::to_string(upstream.port()) + " " + rest;
  }
};

/// Neither a reconcile nor a resync comes that could find what should be noticed at once.
struct without_looking : healing_site {
  without_looking() : healing_site(options(), "1h") {}
  static site_options options() {
    site_options o;
    o.reconcile = "10m";
    return o;
  }
};

}  // namespace switchyard::tests
