#include "providers/postgres/plain_row.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "providers/postgres/rows.hpp"

namespace switchyard::providers::postgres {

namespace {

using column = std::optional<std::string>;

/// Whether it is a number from `low` to `high`, or NULL, which leaves the default.
template <class Integer>
bool take_number(const column& value, Integer& target, std::int64_t low, std::int64_t high) {
  if (!value) return true;
  const auto number = whole_number(*value);
  if (!number || *number < low || *number > high) return false;
  target = static_cast<Integer>(*number);
  return true;
}

bool take_state(const column& value, model::server_state& target) {
  using enum model::server_state;
  if (!value) return true;
  for (const auto state : {ready, drain, maint}) {
    if (plain_text(*value) != model::to_string(state)) continue;
    target = state;
    return true;
  }
  return false;
}

bool take_truth(const column& value, bool& target) {
  if (!value) return true;
  target = *value == "true";
  return target || *value == "false";
}

bool take_address(const column& value, std::string& target) {
  const auto text = value ? plain_text(*value) : std::nullopt;
  auto address = text ? model::canonical_ip(*text) : std::nullopt;
  if (!address || *address == "0.0.0.0" || *address == "::") return false;
  target = std::move(*address);
  return true;
}

}  // namespace

std::optional<std::int64_t> whole_number(std::string_view text) {
  const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.size() > 1 && digits[0] == '0') return {};
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return {};
  return number;
}

std::optional<std::string_view> plain_text(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return {};
  const auto inner = text.substr(1, text.size() - 2);
  const bool plain = std::ranges::all_of(
      inner, [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) return {};
  return inner;
}

std::optional<model::server> plain_server(std::span<const column> columns) {
  static_assert(server_columns == std::array<std::string_view, 9>{"name", "ip", "fqdn", "port",
                                                                  "weight", "state", "backup",
                                                                  "maxconn", "options"});
  if (columns.size() != server_columns.size()) return {};
  const auto &name = columns[0], &host = columns[2], &options = columns[8];
  const auto text = name ? plain_text(*name) : std::nullopt;
  if (!text || !model::valid_name(*text) || host || !columns[3]) return {};
  if (options && *options != "{}") return {};
  model::server server;
  server.name = *text;
  if (!take_address(columns[1], server.address) ||
      !take_number(columns[3], server.port, 1, 65535) ||
      !take_number(columns[4], server.weight, 0, model::max_weight) ||
      !take_state(columns[5], server.state) || !take_truth(columns[6], server.backup) ||
      !take_number(columns[7], server.maxconn, 0, std::numeric_limits<std::int32_t>::max()))
    return {};
  return server;
}

}  // namespace switchyard::providers::postgres
