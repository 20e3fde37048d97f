#include "cli/remote_plan.hpp"

#include <boost/test/unit_test.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/captured.hpp"
#include "tests/support/http_api.hpp"
#include "tests/support/support.hpp"

namespace switchyard::cli {

namespace {

using nlohmann::json;
using tests::contains;

/// An answer of /v1/plan, each text of which has a terminal's commands.
std::string hostile_plan() {
  const json command{{"do", "command"},
                     {"command", "set server a/\x1b[2Js weight 1"},
                     {"backend", "\x1b]0;a"},
                     {"after_ms", 0}};
  const json section{{"section", "a\x1b[2J"}, {"removed", json::array()}, {"added", {"s\x1b[2J"}}};
  return json{{"differs", true},
              {"haproxy_reachable", true},
              {"steps", {command}},
              {"reload", {{"waiting", json::array()}}},
              {"files", {{{"path", "/f\x1b[2J"}, {"changes", {section}}}}},
              {"notices", {{{"level", "error"}, {"text", "n\x1b[2J"}}}},
              {"refused", {{{"source", "p\x1b[2J"}, {"key", "k\x1b[2J"}, {"reason", "r\x1b[2J"}}}},
              {"held", {{"count", 0}, {"list", json::array()}}}}
      .dump();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plans_over_the_api)

BOOST_AUTO_TEST_CASE(what_the_api_says_commands_no_terminal) {
  const tests::http_api api(
      [](const auto&) { return tests::http_api::answer(200, hostile_plan()); });
  plan_options options;
  options.client.api = "127.0.0.1:" + std::to_string(api.port());
  const tests::captured out(std::cout), err(std::cerr);
  BOOST_TEST(plan(options) == 3);
  BOOST_TEST(contains(out.text(), "set server a/?[2Js weight 1"), out.text());
  BOOST_TEST(contains(err.text(), "refused p?[2J k?[2J: r?[2J\n"), err.text());
  BOOST_TEST((out.text() + err.text()).find('\x1b') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_document_that_the_api_would_not_take_is_not_sent) {
  const tests::http_api api(
      [](const auto&) { return tests::http_api::answer(200, hostile_plan()); });
  const tests::temp_dir folder;
  plan_options options;
  options.client.api = "127.0.0.1:" + std::to_string(api.port());
  options.file = folder / "document.json";
  const auto write = [&](std::size_t bytes) {
    const json empty{{"a", ""}};
    const json document{{"a", std::string(bytes - empty.dump().size(), 'x')}};
    tests::write_text(options.file, document.dump());
  };
  write((1U << 20) + 1);
  const auto refused = ask_for_plan(options);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().message ==
             "the document has 1048577 bytes as JSON, and the API takes 1048576 at most; plan "
             "without --api, where HAProxy runs");
  BOOST_TEST(api.requests().empty());
  write(1U << 20);
  BOOST_TEST(static_cast<bool>(ask_for_plan(options)));
  BOOST_TEST(api.requests().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::cli
