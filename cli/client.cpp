#include "cli/client.hpp"

#include <iostream>

#include "base/redact.hpp"
#include "cli/terminal.hpp"

namespace switchyard::cli {

const nlohmann::json& member(const nlohmann::json& object, std::string_view key) {
  static const nlohmann::json none;
  if (!object.is_object()) return none;
  const auto found = object.find(std::string(key));
  return found == object.end() ? none : *found;
}

std::string text_at(const nlohmann::json& object, std::string_view key) {
  const auto& value = member(object, key);
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() || value.is_boolean() ? value.dump() : std::string();
}

std::uint64_t number_at(const nlohmann::json& object, std::string_view key) {
  const auto& value = member(object, key);
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::string joined(const nlohmann::json& list) {
  std::string text;
  for (const auto& entry : list)
    if (entry.is_string()) (text += text.empty() ? "" : ", ") += entry.get<std::string>();
  return text;
}

void print_json(const nlohmann::json& body) {
  std::cout << body.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

int failed(std::string_view command, const base::error& why) {
  std::cerr << "switchyard " << command << ": " << harmless(base::redact(why.message)) << '\n';
  return why.kind == base::errc::invalid ? 2 : 1;
}

}  // namespace switchyard::cli
