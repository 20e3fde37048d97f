// The schema and the loader say the same: every key, default and range.

#include <boost/test/unit_test.hpp>

#include "tests/config/sample.hpp"
#include "tests/config/schema.hpp"

namespace switchyard::config {

namespace {

using nlohmann::json;
using namespace tests;

/// An object of the schema and a document in which it stands at `pointer`.
struct place {
  std::string title;
  json node;
  json document;
  json::json_pointer pointer;
};

json with_provider(json provider) {
  return {{"providers", {std::move(provider)}}};
}

std::vector<place> places() {
  const auto schema = load_schema("settings");
  const auto file = json{{"name", "a"}, {"type", "file"}, {"path", "/x"}};
  const auto postgres = json{{"name", "a"}, {"type", "postgres"}, {"dsn", "x"}};
  auto queries = postgres;
  queries["queries"] = {{"all", "a"}, {"backends", "b"}};
  auto base = with_provider(file);
  auto front = base;
  front["frontends"] = {{{"name", "f"}, {"binds", {{{"port", 1}}}}}};
  std::vector<place> result{{"top", schema, base, json::json_pointer("")}};
  const auto section = [&](const std::string& at) {
    auto node = schema;
    for (auto p = json::json_pointer(at); !p.empty();) {
      const auto parent = p.parent_pointer();
      if (parent.empty()) {
        node = schema["properties"][p.back()];
        if (json::json_pointer(at) != p) node = node["properties"][json::json_pointer(at).back()];
      }
      p = parent;
    }
    auto document = base;
    document[json::json_pointer(at)] = json::object();
    result.push_back({at, node, document, json::json_pointer(at)});
  };
  for (const auto* at :
       {"/haproxy", "/haproxy/reload", "/reconcile", "/guard", "/resolver", "/api", "/log"})
    section(at);
  const auto& defs = schema["$defs"];
  result.push_back({"frontend", defs["frontend"], front, json::json_pointer("/frontends/0")});
  result.push_back({"bind", defs["bind"], front, json::json_pointer("/frontends/0/binds/0")});
  result.push_back({"file", defs["file_provider"], base, json::json_pointer("/providers/0")});
  const auto redis = json{{"name", "a"}, {"type", "redis"}};
  result.push_back(
      {"redis", defs["redis_provider"], with_provider(redis), json::json_pointer("/providers/0")});
  result.push_back({"rest", defs["rest_provider"],
                    with_provider({{"name", "a"}, {"type", "rest"}, {"url", "http://a"}}),
                    json::json_pointer("/providers/0")});
  result.push_back({"exec", defs["exec_provider"],
                    with_provider({{"name", "a"}, {"type", "exec"}, {"command", {"true"}}}),
                    json::json_pointer("/providers/0")});
  result.push_back({"memory", defs["memory_provider"],
                    with_provider({{"name", "m"}, {"type", "memory"}}),
                    json::json_pointer("/providers/0")});
  result.push_back({"postgres", defs["postgres_provider"], with_provider(postgres),
                    json::json_pointer("/providers/0")});
  result.push_back({"queries", defs["postgres_queries"], with_provider(queries),
                    json::json_pointer("/providers/0/queries")});
  return result;
}

/// `document` with one more member. JSON is YAML.
std::string with(const place& p, const std::string& key, const json& value) {
  auto document = p.document;
  document[p.pointer][key] = value;
  return document.dump();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(settings_schema)

BOOST_AUTO_TEST_CASE(the_documents_of_this_test_are_good) {
  for (const auto& p : places()) BOOST_TEST(bad(p.document.dump()) == "taken", p.title);
}

BOOST_AUTO_TEST_CASE(loader_and_schema_know_the_same_keys) {
  for (const auto& p : places()) {
    const auto known = known_keys(bad(with(p, "no_such_key", 1)));
    BOOST_TEST((known == property_names(p.node)), p.title);
    BOOST_TEST(p.node.value("additionalProperties", true) == false, p.title);
  }
}

BOOST_AUTO_TEST_CASE(every_default_of_the_schema_is_the_loaders) {
  const auto schema = load_schema("settings");
  int defaults = 0;
  for (const auto& p : places())
    for (const auto& [key, raw] : p.node["properties"].items()) {
      const auto property = resolve(schema, raw);
      if (!property.contains("default")) continue;
      ++defaults;
      BOOST_TEST((good(with(p, key, property["default"])) == good(p.document.dump())),
                 p.title << " " << key);
    }
  BOOST_TEST(defaults > 25);
}

BOOST_AUTO_TEST_CASE(every_range_of_the_schema_is_the_loaders) {
  const auto schema = load_schema("settings");
  int ends = 0;
  for (const auto& p : places())
    for (const auto& [key, raw] : p.node["properties"].items()) {
      const auto range = ends_of(resolve(schema, raw));
      for (const auto& value : range.inside) {
        // These modes need more than themselves.
        if (value == "attached" || value == "tcp") continue;
        ++ends;
        BOOST_TEST(bad(with(p, key, value)) == "taken", p.title << " " << key << " " << value);
      }
      for (const auto& value : range.outside)
        BOOST_TEST(bad(with(p, key, value)) != "taken", p.title << " " << key << " " << value);
    }
  BOOST_TEST(ends > 25);
}

BOOST_AUTO_TEST_CASE(what_the_schema_requires_the_loader_does) {
  for (const auto& p : places())
    for (const auto& key : p.node.value("required", json::array())) {
      auto document = p.document;
      document[p.pointer].erase(key.get<std::string>());
      BOOST_TEST(bad(document.dump()) != "taken", p.title << " " << key);
    }
}

BOOST_AUTO_TEST_CASE(every_key_is_described) {
  const auto schema = load_schema("settings");
  for (const auto& p : places())
    for (const auto& [key, raw] : p.node["properties"].items())
      BOOST_TEST(!resolve(schema, raw).value("description", "").empty(), p.title << " " << key);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::config
