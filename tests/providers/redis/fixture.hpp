#pragma once

// A database of its own for each test, and a provider that follows it.

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/desired_state.hpp"
#include "providers/redis/redis_provider.hpp"
#include "tests/providers/recording_sink.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests {

using namespace std::chrono_literals;
using level = model::provider_health::level;

struct keyspace {
  explicit keyspace(redis_server& of = shared_redis()) : server(of) {
    server.cli({"FLUSHALL"});
    server.cli({"CONFIG", "SET", "notify-keyspace-events", ""});
  }

  redis_server& server;

  std::string cli(const std::vector<std::string>& words, unsigned database = 0) const {
    return server.cli(words, database);
  }
  std::string pipe(std::string_view lines, unsigned database = 0) const {
    return server.pipe(lines, database);
  }
  /// A hash of one server.
  void set_server(const std::string& backend, const std::string& name,
                  const std::string& address = "10.0.1.12",
                  const std::string& port = "8080") const {
    cli({"HSET", "switchyard:server:" + backend + ":" + name, "address", address, "port", port});
  }

  config::redis_settings settings() const {
    config::redis_settings result;
    result.url = server.url();
    // Only what a test is about should show: no full read comes in between.
    result.resync = 1h;
    return result;
  }
};

/// A running provider and all it reported.
class followed {
 public:
  explicit followed(const config::redis_settings& settings) : provider_("registry", settings) {
    provider_.start(sink_);
  }
  ~followed() { provider_.stop(); }
  followed(const followed&) = delete;
  followed& operator=(const followed&) = delete;

  bool wait_live() const { return wait_health(level::live); }
  bool wait_health(level wanted) const {
    return eventually([&] { return sink_.last_health().value == wanted; });
  }
  bool wait_reason(std::string_view part) const {
    return eventually([&] {
      const auto health = sink_.last_health();
      return health.value == level::degraded && contains(health.reason, part);
    });
  }

  /// What a manager would make of all reports so far.
  model::desired_state state() const {
    model::desired_state result({"registry"});
    for (const auto& report : reports()) result.fold("registry", report);
    return result;
  }
  model::backend_ptr backend(const std::string& name) const { return state().find(name); }
  std::vector<model::route> routes() const { return state().routes(); }
  bool has(const std::string& name, const std::string& server) const {
    const auto found = backend(name);
    return found && found->find(server) != nullptr;
  }
  bool wait_server(const std::string& name, const std::string& server) const {
    return eventually([&] { return has(name, server); });
  }
  bool wait_no_server(const std::string& name, const std::string& server) const {
    return eventually([&] { return !has(name, server); });
  }
  /// The last reason that was given for refusing a key, "" when it never was.
  std::string refusal(const std::string& key) const {
    std::string reason;
    for (const auto& report : reports())
      for (const auto& r : report.refused)
        if (r.key == key) reason = r.reason;
    return reason;
  }
  bool wait_refusal(const std::string& key, std::string_view part) const {
    return eventually([&] { return contains(refusal(key), part); });
  }

  std::vector<model::provider_health> healths() const { return sink_.healths(); }
  std::vector<model::report> reports() const { return sink_.reports(); }
  model::provider_health health() const { return sink_.last_health(); }
  providers::redis::redis_provider& provider() { return provider_; }

 private:
  recording_sink sink_;
  providers::redis::redis_provider provider_;
};

}  // namespace switchyard::tests
