#include "haproxy/certificate_commands.hpp"

#include <algorithm>
#include <array>

namespace switchyard::haproxy {

const certificate_command* find_certificate_command(std::string_view line) {
  static constexpr std::array<certificate_command, 7> all{{
      {"new ssl cert", "New empty certificate store '", ""},
      {"set ssl cert", "Transaction ", "!"},
      {"commit ssl cert", "Committing ", "\nSuccess!"},
      {"abort ssl cert", "Transaction aborted for certificate '", "'!"},
      {"del ssl cert", "Certificate '", "' deleted!"},
      {"add ssl crt-list", "Inserting certificate '", "\nSuccess!"},
      {"del ssl crt-list", "Entry '", "'!"},
  }};
  const auto is = [&](const certificate_command& c) {
    return line.starts_with(c.name) && line.substr(c.name.size()).starts_with(' ');
  };
  const auto* const found = std::ranges::find_if(all, is);
  return found == all.end() ? nullptr : found;
}

}  // namespace switchyard::haproxy
