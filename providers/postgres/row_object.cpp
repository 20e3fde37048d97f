#include "providers/postgres/row_object.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace switchyard::providers::postgres {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> required{"backend", "name", "ip", "port"};
constexpr std::array<std::string_view, 10> optional{
    "fqdn",    "weight", "state",   "backup",   "maxconn",
    "options", "mode",   "balance", "protocol", "backend_options"};

/// A whole number that a column of type text holds.
json number_of(const json& value) {
  if (!value.is_string()) return value;
  const auto& text = value.get_ref<const std::string&>();
  const bool digits = !text.empty() && text.size() < 10 &&
                      std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (text.size() > 1 && text[0] == '0')) return value;
  return std::stoll(text);
}

}  // namespace

row_object row_object::parse(const std::string& text, model::problems& sink) {
  row_object row;
  auto read = model::parse_json(text);
  if (!read)
    sink.push_back({"", "the row cannot be read: " + read.error().message});
  else if (read->is_object())
    row.columns_ = std::move(*read);
  return row;
}

void row_object::set(std::string_view name, const std::string& value, model::problems& sink) {
  auto& column = columns_[std::string(name)];
  if (name == "options") {
    if (auto read = model::parse_json(value))
      column = std::move(*read);
    else
      sink.push_back({"/options", read.error().message});
  } else if (name == "backup" && (value == "t" || value == "f")) {
    column = value == "t";
  } else {
    column = value;
  }
}

const json* row_object::column(std::string_view name) const {
  const auto at = columns_.find(std::string(name));
  return at == columns_.end() || at->is_null() ? nullptr : &*at;
}

void row_object::copy(json& target, std::initializer_list<std::string_view> columns) const {
  for (const auto name : columns)
    if (const auto* value = column(name)) target[std::string(name)] = *value;
}

void row_object::merge(json& target, std::string_view options, model::problems& sink) const {
  const auto* const more = column(options);
  if (more == nullptr) return;
  const auto place = model::pointer_to("", options);
  if (!more->is_object()) return sink.push_back({place, "must be a JSON object"});
  for (const auto& [key, value] : more->items()) {
    if (target.contains(key))
      sink.push_back({model::pointer_to(place, key), "is given by a column already"});
    else
      target[key] = value;
  }
}

json row_object::server(model::problems& sink) const {
  auto object = json::object();
  copy(object, {"name", "state", "backup"});
  for (const std::string_view name : {"port", "weight", "maxconn"})
    if (const auto* value = column(name)) object[std::string(name)] = number_of(*value);
  if (const auto* ip = column("ip")) object["address"] = *ip;
  if (column("fqdn") != nullptr)
    sink.push_back({"/fqdn", "host names are not resolved by this version; give ip"});
  merge(object, "options", sink);
  return object;
}

json row_object::settings(std::string_view options, model::problems& sink) const {
  auto object = json::object();
  copy(object, {"mode", "balance", "protocol"});
  merge(object, options, sink);
  return object;
}

json row_object::route() const {
  auto object = json::object();
  copy(object, {"host", "path", "backend"});
  return object;
}

std::string row_object::query_fault() const {
  for (const auto name : required)
    if (!columns_.contains(std::string(name)))
      return "the query gives no column \"" + std::string(name) + '"';
  for (const auto& [name, value] : columns_.items())
    if (std::ranges::find(required, name) == required.end() &&
        std::ranges::find(optional, name) == optional.end())
      return "the query gives a column " + model::quoted(name) +
             ", which is none of those that servers have";
  return {};
}

std::string reason_of(const model::problems& found) {
  auto named = found;
  for (auto& problem : named) {
    if (problem.pointer == "/address") problem.pointer = "/ip";
    if (problem.pointer.starts_with('/')) problem.pointer.erase(0, 1);
  }
  return to_string(named);
}

}  // namespace switchyard::providers::postgres
