#include "config/overrides.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "base/yaml.hpp"
#include "model/json_reader.hpp"

namespace switchyard::config {

namespace {

using nlohmann::json;

constexpr std::string_view prefix = "SWITCHYARD_";

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const auto at = text.find("__");
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 2);
  }
}

/// A key as variables write it: upper case, and '_' for what a variable's name cannot hold.
std::string as_variable(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
    else if (c == '-' || c == '.' || c == ':')
      c = '_';
  }
  return result;
}

/// The key that a part of a variable's name stands for; keys are lower case and have no '-'.
std::string as_key(std::string_view part) {
  std::string result(part);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// A place in the document while the parts of a name are followed.
struct cursor {
  json* value;
  std::string pointer;
};

/// Steps to the entry of a list whose name is `part`. Otherwise says what is wrong.
std::optional<std::string> enter_list(cursor& at, const std::string& part) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < at.value->size(); ++i) {
    const auto& entry = (*at.value)[i];
    const auto name = entry.is_object() ? entry.find("name") : entry.end();
    if (!entry.is_object() || name == entry.end() || !name->is_string()) continue;
    if (as_variable(name->get<std::string>()) != part) continue;
    if (found) return "two entries of " + at.pointer.substr(1) + " could be meant: rename one";
    found = i;
  }
  if (!found)
    return "no entry of " + at.pointer.substr(1) + " has the name " + part +
           " (in upper case, '_' for other characters); remove the variable or add the entry";
  at.value = &(*at.value)[*found];
  at.pointer += "/" + std::to_string(*found);
  return std::nullopt;
}

/// Steps to the member that `part` names, created where it is not there.
std::optional<std::string> enter(cursor& at, const std::string& part) {
  if (part.empty()) return "names no setting; write SWITCHYARD_A__B for the setting a.b";
  if (at.value->is_array()) return enter_list(at, part);
  if (at.value->is_null()) *at.value = json::object();
  if (!at.value->is_object())
    return at.pointer.substr(1) + " is a single value and has no settings below it";
  const auto key = as_key(part);
  if (at.pointer.empty() && (key == "providers" || key == "frontends") && !at.value->contains(key))
    (*at.value)[key] = json::array();
  at.value = &(*at.value)[key];
  at.pointer = model::pointer_to(at.pointer, key);
  return std::nullopt;
}

}  // namespace

override_result apply_overrides(json& document, const environment& variables) {
  override_result result;
  for (const auto& [variable, text] : variables) {
    if (!variable.starts_with(prefix) || variable == "SWITCHYARD_CONFIG") continue;
    const auto value = base::parse_yaml(text);
    if (!value) {
      result.problems.push_back(variable + ": the value is no YAML: " + value.error().message +
                                "; put it in quotes if it is a text");
      continue;
    }
    // On a copy: a name that leads nowhere shall leave no half of its way behind.
    json changed = document;
    cursor at{&changed, ""};
    std::optional<std::string> wrong;
    for (const auto& part : split(std::string_view(variable).substr(prefix.size())))
      if (!wrong) wrong = enter(at, part);
    if (wrong) {
      result.problems.push_back(variable + ": " + *wrong);
      continue;
    }
    *at.value = value->value;
    document = std::move(changed);
    result.origins[at.pointer] = variable;
  }
  return result;
}

}  // namespace switchyard::config
