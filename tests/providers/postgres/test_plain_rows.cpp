// The short way of a plain row ends where the decoder's would.

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "providers/postgres/plain_row.hpp"
#include "providers/postgres/rows.hpp"

namespace switchyard::tests {

namespace {

using namespace providers::postgres;
using cells = std::vector<std::optional<std::string>>;

const cells usual{R"("srv1")",  R"("10.0.0.1")", std::nullopt, "8080", "100",
                  R"("ready")", "false",         "0",          "{}"};

/// Values of any column, as to_json writes them.
const cells values{std::nullopt,
                   R"("srv1")",
                   R"("srv2")",
                   R"("")",
                   R"("a b")",
                   R"("a\nb")",
                   R"("ü")",
                   R"("10.0.0.2")",
                   R"("::1")",
                   R"("0.0.0.0")",
                   R"("10.0.0.1/24")",
                   R"("web.example")",
                   R"("ready")",
                   R"("drain")",
                   R"("maint")",
                   R"("true")",
                   "true",
                   "false",
                   "null",
                   "0",
                   "-1",
                   "1",
                   "007",
                   "256",
                   "257",
                   "65535",
                   "65536",
                   "2147483647",
                   "2147483648",
                   "1e2",
                   "1.0",
                   "{}",
                   "[]",
                   R"({"resolve": "all"})",
                   R"({"port": 1})",
                   "99999999999999999999",
                   R"("80")",
                   "garbage",
                   ""};

/// What is made of the row when its columns are read one by one.
model::report by_columns(const cells& columns) {
  cells row{"c", "api", "srv1"};
  row.insert(row.end(), columns.begin(), columns.end());
  return decode_rows({row}, layout::tables, false).value();
}

/// And when they come as one JSON object, which has no short way.
model::report whole(const cells& columns) {
  std::string text = "{";
  for (std::size_t i = 0; i < columns.size(); ++i)
    text += std::string(i > 0 ? "," : "") + '"' + std::string(server_columns[i]) +
            "\":" + columns[i].value_or("null");
  return decode_rows({{"s", "api", "srv1", text + "}"}}, layout::tables, false).value();
}

void check_same(const cells& columns) {
  const auto a = by_columns(columns), b = whole(columns);
  const auto& one = a.backends.at("api");
  const auto& other = b.backends.at("api");
  BOOST_TEST((*one.value == *other.value));
  BOOST_TEST(one.refused_servers == other.refused_servers);
  BOOST_TEST(a.refused.size() == b.refused.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(postgres_plain_rows)

BOOST_AUTO_TEST_CASE(the_usual_row_takes_the_short_way) {
  const auto server = plain_server(usual);
  BOOST_REQUIRE(server);
  BOOST_TEST(server->address == "10.0.0.1");
  BOOST_TEST(server->port == 8080);
  auto defaults = usual;
  for (std::size_t i = 4; i < defaults.size(); ++i) defaults[i].reset();
  BOOST_TEST((plain_server(defaults) == server));
}

BOOST_AUTO_TEST_CASE(any_value_of_a_column_is_judged_as_in_a_whole_row) {
  for (std::size_t i = 0; i < usual.size(); ++i)
    for (const auto& value : values) {
      auto columns = usual;
      columns[i] = value;
      // What is no JSON at all spoils a whole row in a place of its own.
      if (value == "" || value == "garbage" || value == "007") {
        BOOST_TEST(!plain_server(columns));
        continue;
      }
      BOOST_TEST_CONTEXT(server_columns[i] << " = " << value.value_or("NULL")) check_same(columns);
    }
}

BOOST_AUTO_TEST_CASE(any_two_values_are_judged_as_in_a_whole_row) {
  for (std::size_t i = 0; i < usual.size(); ++i)
    for (std::size_t k = 0; k < values.size(); ++k) {
      auto columns = usual;
      columns[i] = values[k];
      columns[(i + 3) % usual.size()] = values[(k * 7 + 1) % values.size()];
      BOOST_TEST_CONTEXT(server_columns[i] << " = " << columns[i].value_or("NULL"))
      if (plain_server(columns)) check_same(columns);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
