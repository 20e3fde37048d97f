#include "tests/api/description.hpp"

#include <algorithm>
#include <regex>
#include <set>

namespace switchyard::tests {

namespace {

using nlohmann::json;

bool has_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return type == "null" && value.is_null();
}

bool of_type(const json& value, const json& types) {
  if (types.is_string()) return has_type(value, types.get<std::string>());
  return std::ranges::any_of(types, [&](const json& t) { return has_type(value, t); });
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

description::description()
    : all_(json::parse(read_text(std::string(SWITCHYARD_SOURCE_DIR) + "/api/openapi.json"))) {}

std::vector<std::string> description::faults(const json& value, const json& schema,
                                             const std::string& at) const {
  static const std::set<std::string> annotations{"description", "format", "minProperties"};
  std::vector<std::string> all;
  const auto add = [&](std::vector<std::string> more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  for (const auto& [word, rule] : schema.items()) {
    if (annotations.contains(word)) continue;
    if (word == "$ref") {
      add(faults(value, all_.at(json::json_pointer(rule.get<std::string>().substr(1))), at));
    } else if (word == "type") {
      if (!of_type(value, rule)) all.push_back(at + ": no " + rule.dump() + ": " + value.dump());
    } else if (word == "const") {
      if (value != rule) all.push_back(at + ": not " + rule.dump());
    } else if (word == "enum") {
      if (std::ranges::find(rule, value) == rule.end())
        all.push_back(at + ": none of " + rule.dump() + ": " + value.dump());
    } else if (word == "minimum" || word == "maximum") {
      if (value.is_number() && (word == "minimum" ? value < rule : value > rule))
        all.push_back(at + ": past the " + word + " of " + rule.dump() + ": " + value.dump());
    } else if (word == "pattern") {
      if (value.is_string() &&
          !std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>())))
        all.push_back(at + ": not as " + rule.dump() + ": " + value.dump());
    } else if (word == "anyOf") {
      if (std::ranges::none_of(rule, [&](const json& r) { return faults(value, r).empty(); }))
        all.push_back(at + ": none of the alternatives: " + value.dump());
    } else if (word == "required") {
      for (const auto& key : rule)
        if (value.is_object() && !value.contains(key.get<std::string>()))
          all.push_back(at + ": lacks " + key.dump());
    } else if (word == "properties") {
      for (const auto& [key, property] : rule.items())
        if (value.is_object() && value.contains(key))
          add(faults(value[key], property, at + "/" + key));
    } else if (word == "additionalProperties") {
      if (!value.is_object() || rule != false) continue;
      for (const auto& [key, member] : value.items())
        if (!schema.at("properties").contains(key)) all.push_back(at + ": has " + key);
    } else if (word == "items") {
      for (std::size_t i = 0; value.is_array() && i < value.size(); ++i)
        add(faults(value[i], rule, at + "/" + std::to_string(i)));
    } else {
      all.push_back("this checker does not know " + word);
    }
  }
  return all;
}

std::vector<std::string> description::faults_as(const json& value, const std::string& name) const {
  return faults(value, all_.at("components").at("schemas").at(name), name);
}

std::string description::undescribed(const std::string& method, const std::string& pattern,
                                     const http_answer& answer) const {
  const auto path = all_["paths"].find(pattern);
  if (path == all_["paths"].end()) return "there is no path " + pattern;
  const auto operation = path->find(method);
  if (operation == path->end()) return pattern + " has no " + method;
  const auto& responses = (*operation)["responses"];
  const auto status = std::to_string(answer.status);
  const auto& response = responses.contains(status) ? responses[status] : responses["default"];
  for (const auto& [type, content] : response["content"].items()) {
    if (!contains(answer.head, "Content-Type: " + type)) continue;
    if (type == "text/plain") return "";
    const auto value = json::parse(answer.body, nullptr, false);
    if (value.is_discarded()) return "the body is no JSON: " + answer.body;
    std::string text;
    for (const auto& fault : faults(value, content["schema"])) text += fault + "\n";
    return text;
  }
  return "status " + status + " has another content type:\n" + answer.head + "\n" + answer.body;
}

std::set<std::string> description::query_of(std::string method, const std::string& pattern) const {
  for (char& c : method) c = static_cast<char>(c | 0x20);
  std::set<std::string> names;
  const auto& operation = all_.at("paths").at(pattern).at(method);
  for (const auto& parameter : operation.value("parameters", json::array()))
    if (parameter.at("in") == "query") names.insert(parameter.at("name").get<std::string>());
  return names;
}

std::vector<std::string> description::operations() const {
  std::vector<std::string> result;
  for (const auto& [path, operations] : all_["paths"].items())
    for (const auto& [method, operation] : operations.items())
      result.push_back(upper(method) + " " + path);
  std::ranges::sort(result);
  return result;
}

}  // namespace switchyard::tests
