#pragma once

// A subscription to keyspace events and one HMGET, for a bare loop.

#include <string>
#include <vector>

#include "tests/bench/bare_loop.hpp"
#include "tests/bench/redis_session.hpp"

namespace switchyard::tests::bench {

class bare_redis final : public bare_source {
 public:
  /// Follows hashes with the fields address and port whose keys are `prefix` and a server's name.
  bare_redis(const std::string& socket, std::string prefix);

  int socket() const override { return events_.fd(); }
  std::vector<std::string> notifications() override;
  std::string read(const std::string& server) override;

 private:
  std::string prefix_;
  std::string channel_;
  redis_session events_;
  redis_session values_;
};

}  // namespace switchyard::tests::bench
