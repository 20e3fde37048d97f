#include "providers/rest/url.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/support.hpp"

namespace switchyard::providers::rest {

namespace {

location good(const std::string& text) {
  auto where = parse_url(text);
  BOOST_REQUIRE_MESSAGE(where, (where ? "" : where.error().message));
  return *std::move(where);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rest_url)

BOOST_AUTO_TEST_CASE(what_is_asked_and_what_is_shown) {
  const auto plain = good("http://catalog.internal/v1/backends");
  BOOST_TEST(plain.url == "http://catalog.internal/v1/backends");
  BOOST_TEST(plain.shown == plain.url);
  BOOST_TEST(plain.origin == "http://catalog.internal:80");
  BOOST_TEST(plain.secrets.empty());
  BOOST_TEST(!plain.encrypted());
  const auto all = good("https://us%65r:p%40ss@h:8443/a?token=geheim#part");
  BOOST_TEST(all.url == "https://h:8443/a?token=geheim");
  BOOST_TEST(all.shown == "https://h:8443/a?…");
  BOOST_TEST(all.user == "user");
  BOOST_TEST(all.password == "p@ss");
  BOOST_TEST(all.origin == "https://h:8443");
  BOOST_TEST(all.encrypted());
  for (const auto* secret : {"token=geheim", "p%40ss", "p@ss"})
    BOOST_TEST((std::ranges::find(all.secrets, secret) != all.secrets.end()), secret);
}

BOOST_AUTO_TEST_CASE(a_unix_socket_has_a_path_behind_it) {
  const auto where = good("unix:/run/docker.sock:/containers/json?all=0");
  BOOST_TEST(where.socket.value() == "/run/docker.sock");
  BOOST_TEST(where.url == "http://localhost/containers/json?all=0");
  BOOST_TEST(where.shown == "unix:/run/docker.sock:/containers/json?…");
  BOOST_TEST(where.origin == "unix:/run/docker.sock");
}

BOOST_AUTO_TEST_CASE(what_is_no_url_is_refused_without_repeating_it) {
  for (const std::string text :
       {"", "catalog:secret@", "ftp://u:secret@h/", "http://", "http://h:99999/secret",
        "unix:/run/docker.sock", "unix:relative:/secret", "file:///etc/secret"}) {
    const auto where = parse_url(text);
    BOOST_REQUIRE_MESSAGE(!where, text);
    BOOST_TEST(!tests::contains(where.error().message, "secret"), where.error().message);
  }
}

BOOST_AUTO_TEST_CASE(a_query_grows) {
  BOOST_TEST(with_query("http://h/a", "b=c") == "http://h/a?b=c");
  BOOST_TEST(with_query("http://h/a?x", "b=c") == "http://h/a?x&b=c");
}

BOOST_AUTO_TEST_CASE(a_proxys_password_is_known_as_a_secret) {
  const std::vector<std::string> secrets = secrets_in("socks5h://u:geheim@proxy:1080");
  BOOST_TEST((std::ranges::find(secrets, "geheim") != secrets.end()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers::rest
