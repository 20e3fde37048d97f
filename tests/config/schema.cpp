#include "tests/config/schema.hpp"

#include <sstream>

#include "base/duration.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

using nlohmann::json;

json load_schema(const std::string& name) {
  return json::parse(
      read_text(std::string(SWITCHYARD_SOURCE) + "/config/" + name + ".schema.json"));
}

json resolve(const json& schema, json node) {
  for (const auto& option : node.value("anyOf", json::array()))
    if (option.contains("$ref")) node["$ref"] = option["$ref"];
  if (!node.contains("$ref")) return node;
  auto target = schema.at(json::json_pointer(node["$ref"].get<std::string>().substr(1)));
  node.erase("$ref");
  target.update(node);
  return target;
}

std::set<std::string> property_names(const json& node) {
  std::set<std::string> names;
  for (const auto& [name, property] : node.at("properties").items()) names.insert(name);
  return names;
}

std::set<std::string> known_keys(const std::string& message) {
  constexpr std::string_view intro = "known here: ";
  const auto at = message.find(intro);
  if (at == std::string::npos) return {};
  std::istringstream words(message.substr(at + intro.size()));
  std::set<std::string> keys;
  for (std::string word; words >> word;) {
    const bool more = word.ends_with(',');
    if (more) word.pop_back();
    keys.insert(word);
    if (!more) break;
  }
  return keys;
}

range_ends ends_of(const json& property) {
  range_ends ends;
  if (property.contains("minimum")) {
    const auto low = property["minimum"].get<std::int64_t>();
    const auto high = property["maximum"].get<std::int64_t>();
    ends = {{low, high}, {low - 1, high + 1}};
  } else if (property.contains("x-minimum")) {
    const auto low = base::parse_duration(property["x-minimum"].get<std::string>()).value();
    const auto high = base::parse_duration(property["x-maximum"].get<std::string>()).value();
    ends.inside = {property["x-minimum"], property["x-maximum"]};
    const std::chrono::milliseconds step(1);
    ends.outside = {base::format_duration(high + step)};
    if (low.count() > 0) ends.outside.emplace_back(base::format_duration(low - step));
  } else if (property.contains("enum")) {
    for (const auto& word : property["enum"]) ends.inside.push_back(word);
    ends.outside = {"no-such-word"};
  } else if (property.value("type", json()) == "boolean") {
    ends = {{true, false}, {"yes", 1}};
  } else if (property.value("type", json()) == "string" && property.contains("maxLength")) {
    ends.outside = {std::string(property["maxLength"].get<std::size_t>() + 1, 'x')};
  }
  return ends;
}

}  // namespace switchyard::tests
