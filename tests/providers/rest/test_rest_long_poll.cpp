// Consul's blocking queries: the answer comes when something has changed.

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <filesystem>

#include "tests/providers/rest/fixture.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace switchyard::tests {

namespace {

/// Keeps a document with an index, and answers a query with an index once it is past that.
class consul {
 public:
  ~consul() { change(document("")); }

  void change(const std::string& to, std::uint64_t step = 1) {
    const std::lock_guard lock(mutex_);
    document_ = to;
    index_ += step;
    changed_.notify_all();
  }
  /// As after a restore of a snapshot.
  void set_index(std::uint64_t index) {
    const std::lock_guard lock(mutex_);
    index_ = index;
    changed_.notify_all();
  }
  std::size_t queries() const { return api.requests().size(); }

 private:
  http_api::reply answer(const http_api::request& asked) {
    const auto at = asked.target.find("index=");
    std::unique_lock lock(mutex_);
    if (at != std::string::npos) {
      const auto told = std::stoull(asked.target.substr(at + 6));
      changed_.wait_for(lock, 30s, [&] { return index_ != told; });
    }
    return http_api::answer(200, document_, "X-Consul-Index: " + std::to_string(index_) + "\r\n");
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string document_ = document(server_json("a"));
  std::uint64_t index_ = 100;

 public:
  http_api api{[this](const http_api::request& asked) { return answer(asked); }};
};

config::rest_settings blocking(const std::string& url) {
  auto settings = settings_for(url);
  settings.long_poll = config::rest_long_poll::consul;
  settings.interval = 1h;
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rest_long_poll)

BOOST_AUTO_TEST_CASE(changes_come_without_being_asked_for_again) {
  consul agent;
  const followed catalog(blocking(agent.api.url("/v1/health/service/api?passing")));
  BOOST_REQUIRE(catalog.has({"a"}));
  agent.change(document(server_json("a") + "," + server_json("b")));
  BOOST_TEST(catalog.has({"a", "b"}));
  agent.change(document(server_json("b")));
  BOOST_TEST(catalog.has({"b"}));
  BOOST_TEST(agent.queries() <= 4U);
  BOOST_TEST(contains(agent.api.requests().at(1).target, "?passing&index=100&wait=300s"));
}

BOOST_AUTO_TEST_CASE(a_question_that_stalls_is_given_up_and_asked_anew) {
  consul agent;
  tcp_proxy proxy(agent.api.port());
  auto settings = blocking("http://127.0.0.1:" + std::to_string(proxy.port()) + "/v1");
  const followed control(settings);
  settings.wait = 1s;
  settings.request_timeout = 300ms;
  settings.interval = 20ms;
  const followed catalog(settings);
  BOOST_REQUIRE(catalog.has({"a"}));
  BOOST_REQUIRE(control.has({"a"}));
  BOOST_REQUIRE(eventually([&] { return agent.queries() >= 4U; }));
  proxy.break_all(tcp_proxy::fault::stall);
  agent.change(document(server_json("b")));
  BOOST_TEST(catalog.has({"b"}), catalog.reasons());
  // The control: one that may wait for longer does.
  BOOST_TEST((control.servers_of("api") == std::vector<std::string>{"a"}));
}

BOOST_AUTO_TEST_CASE(an_index_that_went_back_does_not_hide_changes) {
  consul agent;
  const followed catalog(blocking(agent.api.url()));
  BOOST_REQUIRE(catalog.has({"a"}));
  agent.set_index(5);
  BOOST_TEST(eventually([&] { return contains(agent.api.requests().back().target, "index=5&"); }));
  agent.change(document(server_json("b")));
  BOOST_TEST(catalog.has({"b"}));
}

BOOST_AUTO_TEST_CASE(several_urls_wait_side_by_side) {
  consul one;
  consul two;
  two.change(document(server_json("b")));
  auto settings = blocking(one.api.url());
  settings.urls.push_back(two.api.url());
  const followed catalog(settings);
  BOOST_REQUIRE(catalog.has({"a", "b"}));
  two.change(document(server_json("b") + "," + server_json("c")));
  BOOST_TEST(catalog.has({"a", "b", "c"}));
  one.change(document(""));
  BOOST_TEST(catalog.has({"b", "c"}));
}

BOOST_AUTO_TEST_CASE(a_url_that_cannot_be_asked_is_told_of_while_another_one_waits) {
  consul agent;
  const spoken plain(document(server_json("b")));
  const temp_dir folder;
  auto settings = blocking(agent.api.url());
  settings.urls.push_back(plain.api.url());
  settings.interval = 20ms;  // of the one that tells no index
  settings.token_file = folder / "token";
  write_text(*settings.token_file, "t");
  const followed catalog(settings);
  BOOST_REQUIRE(catalog.has({"a", "b"}));
  BOOST_REQUIRE(eventually([&] { return agent.queries() >= 2U; }));
  std::filesystem::remove(*settings.token_file);
  BOOST_TEST(catalog.degraded_with("token"), catalog.health().reason);
  write_text(*settings.token_file, "t");
  BOOST_TEST(eventually([&] { return catalog.health().value == level::live; }));
}

BOOST_AUTO_TEST_CASE(stop_does_not_wait_for_a_change) {
  consul agent;
  followed catalog(blocking(agent.api.url()));
  BOOST_REQUIRE(eventually([&] { return agent.queries() == 2; }));
  const auto before = std::chrono::steady_clock::now();
  catalog.stop();
  BOOST_TEST((std::chrono::steady_clock::now() - before < 3s));
}

BOOST_AUTO_TEST_CASE(one_reading_does_not_wait_for_a_change) {
  consul agent;
  providers::rest::rest_provider provider("catalog", blocking(agent.api.url()));
  BOOST_TEST(bool(provider.backends()));
  BOOST_TEST(bool(provider.backends()));
}

BOOST_AUTO_TEST_CASE(a_source_that_is_no_consul_is_polled) {
  spoken source(document(server_json("a")));
  auto settings = blocking(source.api.url());
  settings.interval = 20ms;
  const followed catalog(settings);
  BOOST_REQUIRE(catalog.has({"a"}));
  BOOST_TEST(catalog.live());
  BOOST_TEST(contains(catalog.health().reason, "no X-Consul-Index"));
  source.say(200, document(server_json("b")));
  BOOST_TEST(catalog.has({"b"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
