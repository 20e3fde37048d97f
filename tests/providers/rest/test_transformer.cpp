#include "providers/rest/transformer.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/support/support.hpp"

namespace switchyard::providers::rest {

namespace {

using namespace std::chrono_literals;
using base::errc;
using tests::contains;

constexpr transform_limits usual{10s, 1 << 20};

std::string good(const std::string& program, const std::string& text) {
  const auto result = rest::transform(program, text, usual, nullptr);
  BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
  return *result;
}

std::string bad(const std::string& program, const std::string& text,
                const transform_limits& limits = usual) {
  const auto result = rest::transform(program, text, limits, nullptr);
  BOOST_REQUIRE_MESSAGE(!result, (result ? *result : ""));
  return result.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rest_transformer)

BOOST_AUTO_TEST_CASE(a_program_makes_one_value_of_another) {
  BOOST_TEST(good(".", R"({"a": [1, "ä"]})") == R"({"a":[1,"ä"]})");
  BOOST_TEST(good("{backends: [.[] | {name: .n}]}", R"([{"n": "x"}])") ==
             R"({"backends":[{"name":"x"}]})");
}

BOOST_AUTO_TEST_CASE(a_program_that_cannot_be_compiled_is_refused_with_its_line) {
  BOOST_TEST(bool(check_program(".")));
  BOOST_TEST(bool(check_program("def f: .a;\n# a comment\nf | map(.b)")));
  const auto syntax = check_program(".a |\n.b[\n");
  BOOST_REQUIRE(!syntax);
  BOOST_TEST((syntax.error().kind == errc::invalid));
  BOOST_TEST(syntax.error().message.starts_with("transform: line 2: syntax error"),
             syntax.error().message);
  const auto unknown = check_program("\n.a | no_such_function");
  BOOST_REQUIRE(!unknown);
  BOOST_TEST(unknown.error().message == "transform: line 2: no_such_function/0 is not defined");
}

BOOST_AUTO_TEST_CASE(what_fails_is_told_in_one_line) {
  BOOST_TEST(bad(".a", "[]") == "transform: Cannot index array with string \"a\"");
  BOOST_TEST(bad("error(\"on\\npurpose\")", "1") == "transform: on\\npurpose");
  BOOST_TEST(bad("empty", "1") == "transform: gives nothing; it must give one value, the document");
  BOOST_TEST(bad(".[]", "[1, 2]") ==
             "transform: gives several values; it must give one, the document");
  BOOST_TEST(bad("halt", "1") == "transform: the program halts");
  BOOST_TEST(contains(bad(".", "{\"a\": "), "transform: the answer is no JSON: Unfinished JSON"));
  BOOST_TEST(contains(bad(".", "1 2"), "transform: the answer is no JSON"));
  BOOST_TEST(contains(bad(".", std::string(100000, '[')), "transform: the answer is no JSON"));
}

BOOST_AUTO_TEST_CASE(a_program_sees_no_environment) {
  BOOST_TEST(good("env", "1") == "{}");
  BOOST_TEST(good("$ENV", "1") == "{}");
}

BOOST_AUTO_TEST_CASE(a_program_that_never_ends_ends_at_its_deadline) {
  const auto before = std::chrono::steady_clock::now();
  BOOST_TEST(bad("def f: f; f", "1", {300ms, 1 << 20}) ==
             "transform: took longer than 300ms and was ended");
  BOOST_TEST((std::chrono::steady_clock::now() - before < 10s));
}

BOOST_AUTO_TEST_CASE(a_program_that_takes_all_memory_ends_alone) {
  const auto said = bad("reduce range(40) as $i (\"xxxxxxxx\"; . + .)", "1", {60s, 1 << 20});
  // Sanitizers have an exit code of their own for it.
  BOOST_TEST((said == "transform: took too much memory and was ended" ||
              contains(said, "its process exited with code")),
             said);
}

BOOST_AUTO_TEST_CASE(too_large_a_result_is_refused) {
  BOOST_TEST(bad("\"x\" * 5000", "1", {10s, 1024}) == "transform: gives more than 1024 bytes");
}

BOOST_AUTO_TEST_CASE(stop_ends_a_program_at_once) {
  base::wakeup stop;
  std::thread stopper([&] { stop.notify(); });
  const auto before = std::chrono::steady_clock::now();
  const auto result = rest::transform("def f: f; f", "1", {1h, 1024}, &stop);
  stopper.join();
  BOOST_REQUIRE(!result);
  BOOST_TEST((result.error().kind == errc::unavailable));
  BOOST_TEST((std::chrono::steady_clock::now() - before < 5s));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers::rest
