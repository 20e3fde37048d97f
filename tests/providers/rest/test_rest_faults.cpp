// A source that misbehaves: whatever it does, the last good view stays, and the reason is told.

#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <memory>

#include "tests/providers/rest/fixture.hpp"

namespace switchyard::tests {

namespace {

using names = std::vector<std::string>;
using reply = http_api::reply;

const std::string body = document(server_json("a") + "," + server_json("b"));
const std::string head =
    "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";

reply closing(std::string bytes) {
  return {std::move(bytes), {}, true, false};
}

/// How many processes of ours run a transform.
int transforms() {
  int count = 0;
  const auto ours = ") S " + std::to_string(::getpid()) + " ";
  const auto busy = ") R " + std::to_string(::getpid()) + " ";
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto stat = read_text(entry.path() / "stat");
    const bool child = contains(stat, ours) || contains(stat, busy);
    if (child && contains(read_text(entry.path() / "cmdline"), "--run-transform")) ++count;
  }
  return count;
}

/// A source that was good, and a provider that has read it.
struct watched {
  spoken source;
  config::rest_settings settings;
  followed catalog;

  explicit watched(const http_api::options& how = {}, const std::string& ca_file = "")
      : source(how), settings(patient(ca_file)), catalog(settings) {
    source.say(200, body);
    BOOST_REQUIRE_MESSAGE(catalog.has({"a", "b"}), catalog.reasons());
  }

  config::rest_settings patient(const std::string& ca_file) const {
    auto result = settings_for(source.api.url("/v1?key=geheim"));
    result.ca_file = ca_file;
    result.connect_timeout = 1s;
    result.request_timeout = 400ms;
    result.max_bytes = 65536;
    return result;
  }

  /// The fault is told with these words, nothing is lost, and it heals.
  void survives(const reply& fault, std::string_view words) {
    source.say(fault);
    BOOST_TEST(catalog.degraded_with(words), words << ", not " << catalog.reasons());
    BOOST_TEST(catalog.health().reason.starts_with(source.api.url("/v1?…: ")));
    BOOST_TEST((catalog.servers_of("api") == names{"a", "b"}));
    source.say(200, body);
    BOOST_TEST(catalog.live(), words);
    BOOST_TEST(catalog.reports() == 1U);
    BOOST_TEST(!contains(catalog.reasons(), "geheim"), catalog.reasons());
  }
};

/// One in clear, and another one over TLS.
struct faulty : watched {
  certificate_authority authority;
  watched secure{{.certificate = authority.issue("localhost")}, authority.file()};

  void survives(const reply& fault, std::string_view words) {
    watched::survives(fault, words);
    secure.survives(fault, words);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(rest_faults, faulty)

BOOST_AUTO_TEST_CASE(an_empty_answer_is_no_empty_view) {
  survives(http_api::answer(200, ""), "the answer is empty");
  survives(http_api::answer(200, " \r\n"), "the answer is empty");
  survives({"HTTP/1.1 204 No Content\r\n\r\n", {}, false, false}, "answered 204");
  survives(closing(""), "Empty reply");
}

BOOST_AUTO_TEST_CASE(other_statuses_do_not_count_whatever_they_carry) {
  for (const int status : {201, 206, 400, 401, 403, 404, 429, 500, 502, 503})
    survives(http_api::answer(status, body), "answered " + std::to_string(status));
}

BOOST_AUTO_TEST_CASE(what_is_no_document_is_told_with_its_place) {
  survives(http_api::answer(200, "<html>not here</html>", "Content-Type: text/html\r\n"),
           "answered no document: 1:1: ");
  survives(http_api::answer(200, "<html>", "Content-Type: text/html\r\n"),
           "(Content-Type: \"text/html\")");
  survives(http_api::answer(200, std::string("\x00\xff\xfe\x01garbage", 12)), "no document: 1:");
  survives(http_api::answer(200, "[]"), "must be an object");
  survives(http_api::answer(200, "{}"), "neither \"backends\" nor \"routes\"");
  survives(http_api::answer(200, "null"), "must be an object");
  survives(http_api::answer(200, R"({"backends": {}})"), "/backends: must be a list");
  survives(http_api::answer(200, R"({"backends": [], "backends": []})"), "duplicate");
  survives(http_api::answer(200, std::string(60000, '[')), "nested deeper than 32");
}

// The control: what a transform makes of garbage is taken at its word.
BOOST_AUTO_TEST_CASE(control_a_transform_that_takes_anything_empties_the_view) {
  auto trusting = settings_for(source.api.url());
  trusting.transform = "{backends: (.backends? // [])}";
  const followed believer(trusting);
  BOOST_REQUIRE(believer.has({"a", "b"}));
  source.say(200, R"({"error": "not here"})");
  BOOST_TEST(believer.has({}), believer.reasons());
  BOOST_TEST(catalog.degraded_with("neither \"backends\" nor \"routes\""), catalog.reasons());
  BOOST_TEST((catalog.servers_of("api") == names{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(how_deep_an_answer_may_be_is_a_setting) {
  auto limited = settings_for(source.api.url());
  limited.max_depth = 5;
  const followed shallow(limited);
  BOOST_REQUIRE(shallow.live());
  source.say(200, R"({"backends": [{"name": "api", "servers": [{"name": [[]]}]}]})");
  BOOST_TEST(shallow.degraded_with("nested deeper than 5 levels"), shallow.reasons());
  BOOST_TEST(shallow.reports() == 1U);
  source.say(200, body);
  BOOST_TEST(shallow.live());
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_at_any_byte_does_not_count) {
  providers::rest::rest_provider reader("catalog", settings);
  const auto whole = head + body;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    source.say(closing(whole.substr(0, length)));
    BOOST_TEST(!reader.backends(), "after " << length << " bytes");
  }
  BOOST_TEST(catalog.degraded_with("bytes remaining to read"), catalog.reasons());
  source.say(closing(whole));
  BOOST_TEST(bool(reader.backends()));
  BOOST_TEST(catalog.live());
  BOOST_TEST(catalog.reports() == 1U);
}

BOOST_AUTO_TEST_CASE(a_cut_head_or_chunk_does_not_count) {
  survives(closing(head.substr(0, 30)), "");
  survives(closing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"backends\": []"),
           "");
  survives(closing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" + body), "");
  // Without a length only the document itself tells that it was cut.
  survives(closing("HTTP/1.0 200 OK\r\n\r\n" + body.substr(0, 40)), "no document: 1:");
}

BOOST_AUTO_TEST_CASE(what_is_no_http_does_not_count) {
  survives(closing(body), "");
  survives(closing("SSH-2.0-OpenSSH_9.2\r\n"), "");
  survives(closing("HTTP/1.1 999999 ?\r\n\r\n"), "");
}

BOOST_AUTO_TEST_CASE(what_is_packed_wrongly_does_not_count) {
  survives(http_api::answer(200, body, "Content-Encoding: gzip\r\n"), "");
  survives(http_api::answer(200, body, "Content-Encoding: no-such-one\r\n"), "");
}

BOOST_AUTO_TEST_CASE(too_large_an_answer_is_given_up) {
  const std::string words = "the answer is larger than 65536 bytes";
  survives({"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n" + body, {}, false, true},
           words);
  survives(closing("HTTP/1.1 200 OK\r\n\r\n" + std::string(1 << 20, ' ')), words);
  const auto bomb = run_program({"sh", "-c", "head -c 50000000 /dev/zero | gzip -c"});
  survives(http_api::answer(200, bomb, "Content-Encoding: gzip\r\n"), words);
  survives(closing("HTTP/1.1 200 OK\r\nX-Long: " + std::string(90000, 'x') + "\r\nX-Long: " +
                   std::string(90000, 'x') + "\r\nX-Long: " + std::string(90000, 'x') + "\r\n\r\n"),
           "head is larger than");
}

BOOST_AUTO_TEST_CASE(a_source_that_is_slow_or_says_nothing_meets_the_deadline) {
  survives({"", {}, false, true}, "timed out");
  survives({head + body, 1s, false, false}, "timed out");
  survives({head + body.substr(0, 20), {}, false, true}, "timed out");
}

BOOST_AUTO_TEST_CASE(a_source_that_is_away_is_told) {
  const followed away(settings_for("http://127.0.0.1:" + std::to_string(free_port()) + "/v1"));
  BOOST_TEST(away.degraded_with("Failed to connect"), away.reasons());
  const followed unknown(settings_for("http://no-such-host.invalid/v1"));
  BOOST_TEST(unknown.degraded_with("http://no-such-host.invalid/v1: "), unknown.reasons());
}

BOOST_AUTO_TEST_CASE(a_busy_source_is_asked_again_when_it_says) {
  struct busy_source {
    spoken source;
    std::unique_ptr<followed> provider;
    std::size_t first = 0;

    busy_source(int status, std::string_view fields) {
      source.say(status, "", fields);
      provider = std::make_unique<followed>(settings_for(source.api.url()));
      BOOST_TEST(provider->degraded_with("answered " + std::to_string(status)));
      first = source.api.requests().size();
    }
    bool asked_again() const { return source.api.requests().size() > first + 3; }
  };
  std::vector<std::unique_ptr<busy_source>> all;
  for (const int status : {429, 503})
    for (const auto* fields :
         {"Retry-After: 3600\r\n", "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n"})
      all.push_back(std::make_unique<busy_source>(status, fields));
  // The control: without the field it is asked every few milliseconds.
  for (const int status : {429, 503}) {
    const busy_source eager(status, "");
    BOOST_TEST(eventually([&] { return eager.asked_again(); }, 30s), status);
  }
  BOOST_TEST(!eventually(
      [&] { return std::ranges::any_of(all, [](const auto& one) { return one->asked_again(); }); },
      300ms));
}

BOOST_AUTO_TEST_CASE(what_the_limits_stop_is_taken_where_they_are_wider) {
  source.say(200, body + std::string(100'000, ' '));
  auto wider = settings_for(source.api.url());
  const followed larger(wider);
  BOOST_TEST(larger.has({"a", "b"}), larger.reasons());
  BOOST_TEST(catalog.degraded_with("larger than 65536"), catalog.reasons());
  source.say({head + body, 5ms, false, false});
  const followed slower(wider);
  BOOST_TEST(slower.has({"a", "b"}), slower.reasons());
  BOOST_TEST(catalog.degraded_with("timed out"), catalog.reasons());
}

BOOST_AUTO_TEST_CASE(stop_does_not_wait_for_a_source_that_hangs) {
  spoken silent;
  silent.say({"", {}, false, true});
  auto patience = settings_for(silent.api.url());
  patience.request_timeout = 10min;
  patience.timeout = 10min;
  followed hanging(patience);
  BOOST_REQUIRE(eventually([&] { return silent.api.requests().size() == 1; }));
  const auto before = std::chrono::steady_clock::now();
  hanging.stop();
  BOOST_TEST((std::chrono::steady_clock::now() - before < 3s));
}

BOOST_AUTO_TEST_CASE(stop_does_not_wait_for_a_transform_that_never_ends) {
  auto endless = settings_for(source.api.url());
  endless.transform = "def forever: forever; forever";
  endless.transform_timeout = 10min;
  followed stuck(endless);
  BOOST_REQUIRE(eventually([] { return transforms() == 1; }));
  const auto before = std::chrono::steady_clock::now();
  stuck.stop();
  BOOST_TEST((std::chrono::steady_clock::now() - before < 3s));
  BOOST_TEST(transforms() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
