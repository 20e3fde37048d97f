#pragma once

// An HTTP API whose answer a test sets, and a provider that follows it.

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/desired_state.hpp"
#include "providers/rest/rest_provider.hpp"
#include "tests/providers/recording_sink.hpp"
#include "tests/support/http_api.hpp"

namespace switchyard::tests {

using namespace std::chrono_literals;
using level = model::provider_health::level;

inline std::string server_json(const std::string& name, const std::string& address = "10.0.0.1") {
  return R"({"name": ")" + name + R"(", "address": ")" + address + R"(", "port": 80})";
}

/// A document of one backend.
inline std::string document(const std::string& servers, const std::string& backend = "api") {
  return R"({"backends": [{"name": ")" + backend + R"(", "servers": [)" + servers + "]}]}";
}

/// Gives the same answer to everybody, until another one is set.
class spoken {
 public:
  spoken() : spoken(http_api::options{}) {}
  explicit spoken(const http_api::options& how)
      : api([this](const http_api::request&) { return now(); }, how) {}
  explicit spoken(const std::string& body) : spoken() { say(200, body); }

  void say(http_api::reply what) {
    const std::lock_guard lock(mutex_);
    now_ = std::move(what);
  }
  void say(int status, std::string_view body, std::string_view fields = "") {
    say(http_api::answer(status, body, fields));
  }
  /// Waits until it was asked so many times more.
  bool asked_again(std::size_t times = 2) const {
    const auto before = api.requests().size();
    return eventually([&] { return api.requests().size() >= before + times; });
  }

 private:
  http_api::reply now() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  mutable std::mutex mutex_;
  http_api::reply now_ = http_api::answer(404, "");

 public:
  http_api api;
};

/// Settings that ask often.
inline config::rest_settings settings_for(std::vector<std::string> urls) {
  config::rest_settings result;
  result.urls = std::move(urls);
  result.interval = 20ms;
  return result;
}
inline config::rest_settings settings_for(const std::string& url) {
  return settings_for(std::vector<std::string>{url});
}

/// A running provider and all it reported.
class followed {
 public:
  explicit followed(const config::rest_settings& settings) : provider_("catalog", settings) {
    provider_.start(sink_);
  }
  ~followed() { provider_.stop(); }
  followed(const followed&) = delete;
  followed& operator=(const followed&) = delete;

  bool live() const {
    return eventually([&] { return sink_.last_health().value == level::live; });
  }
  bool degraded_with(std::string_view reason) const {
    return eventually([&] {
      const auto health = sink_.last_health();
      return health.value == level::degraded && contains(health.reason, reason);
    });
  }
  /// Waits until the backend has exactly these servers, as a manager would have it.
  bool has(const std::vector<std::string>& servers, const std::string& backend = "api") const {
    return eventually([&] { return servers_of(backend) == servers; });
  }
  std::vector<std::string> servers_of(const std::string& backend) const {
    std::vector<std::string> names;
    if (const auto found = state().find(backend))
      for (const auto& server : found->servers) names.push_back(server.name);
    return names;
  }
  model::desired_state state() const {
    model::desired_state result({"catalog"});
    for (const auto& report : sink_.reports()) result.fold("catalog", report);
    return result;
  }
  std::size_t reports() const { return sink_.reports().size(); }
  std::vector<model::report> all_reports() const { return sink_.reports(); }
  std::vector<model::refusal> refused() const {
    const auto all = sink_.reports();
    return all.empty() ? std::vector<model::refusal>() : all.back().refused;
  }
  model::provider_health health() const { return sink_.last_health(); }
  /// Every reason so far, a line each.
  std::string reasons() const {
    std::string text;
    for (const auto& health : sink_.healths()) text += health.reason + "\n";
    return text;
  }
  void stop() { provider_.stop(); }

 private:
  recording_sink sink_;
  providers::rest::rest_provider provider_;
};

}  // namespace switchyard::tests
