#include "cli/api_client.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::cli {

BOOST_AUTO_TEST_SUITE(api_addresses)

BOOST_AUTO_TEST_CASE(urls_are_taken_as_people_write_them) {
  const auto url = [](const std::string& text) {
    const auto address = parse_api(text);
    return address ? address->url : std::string();
  };
  BOOST_TEST(url("127.0.0.1:9090") == "http://127.0.0.1:9090");
  BOOST_TEST(url("http://[::1]:9090/") == "http://[::1]:9090");
  BOOST_TEST(url("https://lb.example.com") == "https://lb.example.com");
  BOOST_TEST(url("unix:/run/api.sock") == "unix:/run/api.sock");
  for (const auto* wrong : {"", "ftp://x", "http://", "http://user@x", "http://x/v1", "unix:rel"})
    BOOST_TEST(url(wrong) == "", wrong);
}

BOOST_AUTO_TEST_CASE(parts_of_urls_hold_any_text) {
  BOOST_TEST(url_part("api-1.b_2") == "api-1.b_2");
  BOOST_TEST(url_part("a:b/c d?") == "a%3Ab%2Fc%20d%3F");
}

BOOST_AUTO_TEST_CASE(nobody_there_is_said_with_the_address) {
  client_options options;
  options.api = "unix:/nowhere/api.sock";
  auto client = api_client::open(options);
  BOOST_REQUIRE(static_cast<bool>(client));
  const auto answer = client->get("/v1/status");
  BOOST_REQUIRE(!answer);
  BOOST_TEST((answer.error().kind == base::errc::unavailable));
  BOOST_TEST(answer.error().message.find("unix:/nowhere/api.sock") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::cli
