// Decisions about several holds, of which some end or cannot be decided about meanwhile.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "tests/cli/captured.hpp"
#include "tests/support/http_api.hpp"

namespace switchyard::cli {

namespace {

using nlohmann::json;
using tests::captured;
using tests::contains;
using tests::http_api;

/// An API that lists two holds at a time, those that wait first, as /v1/holds does with a thousand.
struct held {
  std::mutex mutex;  // guards the next two
  std::vector<json> holds;
  std::vector<std::string> decided;
  http_api api{[this](const auto& r) { return answer(r); }};

  explicit held(int count) {
    for (int id = 1; id <= count; ++id)
      holds.push_back({{"id", id}, {"provider", "p"}, {"rejected", false}});
  }

  http_api::reply answer(const http_api::request& r) {
    const std::lock_guard lock(mutex);
    if (r.method == "GET") {
      std::ranges::stable_partition(holds, [](const json& h) { return h["rejected"] == false; });
      const auto shown = std::min<std::ptrdiff_t>(2, std::ssize(holds));
      const std::vector<json> list(holds.begin(), holds.begin() + shown);
      return http_api::answer(200, json{{"count", holds.size()}, {"list", list}}.dump());
    }
    const auto slash = r.target.rfind('/');
    const auto id = r.target.substr(r.target.rfind('/', slash - 1) + 1, 1);
    if (id == "3") return http_api::answer(503, R"({"detail": "the manager starts anew"})");
    const auto found = std::ranges::find_if(
        holds, [&](const json& h) { return h["id"].get<int>() == std::stoi(id); });
    if (id == "1") {  // it ends while the others are decided about
      holds.erase(found);
      return http_api::answer(404, R"({"detail": "there is no such hold"})");
    }
    decided.push_back(id);
    (*found)["rejected"] = true;
    const json done{{"hold", *found}, {"applied", true}};
    if (r.target.ends_with("approve")) holds.erase(found);
    return http_api::answer(200, done.dump());
  }

  decide_options all(bool approve) const {
    decide_options options;
    options.client.api = "127.0.0.1:" + std::to_string(api.port());
    options.approve = approve;
    options.all = true;
    return options;
  }
};

using ids = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(decisions_about_all)

BOOST_AUTO_TEST_CASE(what_has_ended_is_passed_over_and_a_failure_leaves_the_others) {
  for (const bool approve : {true, false}) {
    held some(6);
    const captured out(std::cout), err(std::cerr);
    BOOST_TEST(decide(some.all(approve)) == 1);
    BOOST_TEST((some.decided == ids{"2", "4", "5", "6"}));
    BOOST_TEST(contains(out.text(), "hold 6 of p"), out.text());
    BOOST_TEST(contains(err.text(), "the manager starts anew"), err.text());
    BOOST_TEST(!contains(err.text(), "no such hold"), err.text());
  }
}

BOOST_AUTO_TEST_CASE(what_was_decided_is_printed_as_json_whatever_failed) {
  held some(4);
  auto options = some.all(true);
  options.client.common.output = output_format::json;
  const captured out(std::cout), err(std::cerr);
  BOOST_TEST(decide(options) == 1);
  const auto printed = json::parse(out.text());
  BOOST_REQUIRE(printed.size() == 2U);
  BOOST_TEST(printed.back().at("hold").at("id") == 4);
}

BOOST_AUTO_TEST_CASE(when_all_have_ended_nothing_is_held) {
  held some(1);
  const captured out(std::cout), err(std::cerr);
  BOOST_TEST(decide(some.all(true)) == 0);
  BOOST_TEST(out.text() == "nothing is held\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::cli
