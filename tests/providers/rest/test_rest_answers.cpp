// A source that does what it should, in all the ways there are.

#include <atomic>
#include <boost/test/unit_test.hpp>

#include "providers/registry.hpp"
#include "tests/providers/rest/fixture.hpp"

namespace switchyard::tests {

namespace {

using names = std::vector<std::string>;

const std::string one_server = document(server_json("a"));
const std::string two_servers = document(server_json("a") + "," + server_json("b"));

/// Packed by a program such as gzip.
std::string packed(const std::string& program, const std::string& text) {
  const temp_dir folder;
  write_text(folder / "text", text);
  return run_program({program, "-c", folder / "text"});
}

/// A Zstandard frame of one raw block (RFC 8878, section 3.1.1).
std::string zstd_frame(const std::string& text) {
  BOOST_REQUIRE(text.size() < 256U);
  const auto byte = [](std::size_t value) { return std::string(1, static_cast<char>(value)); };
  const auto block = (text.size() << 3U) | 1U;
  return "\x28\xb5\x2f\xfd" + byte(0x20) + byte(text.size()) + byte(block & 255U) +
         byte((block >> 8U) & 255U) + byte(block >> 16U) + text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rest_answers)

BOOST_AUTO_TEST_CASE(what_is_added_changed_and_deleted_is_reported) {
  spoken source(one_server);
  const followed catalog(settings_for(source.api.url("/v1?key=k")));
  BOOST_TEST(catalog.has({"a"}));
  source.say(200, two_servers);
  BOOST_TEST(catalog.has({"a", "b"}));
  source.say(200, document(server_json("a", "10.0.0.9")));
  BOOST_TEST(eventually([&] {
    const auto found = catalog.state().find("api");
    return found->servers.size() == 1 && found->servers[0].address == "10.0.0.9";
  }));
  source.say(200, R"({"backends": []})");
  BOOST_TEST(catalog.has({}));
  BOOST_TEST(catalog.reports() == 4U);
  const auto asked = source.api.requests().front();
  BOOST_TEST(asked.method == "GET");
  BOOST_TEST(asked.target == "/v1?key=k");
  BOOST_TEST(asked.field("User-Agent") == "switchyard");
  BOOST_TEST(source.api.connections() == 1U, "the connection is kept");
}

BOOST_AUTO_TEST_CASE(several_urls_are_one_view_once_all_have_been_read) {
  spoken first(one_server);
  spoken second;
  auto settings = settings_for(names{first.api.url("/1"), second.api.url("/2")});
  const followed catalog(settings);
  BOOST_TEST(catalog.degraded_with(second.api.url("/2") + ": answered 404"), catalog.reasons());
  BOOST_TEST(catalog.reports() == 0U, "a part that is missing is not empty");
  second.say(200, document(server_json("b")));
  BOOST_TEST(catalog.has({"a", "b"}));
  BOOST_TEST(catalog.live());
  first.say(500, "");
  BOOST_TEST(catalog.degraded_with(first.api.url("/1") + ": answered 500"));
  second.say(200, document(server_json("b") + "," + server_json("c")));
  BOOST_TEST(catalog.has({"a", "b", "c"}), "the other one is followed all the same");
}

BOOST_AUTO_TEST_CASE(the_answer_may_be_packed) {
  for (const std::string encoding : {"gzip", "zstd"}) {
    const auto text = one_server;
    const auto body = encoding == "gzip" ? packed("gzip", text) : zstd_frame(text);
    spoken source;
    source.say(200, body, "Content-Encoding: " + encoding + "\r\n");
    const followed catalog(settings_for(source.api.url()));
    BOOST_TEST(catalog.has({"a"}), catalog.reasons());
    BOOST_TEST(contains(source.api.requests().front().field("Accept-Encoding"), encoding));
  }
}

// As the program zstd has packed it, with blocks that are compressed.
BOOST_AUTO_TEST_CASE(what_zstd_has_packed_is_unpacked) {
  spoken source;
  source.say(200,
             read_text(SWITCHYARD_SOURCE_DIR "/tests/providers/rest/recorded/document.json.zst"),
             "Content-Encoding: zstd\r\n");
  const followed catalog(settings_for(source.api.url()));
  BOOST_TEST(eventually([&] { return catalog.servers_of("api").size() == 20U; }),
             catalog.reasons());
}

BOOST_AUTO_TEST_CASE(a_transform_makes_the_document) {
  spoken source(R"([{"svc": "api", "ip": "10.0.0.1", "id": "a"}])");
  auto settings = settings_for(source.api.url());
  settings.transform = R"({backends: [group_by(.svc)[] | {name: .[0].svc,
      servers: [.[] | {name: .id, address: .ip, port: 80}]}]})";
  const followed catalog(settings);
  BOOST_TEST(catalog.has({"a"}), catalog.reasons());
  source.say(200, R"([{"svc": "api", "ip": "no address", "id": "a"}])");
  BOOST_TEST(eventually([&] { return !catalog.refused().empty(); }));
  source.say(200, R"({"svc": 1})");
  BOOST_TEST(catalog.degraded_with("transform: Cannot index"), catalog.reasons());
  BOOST_TEST(catalog.has({"a"}));
}

BOOST_AUTO_TEST_CASE(who_we_are_is_read_anew_from_its_files) {
  const temp_dir folder;
  write_text(folder / "token", "first-token\n");
  write_text(folder / "key", "first-key\n");
  spoken source(one_server);
  auto settings = settings_for(source.api.url());
  settings.token_file = folder / "token";
  settings.headers = {{"Accept", "application/json"}, {"X-Empty", ""}};
  settings.header_files = {{"X-Key", folder / "key"}};
  const followed catalog(settings);
  BOOST_REQUIRE(catalog.has({"a"}));
  const auto before = source.api.requests().back();
  BOOST_TEST(before.field("Authorization") == "Bearer first-token");
  BOOST_TEST(before.field("X-Key") == "first-key");
  BOOST_TEST(before.field("Accept") == "application/json");
  BOOST_TEST(contains(before.head, "\r\nX-Empty:\r\n"));
  write_text(folder / "token", "second-token\n");
  write_text(folder / "key", "second-key");
  BOOST_TEST(eventually([&] {
    const auto now = source.api.requests().back();
    return now.field("Authorization") == "Bearer second-token" &&
           now.field("X-Key") == "second-key";
  }));
  std::filesystem::remove(folder / "key");
  BOOST_TEST(catalog.degraded_with("header_files: X-Key: " + (folder / "key")), catalog.reasons());
  write_text(folder / "key", "two\nlines\n");
  BOOST_TEST(catalog.degraded_with("must hold one line"));
  BOOST_TEST(!contains(catalog.reasons(), "two"));
  BOOST_TEST(catalog.has({"a"}));
}

// With the control beside it, whose file nobody wrote.
BOOST_AUTO_TEST_CASE(a_token_that_is_rotated_in_its_file_is_used_from_the_next_request_on) {
  const temp_dir folder;
  std::atomic<bool> rotated = false;
  http_api source([&](const http_api::request& asked) {
    const std::string wanted = rotated ? "Bearer second" : "Bearer first";
    const bool known = asked.field("Authorization") == wanted;
    return known ? http_api::answer(200, rotated ? two_servers : one_server)
                 : http_api::answer(401, "");
  });
  auto settings = settings_for(source.url());
  for (const auto* file : {"rotated", "forgotten"}) write_text(folder / file, "first\n");
  settings.token_file = folder / "rotated";
  const followed catalog(settings);
  settings.token_file = folder / "forgotten";
  const followed control(settings);
  BOOST_REQUIRE(catalog.has({"a"}));
  BOOST_REQUIRE(control.has({"a"}));
  rotated = true;
  write_text(folder / "rotated", "second\n");
  BOOST_TEST(catalog.has({"a", "b"}), catalog.reasons());
  BOOST_TEST(control.degraded_with("answered 401"), control.reasons());
  BOOST_TEST((control.servers_of("api") == names{"a"}));
}

BOOST_AUTO_TEST_CASE(a_user_has_a_password_in_a_file_or_in_the_url) {
  const temp_dir folder;
  write_text(folder / "password", "geheim\n");
  spoken source(one_server);
  auto settings = settings_for(source.api.url());
  settings.username = "me";
  settings.password_file = folder / "password";
  const followed by_file(settings);
  BOOST_TEST(by_file.has({"a"}));
  BOOST_TEST(source.api.requests().front().field("Authorization") == "Basic bWU6Z2VoZWlt");
  write_text(folder / "password", "second\n");
  BOOST_TEST(eventually(
      [&] { return source.api.requests().back().field("Authorization") == "Basic bWU6c2Vjb25k"; }));
  spoken other(one_server);
  const followed by_url(
      settings_for("http://me:geheim@127.0.0.1:" + std::to_string(other.api.port())));
  BOOST_TEST(by_url.has({"a"}));
  BOOST_TEST(other.api.requests().front().field("Authorization") == "Basic bWU6Z2VoZWlt");
}

BOOST_AUTO_TEST_CASE(a_unix_socket_is_asked_by_its_path) {
  const temp_dir folder;
  spoken source(http_api::options{.socket = folder / "api.sock"});
  source.say(200, one_server);
  const followed catalog(settings_for("unix:" + (folder / "api.sock") + ":/containers/json?all=0"));
  BOOST_TEST(catalog.has({"a"}), catalog.reasons());
  BOOST_TEST(source.api.requests().front().target == "/containers/json?all=0");
  const followed nobody(settings_for("unix:" + (folder / "none.sock") + ":/x"));
  BOOST_TEST(nobody.degraded_with("unix:" + (folder / "none.sock") + ":/x: "), nobody.reasons());
}

BOOST_AUTO_TEST_CASE(a_proxy_is_asked_for_the_whole_url) {
  spoken proxy(one_server);
  auto settings = settings_for("http://catalog.internal/v1");
  settings.proxy = proxy.api.url("");
  const followed catalog(settings);
  BOOST_TEST(catalog.has({"a"}), catalog.reasons());
  BOOST_TEST(proxy.api.requests().front().target == "http://catalog.internal/v1");
  settings.proxy = "http://me:geheim@127.0.0.1:1";
  const followed away(settings);
  BOOST_TEST(away.degraded_with("http://catalog.internal/v1: "), away.reasons());
  BOOST_TEST(!contains(away.reasons(), "geheim"), away.reasons());
}

BOOST_AUTO_TEST_CASE(the_environments_proxies_are_not_used) {
  spoken source(one_server);
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  const followed catalog(settings_for(source.api.url()));
  BOOST_TEST(catalog.has({"a"}), catalog.reasons());
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
}

BOOST_AUTO_TEST_CASE(the_environments_exceptions_do_not_lead_past_the_proxy) {
  spoken proxy(one_server);
  auto settings = settings_for("http://catalog.internal/v1");
  settings.proxy = proxy.api.url("");
  for (const auto* name : {"no_proxy", "NO_PROXY"}) {
    const auto before = proxy.api.requests().size();
    ::setenv(name, ".internal", 1);
    const followed catalog(settings);
    BOOST_TEST(catalog.has({"a"}), name << ": " << catalog.reasons());
    BOOST_TEST(proxy.api.requests().size() > before);
    ::unsetenv(name);
  }
}

BOOST_AUTO_TEST_CASE(redirects_are_followed_where_the_settings_say_so) {
  spoken other(one_server);
  http_api source([&](const http_api::request& asked) {
    if (asked.target == "/old") return http_api::answer(301, "", "Location: /new\r\n");
    return http_api::answer(302, "", "Location: " + other.api.url("/moved") + "\r\n");
  });
  const temp_dir folder;
  write_text(folder / "token", "geheim");
  auto settings = settings_for(source.url("/old"));
  settings.token_file = folder / "token";
  const followed careful(settings);
  BOOST_TEST(careful.degraded_with("answered 301, which leads to " + source.url("/new")),
             careful.reasons());
  settings.max_redirects = 2;
  const followed catalog(settings);
  BOOST_TEST(catalog.has({"a"}), catalog.reasons());
  BOOST_TEST(source.requests().back().field("Authorization") == "Bearer geheim");
  BOOST_TEST(other.api.requests().front().target == "/moved");
  BOOST_TEST(other.api.requests().front().field("Authorization") == "",
             "a token is for the one whom the settings name");
}

// A source that was taken over must not reach what only this machine's users can.
BOOST_AUTO_TEST_CASE(no_redirect_leads_to_a_unix_socket) {
  const temp_dir folder;
  const http_api local([](const http_api::request&) { return http_api::answer(200, one_server); },
                       {.socket = folder / "s.sock"});
  http_api source([&](const http_api::request&) {
    return http_api::answer(302, "",
                            "Location: unix:" + (folder / "s.sock") + ":/containers/json\r\n");
  });
  auto settings = settings_for(source.url("/"));
  settings.max_redirects = 2;
  const followed catalog(settings);
  BOOST_TEST(catalog.degraded_with("answered 302 without a usable Location"), catalog.reasons());
  BOOST_TEST(local.connections() == 0U);
}

BOOST_AUTO_TEST_CASE(one_reading_gives_the_view_or_the_reason_with_its_remedy) {
  spoken source(one_server);
  providers::rest::rest_provider provider("catalog", settings_for(source.api.url("/v1")));
  const auto all = provider.backends();
  BOOST_REQUIRE(all);
  BOOST_TEST(all->backends.size() == 1U);
  source.say(401, "");
  const auto none = provider.backends();
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().message == "catalog: " + source.api.url("/v1") + ": answered 401");
  BOOST_TEST(contains(provider.remedy(none.error()), "token_file"));
}

BOOST_AUTO_TEST_CASE(settings_that_cannot_work_are_refused_before_anybody_is_asked) {
  const auto refused = [](const config::rest_settings& settings) {
    const auto made = providers::make({"catalog", settings});
    return made ? std::string("taken") : made.error().message;
  };
  auto settings = settings_for("http://h/");
  BOOST_TEST(refused(settings) == "taken");
  settings.transform = ".a |";
  BOOST_TEST(refused(settings).starts_with("provider catalog: transform: line 1: syntax error"));
  BOOST_TEST(refused(settings_for(names{"http://h/", "nonsense://u:geheim@h"})) ==
             "provider catalog: urls[1]: must begin with http://, https:// or unix:/");
}

BOOST_AUTO_TEST_CASE(a_secret_in_clear_is_a_finding) {
  const auto found = [](const std::string& url) {
    return providers::rest::rest_provider("catalog", settings_for(url)).diagnose();
  };
  BOOST_REQUIRE(found("http://u:geheim@catalog.internal/v1").size() == 1U);
  const auto warned = found("http://u:geheim@catalog.internal/v1").front();
  BOOST_TEST(warned.text == "http://catalog.internal/v1 gets a secret without TLS");
  BOOST_TEST(found("https://u:geheim@catalog.internal/v1").empty());
  BOOST_TEST(found("http://u:geheim@127.0.0.1/v1").empty());
  BOOST_TEST(found("http://catalog.internal/v1").empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
