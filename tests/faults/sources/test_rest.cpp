// The conversation with an HTTP API breaks, at every place, in clear and over TLS.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/faults/sources/bare_client.hpp"
#include "tests/faults/sources/shared_faults.hpp"
#include "tests/providers/rest/fixture.hpp"

namespace switchyard::tests {

namespace {

using fault = tcp_proxy::fault;
using speaker = tcp_proxy::speaker;

struct watched : followed {
  using followed::followed;

  std::vector<model::report> reports() const { return all_reports(); }
  model::backend_ptr backend(const std::string& name) const { return state().find(name); }
};

class source : public served {
 public:
  static constexpr const char* provider_name = "catalog";

  source() : source(http_api::options{}) {}
  explicit source(const http_api::options& how)
      : scheme_(how.certificate ? "https://localhost:" : "http://127.0.0.1:"),
        api_([this](const http_api::request&) { return http_api::answer(200, text()); }, how) {}

  std::uint16_t port() const { return api_.port(); }
  config::rest_settings settings_of(std::uint16_t through) const {
    auto result = settings_for(scheme_ + std::to_string(through) + "/v1");
    result.request_timeout = patience;
    result.timeout = patience;
    result.ca_file = ca_file;
    return result;
  }
  providers::rest::rest_provider reader(std::uint16_t through) const {
    return {provider_name, settings_of(through)};
  }
  void change(int value) { value_ = value; }

  std::optional<std::string> ca_file;

 private:
  std::string text() const {
    nlohmann::json all = nlohmann::json::array();
    for (int i = 1; i <= servers; ++i)
      all.push_back({{"name", "srv" + std::to_string(i)},
                     {"address", "10.0.0.1"},
                     {"port", i == 1 ? value_.load() : 1}});
    return nlohmann::json{{"backends", {{{"name", "api"}, {"servers", all}}}},
                          {"routes", {{{"host", "api.example.com"}, {"backend", "api"}}}}}
        .dump();
  }

  std::string scheme_;
  std::atomic<int> value_{1};
  http_api api_;
};

struct secure_source {
  certificate_authority authority;
  source api{http_api::options{.certificate = authority.issue("localhost")}};

  secure_source() { api.ca_file = authority.file(); }
};

/// Kept connections, cut or silent at places all over what either side says.
void survives_everywhere(source& api, fault what, std::chrono::milliseconds patience) {
  api.patience = patience;
  rounds<source, watched> all(api);
  for (const auto who : {speaker::server, speaker::client})
    BOOST_TEST(all.survived({who, what, 0}) > 8U);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(rest_conversation, source)

BOOST_AUTO_TEST_CASE(a_cut_anywhere_in_what_either_side_says_loses_nothing) {
  survives_everywhere(*this, fault::cut, 5s);
}

BOOST_AUTO_TEST_CASE(a_conversation_that_stalls_at_any_stage_is_given_up_and_begun_again) {
  survives_everywhere(*this, fault::stall, 300ms);
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_at_any_byte_is_an_error) {
  takes_no_part_of_an_answer(*this);
}

BOOST_AUTO_TEST_CASE(control_without_a_look_at_its_end_an_answer_is_cut_in_half) {
  tcp_proxy proxy(port());
  proxy.break_after(speaker::server, 300, fault::cut);
  bare_client client(proxy.port());
  client.say("GET /v1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto half = client.hear();
  BOOST_TEST(contains(half, "\"srv1\""), half);
  BOOST_TEST(!contains(half, "\"srv8\""), half);
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_stalls_is_given_up_and_the_next_one_serves) {
  tcp_proxy proxy(port());
  patience = 300ms;
  const watched provider(settings_of(proxy.port()));
  patience = 1h;
  const watched control(settings_of(proxy.port()));
  BOOST_REQUIRE(eventually([&] { return shows(provider, 1) && shows(control, 1); }));
  proxy.break_all(fault::stall);
  change(2);
  BOOST_TEST(eventually([&] { return shows(provider, 2); }), provider.reasons());
  // The control, with more patience: it still waits for the answer.
  BOOST_TEST(shows(control, 1));
  lost_nothing(*this, provider);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(rest_conversation_over_tls, secure_source)

BOOST_AUTO_TEST_CASE(a_cut_anywhere_from_the_handshake_on_is_an_error) {
  // The signatures of two handshakes differ in length.
  const auto [errors, reads] = errors_of_cut_reads(api, 37, 64);
  BOOST_TEST(errors == reads);
  BOOST_TEST(reads > 40U);
}

BOOST_AUTO_TEST_CASE(a_cut_anywhere_in_what_either_side_says_loses_nothing) {
  survives_everywhere(api, fault::cut, 5s);
}

BOOST_AUTO_TEST_CASE(a_handshake_that_stalls_at_any_stage_is_given_up) {
  survives_everywhere(api, fault::stall, 1s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
