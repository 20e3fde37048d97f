#include "providers/postgres/row_object.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "providers/postgres/plain_row.hpp"
#include "providers/postgres/row_text.hpp"

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
  if (const auto number = whole_number(value.get_ref<const std::string&>())) return *number;
  return value;
}

/// What to_json makes of most columns, without a parser: text in which nothing is escaped, a whole
/// number, a truth value.
std::optional<json> plain_value(std::string_view text) {
  if (const auto inner = plain_text(text)) return json(*inner);
  if (text == "true" || text == "false") return json(text == "true");
  if (const auto number = whole_number(text)) return json(*number);
  return {};
}

}  // namespace

row_object row_object::parse(const std::string& text, std::size_t depth, model::problems& sink) {
  row_object row(depth);
  auto read = model::parse_json(text, {.depth = depth + 1});  // the row is an object, too
  if (read && read->is_object()) {
    row.columns_ = std::move(*read);
    return row;
  }
  const auto members = members_of(text);
  if (!members) {
    const auto why = read ? "it is no JSON object" : read.error().message;
    sink.push_back({"", "the row cannot be read: " + why});
    return row;
  }
  for (const auto& [name, value] : *members) {
    if (row.columns_.contains(name))
      sink.push_back({model::pointer_to("", name), "more than one column has this name"});
    row.set(name, value);
  }
  return row;
}

void row_object::set(std::string_view name, std::string_view value) {
  auto& column = columns_[std::string(name)];
  if (auto plain = plain_value(value))
    column = std::move(*plain);
  else if (auto read = model::parse_json(value, {.depth = depth_}))
    column = std::move(*read);
  else
    spoiled_.emplace(name, read.error().message);
}

const json* row_object::column(std::string_view name, model::problems& sink) const {
  if (const auto why = spoiled_.find(name); why != spoiled_.end())
    sink.push_back({model::pointer_to("", name), why->second});
  const auto at = columns_.find(std::string(name));
  return at == columns_.end() || at->is_null() ? nullptr : &*at;
}

void row_object::copy(json& target, std::initializer_list<std::string_view> columns,
                      model::problems& sink) const {
  for (const auto name : columns)
    if (const auto* value = column(name, sink)) target[std::string(name)] = *value;
}

void row_object::merge(json& target, std::string_view options, model::problems& sink) const {
  const auto* const more = column(options, sink);
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
  copy(object, {"name", "state", "backup"}, sink);
  for (const std::string_view name : {"port", "weight", "maxconn"})
    if (const auto* value = column(name, sink)) object[std::string(name)] = number_of(*value);
  if (const auto* fqdn = column("fqdn", sink)) object["address"] = *fqdn;
  if (const auto* ip = column("ip", sink)) {
    if (object.contains("address"))
      sink.push_back({"/fqdn", "leave it out, or ip: a server has one address"});
    object["address"] = *ip;
  }
  merge(object, "options", sink);
  return object;
}

json row_object::settings(std::string_view options, model::problems& sink) const {
  auto object = json::object();
  copy(object, {"mode", "balance", "protocol"}, sink);
  merge(object, options, sink);
  return object;
}

json row_object::route(model::problems& sink) const {
  auto object = json::object();
  copy(object, {"host", "path", "backend"}, sink);
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
    if (problem.pointer == "/address") problem.pointer = "/ip or fqdn";
    if (problem.pointer.starts_with('/')) problem.pointer.erase(0, 1);
  }
  return to_string(named);
}

}  // namespace switchyard::providers::postgres
