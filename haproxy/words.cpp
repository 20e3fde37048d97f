#include "haproxy/words.hpp"

#include <algorithm>
#include <charconv>

#include "haproxy/renderer.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;

/// Needs no quotes wherever it stands: no `#` (a comment), no `$` (a variable in other quotes).
bool plain(char c) {
  constexpr std::string_view marks = "_-.,:/@+=*%";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

/// Four decimal numbers without leading zeros: most addresses of a large file, told without a
/// system call's detour through bytes and back.
bool canonical_v4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    std::size_t digits = 0;
    int value = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 3)
      value = value * 10 + (text[digits++] - '0');
    if (digits == 0 || value > 255 || (digits > 1 && text.front() == '0')) return false;
    text.remove_prefix(digits);
    if (part == 3) return text.empty();
    if (text.empty() || text.front() != '.') return false;
    text.remove_prefix(1);
  }
  return false;
}

bool canonical(std::string_view text) {
  return canonical_v4(text) || model::canonical_ip(text) == text;
}

}  // namespace

outcome<std::string> config_word(std::string_view value) {
  if (value.empty()) return error{errc::invalid, "an empty word"};
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e)
      return error{errc::invalid, printable(value) + " holds a byte that is not printable ASCII"};
    if (c == '\'' || c == '"' || c == '\\')
      return error{errc::invalid, printable(value) + " holds a quote or a backslash"};
  }
  if (std::all_of(value.begin(), value.end(), plain)) return std::string(value);
  return "'" + std::string(value) + "'";  // single quotes: HAProxy expands "${VAR}" in double ones
}

bool plain_file(std::string_view path) {
  constexpr std::string_view marks = "/._-+@=:~";
  return path.starts_with('/') && std::ranges::all_of(path, [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  marks.find(c) != std::string_view::npos;
         });
}

std::string file_beside(const std::string& config_file, std::string_view ending) {
  constexpr std::string_view known = ".cfg";
  const auto stem = config_file.ends_with(known)
                        ? config_file.substr(0, config_file.size() - known.size())
                        : config_file;
  return stem + std::string(ending);
}

std::string defaults_name(model::proxy_mode mode) {
  return "switchyard-" + std::string(to_string(mode));
}

status check_server_address(std::string_view address, std::uint16_t port) {
  if (!canonical(address))
    return error{errc::invalid, printable(address) + " is no IP address in canonical form"};
  if (address == "0.0.0.0" || address == "::")
    return error{errc::invalid, std::string(address) +
                                    " is no server's address: HAProxy takes it as the address that "
                                    "the client connected to"};
  if (port == 0) return error{errc::invalid, "port 0 is no port of a server"};
  return {};
}

outcome<server_place> parse_server_address(std::string_view text) {
  const auto refuse = [&] {
    return error{errc::invalid, printable(text) + " is no IP address with a port"};
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse();
  auto address = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc{} || end != digits.data() + digits.size()) return refuse();
  const bool v6 = address.size() > 2 && address.front() == '[' && address.back() == ']';
  if (v6) address = address.substr(1, address.size() - 2);
  if (v6 != (address.find(':') != std::string_view::npos) || digits.front() == '0') return refuse();
  if (const auto ok = check_server_address(address, port); !ok) return ok.error();
  return server_place{address, port};
}

std::string printable(std::string_view value) {
  constexpr std::size_t longest = 80;
  std::string text = "\"";
  text += legible(value.substr(0, longest));
  return text + (value.size() > longest ? "…\"" : "\"");
}

std::string legible(std::string_view value) {
  std::string text(value);
  std::ranges::replace_if(
      text, [](char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text;
}

std::string_view take_word(std::string_view& line) {
  const auto start = std::min(line.find_first_not_of(' '), line.size());
  const auto end = std::min(line.find(' ', start), line.size());
  const auto word = line.substr(start, end - start);
  line.remove_prefix(end);
  return word;
}

}  // namespace switchyard::haproxy
