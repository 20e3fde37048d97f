// HTTPS: whom we trust, who we are, and HTTP/2.

#include <boost/test/unit_test.hpp>

#include "tests/providers/rest/fixture.hpp"

namespace switchyard::tests {

namespace {

const std::string secure_body = document(server_json("a"));

struct secure {
  certificate_authority authority;
  temp_dir folder;

  config::rest_settings settings(const std::string& url) const {
    auto result = settings_for(url);
    result.ca_file = authority.file();
    return result;
  }
  std::string written(const std::string& name, const std::string& pem) const {
    write_text(folder / name, pem);
    return folder / name;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(rest_tls, secure)

BOOST_AUTO_TEST_CASE(a_certificate_is_verified_against_the_authority) {
  spoken source(http_api::options{.certificate = authority.issue("localhost")});
  source.say(200, secure_body);
  const followed catalog(settings(source.api.url()));
  BOOST_TEST(catalog.has({"a"}), catalog.reasons());
  const followed stranger(settings_for(source.api.url()));
  BOOST_TEST(stranger.degraded_with("certificate"), stranger.reasons());
  auto mine = settings(source.api.url());
  const certificate_authority other;
  mine.ca_file = other.file();
  const followed wrong(mine);
  BOOST_TEST(wrong.degraded_with("certificate"), wrong.reasons());
}

BOOST_AUTO_TEST_CASE(another_name_or_an_old_certificate_is_not_taken) {
  spoken named(http_api::options{.certificate = authority.issue("elsewhere.test")});
  const followed other(settings(named.api.url()));
  BOOST_TEST(other.degraded_with("matches target host name"), other.reasons());
  spoken expired(http_api::options{.certificate = authority.issue("localhost", -1)});
  const followed late(settings(expired.api.url()));
  BOOST_TEST(late.degraded_with("expired"), late.reasons());
}

BOOST_AUTO_TEST_CASE(we_show_a_certificate_where_one_is_asked_for) {
  spoken source(
      {.certificate = authority.issue("localhost"), .client_authority = authority.file()});
  source.say(200, secure_body);
  const followed unknown(settings(source.api.url()));
  BOOST_TEST(unknown.degraded_with(source.api.url()), unknown.reasons());
  const auto own = authority.issue("switchyard.test");
  auto apart = settings(source.api.url());
  apart.certificate_file = written("own.pem", own.certificate);
  apart.key_file = written("own.key", own.key);
  const followed by_two_files(apart);
  BOOST_TEST(by_two_files.has({"a"}), by_two_files.reasons());
  auto together = settings(source.api.url());
  together.certificate_file = written("both.pem", own.pem());
  const followed by_one_file(together);
  BOOST_TEST(by_one_file.has({"a"}), by_one_file.reasons());
}

BOOST_AUTO_TEST_CASE(files_that_change_are_read_anew) {
  spoken source(
      {.certificate = authority.issue("localhost"), .client_authority = authority.file()});
  source.say(200, secure_body);
  auto mine = settings(source.api.url());
  const certificate_authority other;
  mine.ca_file = written("ca.pem", read_text(other.file()));
  mine.certificate_file = written("own.pem", authority.issue("switchyard.test").pem());
  const followed catalog(mine);
  BOOST_TEST(catalog.degraded_with("certificate"), catalog.reasons());
  written("ca.pem", read_text(authority.file()));
  BOOST_TEST(catalog.has({"a"}), catalog.reasons());
  const auto connections = source.api.connections();
  written("own.pem", authority.issue("renewed.test").pem());
  BOOST_TEST(eventually([&] { return source.api.connections() > connections; }),
             "what is renewed is shown on a new connection");
  BOOST_TEST(catalog.live());
  written("own.pem", other.issue("switchyard.test").pem());
  BOOST_TEST(catalog.degraded_with(source.api.url()), catalog.reasons());
  written("own.pem", authority.issue("switchyard.test").pem());
  BOOST_TEST(catalog.live());
  written("ca.pem", read_text(other.file()));
  BOOST_TEST(catalog.degraded_with("certificate"), catalog.reasons());
  BOOST_TEST(!eventually([&] { return catalog.health().value == level::live; }, 300ms),
             "no connection from before is used again");
  BOOST_TEST(catalog.has({"a"}));
}

BOOST_AUTO_TEST_CASE(plain_http_where_tls_is_wanted_does_not_count) {
  spoken source(secure_body);
  const followed catalog(settings("https://localhost:" + std::to_string(source.api.port()) + "/"));
  BOOST_TEST(catalog.degraded_with("SSL"), catalog.reasons());
}

BOOST_AUTO_TEST_CASE(a_proxy_leads_to_tls_through_a_tunnel) {
  spoken source(http_api::options{.certificate = authority.issue("localhost")});
  source.say(200, secure_body);
  spoken proxy(http_api::options{.tunnels_to = source.api.port()});
  auto mine = settings("https://localhost:1/v1?key=geheim");
  mine.proxy = proxy.api.url("");
  const followed catalog(mine);
  BOOST_TEST(catalog.has({"a"}), catalog.reasons());
  const auto asked = proxy.api.requests().front();
  BOOST_TEST(asked.method == "CONNECT");
  BOOST_TEST(asked.target == "localhost:1");
  BOOST_TEST(source.api.requests().front().target == "/v1?key=geheim");
  // The proxy is not who is verified.
  const certificate_authority other;
  mine.ca_file = other.file();
  const followed wrong(mine);
  BOOST_TEST(wrong.degraded_with("certificate"), wrong.reasons());
  spoken closed;
  closed.say(407, "");
  mine.proxy = closed.api.url("");
  const followed refused(mine);
  BOOST_TEST(refused.degraded_with("407"), refused.reasons());
}

// An end without close_notify, which libcurl takes for one like any other.
BOOST_AUTO_TEST_CASE(without_a_length_only_the_document_tells_that_it_was_cut) {
  spoken source(http_api::options{.certificate = authority.issue("localhost")});
  source.say(200, secure_body);
  const followed catalog(settings(source.api.url()));
  BOOST_REQUIRE(catalog.has({"a"}));
  const auto next = document(server_json("b"));
  const auto ends_after = [&](std::size_t length) {
    source.say({"HTTP/1.1 200 OK\r\n\r\n" + next.substr(0, length), {}, true, false});
  };
  ends_after(next.size() - 1);
  BOOST_TEST(catalog.degraded_with("no document: 1:"), catalog.reasons());
  BOOST_TEST((catalog.servers_of("api") == std::vector<std::string>{"a"}));
  ends_after(next.size());
  BOOST_TEST(catalog.has({"b"}), catalog.reasons());
}

BOOST_AUTO_TEST_CASE(a_server_that_speaks_nothing_but_http2_is_understood) {
  const auto own = authority.issue("localhost");
  const auto key = written("server.key", own.key);
  const auto certificate = written("server.pem", own.certificate);
  std::filesystem::create_directory(folder / "htdocs");
  written("htdocs/backends.json", secure_body);
  const auto port = std::to_string(free_port());
  const background_process server(
      {"nghttpd", "--address=127.0.0.1", "--htdocs=" + (folder / "htdocs"), port, key, certificate},
      folder.path() / "nghttpd.log");
  const followed catalog(settings("https://localhost:" + port + "/backends.json"));
  BOOST_TEST(catalog.has({"a"}), catalog.reasons() + read_text(folder / "nghttpd.log"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
