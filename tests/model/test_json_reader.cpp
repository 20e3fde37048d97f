#include "model/json_reader.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "model/backend.hpp"

using namespace switchyard::model;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// The problems of reading member "x" of `value` with `read`.
template <class Read>
problems found(const json& value, Read read) {
  problems sink;
  object_reader reader(value, "/at", sink);
  read(reader);
  reader.finish();
  return sink;
}

bool refused_at(const problems& list, const std::string& pointer) {
  return list.size() == 1 && list[0].pointer == pointer && !list[0].message.empty();
}

bool refuses_number(const json& value) {
  std::int64_t target = 7;
  const auto list =
      found({{"x", value}}, [&](auto& r) { BOOST_TEST(!r.read("x", target, 1, 65535)); });
  return refused_at(list, "/at/x") && target == 7;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json_reader)

BOOST_AUTO_TEST_CASE(absent_members_leave_the_target_and_are_no_problem) {
  std::string text = "kept";
  std::optional<std::string> maybe = "kept";
  bool flag = true;
  std::int64_t number = 5;
  std::chrono::milliseconds time = 3ms;
  auto state = server_state::maint;
  const auto list = found(json::object(), [&](auto& r) {
    BOOST_TEST(!r.read("a", text));
    BOOST_TEST(!r.read("b", maybe));
    BOOST_TEST(!r.read("c", flag));
    BOOST_TEST(!r.read("d", number, 0, 9));
    BOOST_TEST(!r.read("e", time, 0ms, 9ms));
    BOOST_TEST(!r.read_enum("f", state, {server_state::ready}));
    BOOST_TEST(!r.each("g", [](const json&, const std::string&) {}));
    BOOST_TEST(r.member("h") == nullptr);
  });
  BOOST_TEST(list.empty());
  BOOST_TEST((text == "kept" && maybe == "kept" && flag && number == 5 && time == 3ms));
  BOOST_TEST((state == server_state::maint));
}

BOOST_AUTO_TEST_CASE(numbers_are_whole_and_in_range) {
  std::int64_t target = 0;
  for (const std::int64_t good : {1, 8080, 65535})
    BOOST_TEST((found({{"x", good}}, [&](auto& r) { r.read("x", target, 1, 65535); }).empty() &&
                target == good));
  for (const json& bad :
       {json(0), json(-1), json(65536), json(70000), json(1.5), json(80.0), json("8080"),
        json(true), json(nullptr), json::array({80}), json::object(), json(1e30),
        json(std::numeric_limits<std::uint64_t>::max()),
        json(std::numeric_limits<std::int64_t>::min())})
    BOOST_TEST(refuses_number(bad), bad.dump());
}

BOOST_AUTO_TEST_CASE(the_whole_range_of_64_bits_is_read_without_wrapping) {
  constexpr auto low = std::numeric_limits<std::int64_t>::min();
  constexpr auto high = std::numeric_limits<std::int64_t>::max();
  for (const auto number : {low, high}) {
    std::int64_t target = 0;
    BOOST_TEST(found({{"x", number}}, [&](auto& r) { r.read("x", target, low, high); }).empty());
    BOOST_TEST(target == number);
  }
  std::int64_t target = 3;
  const json beyond = static_cast<std::uint64_t>(high) + 1;
  BOOST_TEST(refused_at(found({{"x", beyond}}, [&](auto& r) { r.read("x", target, low, high); }),
                        "/at/x"));
  BOOST_TEST(target == 3);
}

BOOST_AUTO_TEST_CASE(strings_have_no_control_characters_and_a_length) {
  std::string target;
  const auto read = [&](auto& r) { r.read("x", target, 300); };
  BOOST_TEST(found({{"x", ""}}, read).empty());
  BOOST_TEST(found({{"x", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\x82"}}, read).empty());
  BOOST_TEST(found({{"x", std::string(300, 'a')}}, read).empty());
  for (const json& bad :
       {json("a\nb"), json("a\rb"), json("a\tb"), json(std::string("a\0b", 3)), json("\x7f"),
        json("\x1b[0m"), json("\xc2\x9b[0m"), json(std::string(301, 'a')), json(1), json(true),
        json(nullptr), json::array({"a"}), json("\xff"), json("\xc0\xaf"), json("\xed\xa0\x80"),
        json("\xe2\x82")})
    BOOST_TEST(refused_at(found({{"x", bad}}, read), "/at/x"));
}

BOOST_AUTO_TEST_CASE(null_clears_an_optional_string) {
  std::optional<std::string> target = "old";
  const auto read = [&](auto& r) { r.read("x", target); };
  BOOST_TEST(found({{"x", "new"}}, read).empty());
  BOOST_TEST((target == "new"));
  BOOST_TEST(found({{"x", nullptr}}, read).empty());
  BOOST_TEST(!target);
  BOOST_TEST(refused_at(found({{"x", 5}}, read), "/at/x"));
}

BOOST_AUTO_TEST_CASE(booleans_are_true_or_false) {
  bool target = false;
  const auto read = [&](auto& r) { r.read("x", target); };
  BOOST_TEST((found({{"x", true}}, read).empty() && target));
  for (const json& bad : {json(1), json(0), json("true"), json("yes"), json(nullptr)})
    BOOST_TEST(refused_at(found({{"x", bad}}, read), "/at/x"));
}

BOOST_AUTO_TEST_CASE(durations_have_units_and_a_range) {
  std::chrono::milliseconds target{0};
  const auto read = [&](auto& r) { r.read("x", target, 100ms, 1h); };
  for (const auto& [text, value] :
       {std::pair<const char*, std::chrono::milliseconds>{"100ms", 100ms},
        {"2s", 2s},
        {"60m", 1h},
        {"1h", 1h}})
    BOOST_TEST((found({{"x", text}}, read).empty() && target == value), text);
  for (const json& bad :
       {json("99ms"), json("3601s"), json("2"), json(2), json(""), json("2 s"), json("-2s"),
        json("1.5s"), json("2S"), json("2sec"), json("99999999999999999999s"), json(nullptr)})
    BOOST_TEST(refused_at(found({{"x", bad}}, read), "/at/x"), bad.dump());
}

BOOST_AUTO_TEST_CASE(words_are_exact) {
  auto target = server_state::ready;
  const auto read = [&](auto& r) {
    r.read_enum("x", target, {server_state::ready, server_state::drain, server_state::maint});
  };
  BOOST_TEST(found({{"x", "drain"}}, read).empty());
  BOOST_TEST((target == server_state::drain));
  for (const json& bad :
       {json("Drain"), json("drain "), json(""), json("down"), json(1), json(nullptr)}) {
    const auto list = found({{"x", bad}}, read);
    BOOST_TEST(refused_at(list, "/at/x"));
    BOOST_TEST(list[0].message.find("\"ready\", \"drain\", \"maint\"") != std::string::npos);
  }
  BOOST_TEST((target == server_state::drain));
}

BOOST_AUTO_TEST_CASE(a_word_outside_the_given_ones_is_refused_even_if_the_enum_has_it) {
  auto target = server_state::ready;
  BOOST_TEST(refused_at(
      found({{"x", "maint"}}, [&](auto& r) { r.read_enum("x", target, {server_state::ready}); }),
      "/at/x"));
}

BOOST_AUTO_TEST_CASE(lists_are_walked_with_the_pointer_of_each_element) {
  std::vector<std::string> pointers;
  const auto read = [&](auto& r) {
    r.each("x", [&](const json&, const std::string& p) { pointers.push_back(p); });
  };
  BOOST_TEST(found({{"x", {1, 2}}}, read).empty());
  BOOST_TEST(pointers == (std::vector<std::string>{"/at/x/0", "/at/x/1"}),
             boost::test_tools::per_element());
  for (const json& bad : {json(1), json("a"), json::object(), json(nullptr)})
    BOOST_TEST(refused_at(found({{"x", bad}}, read), "/at/x"));
}

BOOST_AUTO_TEST_CASE(what_is_no_object_is_one_problem_and_has_no_members) {
  for (const json& bad : {json(1), json("a"), json::array(), json(nullptr), json(true)}) {
    std::string text;
    const auto list = found(bad, [&](auto& r) {
      BOOST_TEST(!r.is_object());
      BOOST_TEST(!r.has("x"));
      BOOST_TEST(!r.read("x", text));
      r.require("x");
    });
    BOOST_TEST(refused_at(list, "/at"));
  }
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_refused_with_the_known_ones) {
  bool target = false;
  const auto list = found({{"port", 1}, {"y", true}, {"z/~", 1}}, [&](auto& r) {
    r.read("y", target);
    r.member("x");
  });
  BOOST_REQUIRE(list.size() == 2U);
  BOOST_TEST(list[0].pointer == "/at/port");
  BOOST_TEST(list[1].pointer == "/at/z~1~0");
  BOOST_TEST(list[0].message.find("known here: x, y") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(many_or_strange_unknown_keys_do_not_flood_the_messages) {
  json many;
  for (int i = 0; i < 10'000; ++i) many["k" + std::to_string(i)] = 1;
  BOOST_TEST(to_string(found(many, [](auto&) {})).size() < 2000);
  for (const auto& key : {std::string(100'000, 'k'), std::string("a\nb"), std::string("a\0b", 3),
                          std::string("\xff")}) {
    const auto list = found({{key, 1}}, [](auto&) {});
    BOOST_REQUIRE(list.size() == 1U);
    BOOST_TEST(list[0].pointer == "/at");
    BOOST_TEST(list[0].message.size() < 300);
    BOOST_TEST(list[0].message.find('\n') == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(required_members_are_named_when_missing) {
  BOOST_TEST(refused_at(found(json::object(), [](auto& r) { r.require("x"); }), "/at/x"));
  BOOST_TEST(found({{"x", nullptr}}, [](auto& r) {
               r.require("x");
               r.member("x");
             }).empty());
}

BOOST_AUTO_TEST_CASE(pointers_are_escaped_as_rfc_6901_says) {
  BOOST_TEST(pointer_to("", "a") == "/a");
  BOOST_TEST(pointer_to("/a", "m~n/o") == "/a/m~0n~1o");
  BOOST_TEST(pointer_to("/a", "") == "/a/");
}

BOOST_AUTO_TEST_CASE(problems_read_as_one_line) {
  BOOST_TEST(to_string(problems{}).empty());
  BOOST_TEST(to_string(problems{{"", "no object"}, {"/a", "bad"}}) == "no object; /a: bad");
}

BOOST_AUTO_TEST_CASE(quoting_makes_any_bytes_printable_and_short) {
  BOOST_TEST(switchyard::model::quoted("abc") == "\"abc\"");
  BOOST_TEST(switchyard::model::quoted("a\"\\\n\r\t") == R"("a\"\\\n\r\t")");
  BOOST_TEST(switchyard::model::quoted(std::string_view("\0\x1b\x7f", 3)) == R"("\x00\x1b\x7f")");
  BOOST_TEST(switchyard::model::quoted("\xff\xc3") == R"("\xff\xc3")");
  BOOST_TEST(switchyard::model::quoted("\xc3\xbc") == "\"\xc3\xbc\"");
  BOOST_TEST(switchyard::model::quoted(std::string(1000, 'a')) ==
             "\"" + std::string(60, 'a') + "…\"");
  // Never cut inside a character: what dumps such a text as JSON must not throw.
  std::string wide = "a";
  for (int i = 0; i < 100; ++i) wide += "\xe2\x82\xac";
  BOOST_CHECK_NO_THROW(static_cast<void>(json(switchyard::model::quoted(wide)).dump()));
}

BOOST_AUTO_TEST_SUITE_END()
