#include "providers/rest/identity.hpp"

#include <algorithm>
#include <utility>

#include "base/atomic_file.hpp"
#include "providers/rest/url.hpp"

namespace switchyard::providers::rest {

namespace {

using base::errc;
using base::error;

/// The one line of a file.
base::outcome<std::string> read_line(const std::string& setting, const std::string& path) {
  auto text = base::read_secret(path);
  if (!text) return error{errc::invalid, setting + ": " + text.error().message};
  if (text->empty() || std::ranges::any_of(*text, [](unsigned char c) { return c < 0x20; }))
    return error{errc::invalid, setting + ": " + path + " must hold one line"};
  return text;
}

/// Those in which clients say who they are, unlike what they take.
bool may_be_secret(const std::string& name) {
  constexpr std::string_view harmless = "accept";
  return !std::ranges::equal(std::string_view(name).substr(0, harmless.size()), harmless,
                             [](char a, char b) { return (a | 0x20) == b; });
}

/// A field with an empty value is written with a semicolon (CURLOPT_HTTPHEADER).
std::string field(const std::string& name, const std::string& value) {
  return value.empty() ? name + ";" : name + ": " + value;
}

}  // namespace

base::outcome<identity> read_identity(const config::rest_settings& settings) {
  identity who;
  const auto keep = [&](const std::string& secret) { who.secrets.push_back(secret); };
  for (const auto& [name, value] : settings.headers) {
    who.fields.push_back(field(name, value));
    if (may_be_secret(name)) keep(value);
  }
  for (const auto& [name, path] : settings.header_files) {
    const auto value = read_line("header_files: " + name, path);
    if (!value) return value.error();
    who.fields.push_back(field(name, *value));
    keep(*value);
  }
  if (settings.token_file) {
    auto token = read_line("token_file", *settings.token_file);
    if (!token) return token.error();
    keep(*token);
    who.bearer = *std::move(token);
  }
  if (settings.proxy)
    for (const auto& secret : secrets_in(*settings.proxy)) keep(secret);
  who.user = settings.username.value_or("");
  if (settings.password_file) {
    auto password = read_line("password_file", *settings.password_file);
    if (!password) return password.error();
    keep(*password);
    who.password = *std::move(password);
  }
  return who;
}

}  // namespace switchyard::providers::rest
