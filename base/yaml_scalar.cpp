#include "base/yaml_scalar.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace switchyard::base {

namespace {

using nlohmann::json;

constexpr std::string_view core_tag = "tag:yaml.org,2002:";
constexpr std::string_view digits = "0123456789";

error bad_scalar(std::string what) {
  return {errc::invalid, std::move(what)};
}

bool all_of(std::string_view text, std::string_view set) {
  return !text.empty() && text.find_first_not_of(set) == std::string_view::npos;
}

bool is_null(std::string_view t) {
  return t.empty() || t == "~" || t == "null" || t == "Null" || t == "NULL";
}

std::optional<bool> as_bool(std::string_view t) {
  if (t == "true" || t == "True" || t == "TRUE") return true;
  if (t == "false" || t == "False" || t == "FALSE") return false;
  return std::nullopt;
}

std::string_view without_sign(std::string_view t) {
  return t.starts_with('-') || t.starts_with('+') ? t.substr(1) : t;
}

/// The digits of an integer and their base; base 0: no integer.
struct integer_text {
  std::string_view digits;
  int base = 0;
};

integer_text as_integer(std::string_view t) {
  if (t.starts_with("0x") && all_of(t.substr(2), "0123456789abcdefABCDEF"))
    return {t.substr(2), 16};
  if (t.starts_with("0o") && all_of(t.substr(2), "01234567")) return {t.substr(2), 8};
  if (all_of(without_sign(t), digits)) return {without_sign(t), 10};
  return {};
}

outcome<json> integer(const integer_text& text, bool negative) {
  std::uint64_t number = 0;
  const auto* end = text.digits.data() + text.digits.size();
  const auto [rest, code] = std::from_chars(text.digits.data(), end, number, text.base);
  constexpr std::uint64_t lowest = std::uint64_t{1} << 63;
  if (code != std::errc{} || (negative && number > lowest))
    return bad_scalar("the number does not fit into 64 bits");
  if (!negative) return json(number);
  return json(static_cast<std::int64_t>(~number + 1));
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view t) {
  t = without_sign(t);
  const auto exponent = t.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    if (!all_of(without_sign(t.substr(exponent + 1)), digits)) return false;
    t = t.substr(0, exponent);
  }
  const auto dot = t.find('.');
  if (dot == std::string_view::npos) return all_of(t, digits);
  const auto before = t.substr(0, dot);
  const auto after = t.substr(dot + 1);
  return (before.empty() || all_of(before, digits)) && (after.empty() || all_of(after, digits)) &&
         !(before.empty() && after.empty());
}

bool is_special_float(std::string_view t) {
  if (t == ".nan" || t == ".NaN" || t == ".NAN") return true;
  t = without_sign(t);
  return t == ".inf" || t == ".Inf" || t == ".INF";
}

outcome<json> floating(std::string_view t) {
  double number = 0;
  if (t.starts_with('+')) t.remove_prefix(1);
  const auto [rest, code] = std::from_chars(t.data(), t.data() + t.size(), number);
  if (code != std::errc{}) return bad_scalar("the number does not fit");
  return json(number);
}

outcome<json> plain(const std::string& text) {
  if (is_null(text)) return json(nullptr);
  if (const auto b = as_bool(text)) return json(*b);
  if (const auto i = as_integer(text); i.base != 0) return integer(i, text.starts_with('-'));
  if (is_float(text)) return floating(text);
  if (is_special_float(text))
    return bad_scalar("infinite numbers and .nan are not allowed; quote a text");
  return json(text);
}

}  // namespace

outcome<json> yaml_scalar(const std::string& tag, const std::string& text) {
  if (tag == "?" || tag.empty()) return plain(text);
  if (tag == "!" || tag == std::string(core_tag) + "str") return json(text);
  auto value = plain(text);
  if (!value) return value;
  const auto fits = [&](std::string_view name) {
    if (name == "int") return value->is_number_integer();
    if (name == "float") return value->is_number();
    if (name == "bool") return value->is_boolean();
    return name == "null" && value->is_null();
  };
  if (!tag.starts_with(core_tag)) return bad_scalar("the tag '" + tag + "' is not known here");
  if (!fits(std::string_view(tag).substr(core_tag.size())))
    return bad_scalar("the value is not what its tag says");
  return value;
}

}  // namespace switchyard::base
