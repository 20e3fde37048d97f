#include "haproxy/capabilities.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace switchyard::haproxy {

namespace {

/// "2.6.12-1+deb12u4" → 2, 6.
bool read_version(std::string_view version, unsigned& major, unsigned& minor) {
  const auto* const end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, major);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return false;
  return std::from_chars(first.ptr + 1, end, minor).ec == std::errc{};
}

/// Whether `help` lists a command that starts with these words.
bool lists(std::string_view help, std::string_view words) {
  while (!help.empty()) {
    auto line = help.substr(0, help.find('\n'));
    help.remove_prefix(line.size() == help.size() ? line.size() : line.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.starts_with(words) && line.substr(words.size(), 1) == " ") return true;
  }
  return false;
}

}  // namespace

base::outcome<capabilities> detect(std::string_view version, std::string_view help) {
  capabilities can;
  can.version = version;
  if (!read_version(version, can.major, can.minor))
    return base::error{base::errc::protocol,
                       "HAProxy's version \"" + can.version + "\" is not understood"};
  const auto is = std::pair(can.major, can.minor);
  if (is < std::pair(2U, 6U))
    return base::error{base::errc::refused,
                       "HAProxy " + can.version + " is too old; 2.6 is the oldest that works"};
  can.reload_verdict = is >= std::pair(2U, 7U);
  // Usable without experimental-mode since 3.4, where `help` lists it.
  can.dynamic_backends = lists(help, "add backend") && is >= std::pair(3U, 4U);
  can.cookie_of_added = is >= std::pair(3U, 0U);
  return can;
}

}  // namespace switchyard::haproxy
