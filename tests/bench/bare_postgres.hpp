#pragma once

// LISTEN and one prepared query, for a bare loop.

#include <string>
#include <vector>

#include "tests/bench/bare_loop.hpp"
#include "tests/bench/database_session.hpp"

namespace switchyard::tests::bench {

class bare_postgres final : public bare_source {
 public:
  /// The tables and triggers that it reads; a payload is a server's name.
  static std::string schema_sql();

  explicit bare_postgres(const std::string& dsn);

  int socket() const override { return database_.socket(); }
  std::vector<std::string> notifications() override { return database_.notifications(); }
  std::string read(const std::string& server) override;

 private:
  database_session database_;
};

}  // namespace switchyard::tests::bench
