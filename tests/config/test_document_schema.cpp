// The document's schema and its decoder say the same: every key, default and range.

#include <boost/test/unit_test.hpp>
#include <regex>

#include "model/document.hpp"
#include "tests/config/schema.hpp"

namespace switchyard::model {

namespace {

using nlohmann::json;
using namespace tests;

struct place {
  std::string title;
  json node;
  json::json_pointer pointer;
};

const json sample = json::parse(R"({
  "backends": [{"name": "b", "tls": {}, "check": {}, "timeouts": {},
                "servers": [{"name": "s", "address": "10.0.0.1", "port": 80}]},
               {"name": "kept", "sticky": {"cookie": "SRV"}}],
  "routes": [{"backend": "b"}]})");

std::vector<place> places() {
  const auto schema = load_schema("document");
  const auto& backend = schema["$defs"]["backend"];
  std::vector<place> result{
      {"backend", backend, json::json_pointer("/backends/0")},
      {"server", schema["$defs"]["server"], json::json_pointer("/backends/0/servers/0")},
      {"route", schema["$defs"]["route"], json::json_pointer("/routes/0")}};
  for (const auto* key : {"tls", "check", "timeouts"})
    result.push_back({key, backend["properties"][key], json::json_pointer("/backends/0") / key});
  result.push_back(
      {"sticky", backend["properties"]["sticky"], json::json_pointer("/backends/1/sticky")});
  return result;
}

json with(const place& p, const std::string& key, const json& value) {
  auto document = sample;
  document[p.pointer][key] = value;
  return document;
}

report decoded(const json& document) {
  auto read = decode_document(document);
  BOOST_REQUIRE_MESSAGE(read, document);
  return *std::move(read);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(document_schema)

BOOST_AUTO_TEST_CASE(decoder_and_schema_know_the_same_keys) {
  for (const auto& p : places()) {
    const auto refused = decoded(with(p, "no_such_key", 1)).refused;
    BOOST_REQUIRE(refused.size() == 1U);
    BOOST_TEST((known_keys(refused[0].reason) == property_names(p.node)), p.title);
  }
  const auto whole = decode_document({{"backends", json::array()}, {"no_such_key", 1}});
  BOOST_REQUIRE(!whole);
  BOOST_TEST((known_keys(whole.error().message) == property_names(load_schema("document"))));
}

BOOST_AUTO_TEST_CASE(every_default_of_the_schema_is_the_decoders) {
  const auto schema = load_schema("document");
  const auto expected = decoded(sample);
  BOOST_TEST(expected.refused.empty());
  int defaults = 0;
  for (const auto& p : places())
    for (const auto& [key, raw] : p.node["properties"].items()) {
      const auto property = resolve(schema, raw);
      if (!property.contains("default") || key == "servers") continue;
      ++defaults;
      const auto read = decoded(with(p, key, property["default"]));
      BOOST_TEST(read.refused.empty(), p.title << " " << key);
      BOOST_TEST((*read.backends.at("b").value == *expected.backends.at("b").value),
                 p.title << " " << key);
      BOOST_TEST((read.routes == expected.routes), p.title << " " << key);
    }
  BOOST_TEST(defaults > 15);
}

BOOST_AUTO_TEST_CASE(every_range_of_the_schema_is_the_decoders) {
  const auto schema = load_schema("document");
  for (const auto& p : places())
    for (const auto& [key, raw] : p.node["properties"].items()) {
      const auto range = ends_of(resolve(schema, raw));
      for (const auto& value : range.inside) {
        auto document = with(p, key, value);
        if (key == "resolve") document["backends"][0]["servers"][0]["address"] = "app.internal";
        BOOST_TEST(decoded(document).refused.empty(), p.title << " " << key << " " << value);
      }
      for (const auto& value : range.outside)
        BOOST_TEST(!decoded(with(p, key, value)).refused.empty(),
                   p.title << " " << key << " " << value);
    }
}

BOOST_AUTO_TEST_CASE(what_the_schema_requires_the_decoder_does) {
  for (const auto& p : places())
    for (const auto& key : p.node.value("required", json::array())) {
      auto document = sample;
      document[p.pointer].erase(key.get<std::string>());
      BOOST_TEST(!decoded(document).refused.empty(), p.title << " " << key);
    }
}

BOOST_AUTO_TEST_CASE(the_pattern_of_a_cookies_name_is_the_decoders) {
  const auto sticky = places().back();
  const std::regex pattern(sticky.node["properties"]["cookie"]["pattern"].get<std::string>());
  std::vector<std::string> names{"", std::string(64, 'c'), std::string(65, 'c')};
  for (char c = ' '; c <= '~'; ++c) names.push_back(std::string("SRV") + c);
  for (const auto& name : names)
    BOOST_TEST(
        std::regex_match(name, pattern) == decoded(with(sticky, "cookie", name)).refused.empty(),
        name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::model
