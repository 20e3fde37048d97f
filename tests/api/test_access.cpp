#include <boost/test/unit_test.hpp>

#include "api/access.hpp"

namespace switchyard::api {

namespace {

request with(std::map<std::string, std::string, std::less<>> fields) {
  request r;
  r.method = "GET";
  r.path = "/";
  r.fields = std::move(fields);
  return r;
}

int verdict(const access_policy& policy, const request& r) {
  const auto refusal = refuse(policy, r);
  return refusal ? refusal->status : 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(access)

BOOST_AUTO_TEST_CASE(loopback_is_127_and_v6_one) {
  for (const auto* ip : {"127.0.0.1", "127.0.0.2", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1"})
    BOOST_TEST(is_loopback(ip), ip);
  for (const auto* ip : {"*", "0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "127.1", "localhost", "",
                         "::ffff:10.0.0.1", "127.0.0.1.evil.example"})
    BOOST_TEST(!is_loopback(ip), ip);
}

BOOST_AUTO_TEST_CASE(a_token_is_needed_where_there_is_one) {
  const access_policy policy{"0123456789abcdef", {}, false};
  BOOST_TEST(verdict(policy, with({})) == 401);
  for (const auto* wrong :
       {"Bearer 0123456789abcdeX", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
        "Basic 0123456789abcdef", "Bearer", "Bearer ", "0123456789abcdef"})
    BOOST_TEST(verdict(policy, with({{"authorization", wrong}})) == 401, wrong);
  for (const auto* right : {"Bearer 0123456789abcdef", "bearer  0123456789abcdef"})
    BOOST_TEST(verdict(policy, with({{"authorization", right}})) == 0, right);
  BOOST_TEST(refuse(policy, with({}))->fields.at("WWW-Authenticate").starts_with("Bearer"));
}

BOOST_AUTO_TEST_CASE(an_empty_secret_lets_nobody_in) {
  BOOST_TEST(!same_secret("", ""));
  BOOST_TEST(!same_secret("x", ""));
  BOOST_TEST(same_secret("secret", "secret"));
  BOOST_TEST(!same_secret("secretsecret", "secret"));
}

BOOST_AUTO_TEST_CASE(names_that_somebody_else_controls_are_misdirected) {
  const access_policy policy{std::nullopt, {"lb1.example.com", "LB2"}, false};
  for (const auto* host : {"evil.example", "evil.example:9090", "localhost.evil.example",
                           "127.0.0.1.evil.example", "[evil]", "localhost@evil.example"})
    BOOST_TEST(verdict(policy, with({{"host", host}})) == 421, host);
  for (const auto* host :
       {"localhost", "LocalHost:9090", "127.0.0.1:9090", "[::1]:9090", "[::1]", "10.1.2.3",
        "lb1.example.com", "LB1.Example.com:9090", "LB2", "lb2:9090"})
    BOOST_TEST(verdict(policy, with({{"host", host}})) == 0, host);
}

BOOST_AUTO_TEST_CASE(pages_of_another_origin_are_refused) {
  const access_policy policy;
  const auto from = [](const char* origin) {
    return with({{"host", "127.0.0.1:9090"}, {"origin", origin}});
  };
  for (const auto* origin : {"http://evil.example", "null", "http://127.0.0.1:9091",
                             "https://127.0.0.1:9090", "http://127.0.0.1:9090.evil.example"})
    BOOST_TEST(verdict(policy, from(origin)) == 403, origin);
  BOOST_TEST(verdict(policy, from("http://127.0.0.1:9090")) == 0);
  for (const auto* site : {"cross-site", "same-site"})
    BOOST_TEST(verdict(policy, with({{"host", "localhost"}, {"sec-fetch-site", site}})) == 403);
  BOOST_TEST(verdict(policy, with({{"host", "localhost"}, {"sec-fetch-site", "same-origin"}})) ==
             0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
