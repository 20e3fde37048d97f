#include "providers/redis/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

namespace switchyard::providers::redis {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> numbers{"port", "weight", "maxconn", "check.rise",
                                                  "check.fall"};
constexpr std::array<std::string_view, 2> truths{"backup", "tls.enabled"};
constexpr std::array<std::string_view, 4> objects{"tls", "check", "timeouts", "sticky"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

std::string pointer_of(std::string_view field) {
  std::string pointer = model::pointer_to("", field);
  std::ranges::replace(pointer, '.', '/');
  return pointer;
}

/// A number as it is written in JSON, and nothing that JSON would not take for one.
std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return {};
  if (std::to_string(number) != text) return {};
  return number;
}

json field_value(const std::string& field, const std::string& text, std::size_t depth,
                 model::problems& sink) {
  if (among(numbers, field)) {
    if (const auto number = whole_number(text)) return *number;
  } else if (among(truths, field)) {
    if (text == "true" || text == "false") return text == "true";
  } else if (among(objects, field)) {
    auto object = model::parse_json(text, {.depth = depth});
    if (object) return std::move(*object);
    sink.push_back({pointer_of(field), "must be a JSON object: " + object.error().message});
    return json::object();
  }
  return text;
}

bool plain_field(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

void set_field(json& target, const std::string& field, const std::string& text, std::size_t depth,
               model::problems& sink) {
  if (!plain_field(field)) {
    sink.push_back({"", "has a field that does not exist: " + model::quoted(field)});
    return;
  }
  auto value = field_value(field, text, depth, sink);
  const auto dot = field.find('.');
  const auto outer = field.substr(0, dot);
  if (dot == std::string::npos) {
    if (target.contains(field))
      sink.push_back({pointer_of(field), "is given as a whole and by parts: leave one out"});
    target[field] = std::move(value);
    return;
  }
  if (!among(objects, outer)) {
    sink.push_back({"", "has a field that does not exist: " + model::quoted(field)});
    return;
  }
  auto& object = target[outer];
  const auto inner = field.substr(dot + 1);
  if (object.is_null()) object = json::object();
  if (!object.is_object() || object.contains(inner))
    sink.push_back({pointer_of(field), "is given as a whole and by parts: leave one out"});
  else
    object[inner] = std::move(value);
}

json object_of(const content& value, std::size_t depth, model::problems& sink) {
  switch (value.is) {
    case content::type::hash: {
      auto object = json::object();
      for (const auto& [field, text] : value.fields) set_field(object, field, text, depth, sink);
      return object;
    }
    case content::type::text: {
      auto object = model::parse_json(value.text, {.depth = depth});
      if (object && object->is_object()) return std::move(*object);
      sink.push_back({"", "must be a hash or a JSON object" +
                              (object ? std::string() : ": " + object.error().message)});
      return json::object();
    }
    case content::type::too_long:
      sink.push_back({"", "must be at most " + std::to_string(longest_value) + " bytes" +
                              (value.text.empty() ? "" : "; it has " + value.text)});
      return json::object();
    case content::type::none:
    case content::type::other:
      break;
  }
  sink.push_back({"", "must be a hash or a string, not a " + value.text});
  return json::object();
}

/// The key gives the name; a value that repeats it does no harm.
void take_name(json& object, const std::string& name, model::problems& sink) {
  const auto at = object.find("name");
  if (at == object.end()) return;
  if (!at->is_string() || *at != name)
    sink.push_back({"/name", "differs from the name in the key, " + name + ": leave it out"});
  object.erase(at);
}

}  // namespace

std::optional<model::server> read_server(const key_name& key, const content& value,
                                         std::size_t depth, model::problems& sink) {
  auto object = object_of(value, depth, sink);
  take_name(object, key.server, sink);
  if (!sink.empty()) return {};
  object["name"] = key.server;
  return model::decode_server(object, "", sink);
}

std::optional<model::backend_settings> read_settings(const key_name& key, const content& value,
                                                     std::size_t depth, model::problems& sink) {
  auto object = object_of(value, depth, sink);
  take_name(object, key.backend, sink);
  if (!sink.empty()) return {};
  auto settings = model::decode_settings(object, "", sink);
  if (!sink.empty()) return {};
  return settings;
}

std::optional<model::route> read_route(const key_name& key, const content& value,
                                       model::problems& sink) {
  if (value.is != content::type::text) {
    sink.push_back({"", value.is == content::type::too_long
                            ? "must be the name of a backend"
                            : "must be a string, the name of a backend"});
    return {};
  }
  return model::decode_route(json{{"host", key.host}, {"path", key.path}, {"backend", value.text}},
                             "", sink);
}

std::string reason_of(const model::problems& found) {
  std::string text;
  for (const auto& problem : found) {
    auto place = problem.pointer.substr(problem.pointer.starts_with('/') ? 1 : 0);
    std::ranges::replace(place, '/', '.');
    if (!text.empty()) text += "; ";
    text += (place.empty() ? "" : place + ": ") + problem.message;
  }
  return text;
}

}  // namespace switchyard::providers::redis
