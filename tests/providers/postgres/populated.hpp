#pragma once

// A provider that follows a database with one backend, and what its changes cause.

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tests/providers/postgres/fixture.hpp"

namespace switchyard::tests {

/// A provider that follows a backend "api" of four servers without constraints on ports.
struct populated {
  database db;
  std::unique_ptr<followed> provider;

  populated() {
    db.make_tables();
    std::string script = "ALTER TABLE servers DROP CONSTRAINT servers_port;";
    for (const std::string name : {"srv1", "srv2", "srv3", "srv4"})
      script += insert_server("api", name);
    db.psql(script);
    provider = std::make_unique<followed>(db.settings());
    BOOST_REQUIRE(provider->wait_live());
  }

  /// Runs the statements as one transaction and gives the reports up to one that has them all.
  std::vector<model::report> reports_of(const std::string& sql) const {
    const auto before = provider->reports().size();
    db.psql("BEGIN;" + sql + "COMMIT;");
    BOOST_REQUIRE(eventually([&] { return provider->reports().size() > before; }));
    // A later transaction is reported later: what this one caused is out by then.
    db.psql(insert_server("end" + std::to_string(before), "srv1"));
    BOOST_REQUIRE(provider->wait_server("end" + std::to_string(before), "srv1"));
    auto all = provider->reports();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before));
    return all;
  }

  /// What another provider makes of the database now.
  model::backend_ptr afresh(const std::string& name) const {
    providers::postgres::postgres_provider other("other", db.settings());
    const auto read = other.backend(name);
    BOOST_REQUIRE(read);
    return read->backends.at(name).value;
  }

  void agrees(const std::string& name = "api") const {
    const auto ours = provider->backend(name);
    const auto theirs = afresh(name);
    BOOST_REQUIRE(ours != nullptr);
    BOOST_REQUIRE(theirs != nullptr);
    BOOST_CHECK(*ours == *theirs);
  }
};

inline std::string port_of(const std::string& name, const std::string& port) {
  return "UPDATE servers SET port = " + port + " WHERE name = '" + name + "';";
}

}  // namespace switchyard::tests
