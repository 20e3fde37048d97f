#pragma once

// The operator's own HAProxy configuration, as far as checks want to know of it.
//
// Words of lines by sections; HAProxy's quoting and its conditional blocks (.if) are not followed,
// so what is found here is a reason to warn, never to refuse. Pure but for own_backends(), which
// reads the file.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace switchyard::cli {

struct base_section {
  std::string kind;      ///< "global", "defaults", "frontend", "listen", "backend", …
  std::string name;      ///< "" when it has none
  std::string defaults;  ///< of a proxy: the name after `from`
  std::vector<std::vector<std::string>> lines;

  /// The first line that begins with these words; nullptr when there is none.
  const std::vector<std::string>* find(const std::vector<std::string>& words) const;
};

using base_sections = std::vector<base_section>;

base_sections parse_base(std::string_view text);
/// Nothing when there is no base_file or it cannot be read (check_base_file()).
std::optional<base_sections> read_base(const config::haproxy_settings& settings);

/// The line of a proxy, or of the defaults that it has: those that it names, else the last ones
/// before it.
const std::vector<std::string>* effective(const base_sections& all, std::size_t proxy,
                                          const std::vector<std::string>& words);

/// Backends that base_file has, `listen` sections as well.
std::set<std::string> own_backends(const config::haproxy_settings& settings);

}  // namespace switchyard::cli
