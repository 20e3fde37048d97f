#pragma once

// The configuration file as a value: what switchyard writes and can read back.
//
// The file is a marker line, a global section with the layout's fingerprint, the head (global,
// defaults, frontends), the profiles, and one section per backend. Reading it back lets a backend
// that no provider has reported yet stand as it is, and tells which settings a running HAProxy was
// loaded with. Pure.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "haproxy/profiles.hpp"
#include "haproxy/renderer.hpp"

namespace switchyard::haproxy {

/// The environment variable that carries the fingerprint into the running process, where
/// `show env SWITCHYARD_LAYOUT` reads it.
inline constexpr std::string_view layout_variable = "SWITCHYARD_LAYOUT";

struct configuration {
  std::string head;
  profile_map profiles;  ///< HAProxy before 3.4 reads over them
  std::map<std::string, backend_section_ptr> backends;
  /// fingerprint() of the version that HAProxy was loaded with. It stays when backends come and go
  /// at run time. "": none of that kind yet, the version at hand counts.
  std::string loaded_as;

  /// The whole file, ending in a newline (HAProxy refuses a file that does not).
  std::string text() const;
  /// 16 hexadecimal digits that change when the head, a profile or a backend's settings change.
  /// Server lines are left out.
  std::string fingerprint() const;
  /// What the file tells the running process to say of itself.
  std::string layout() const { return loaded_as.empty() ? fingerprint() : loaded_as; }
  /// The mode of each backend: a frontend leads to backends of its own mode only.
  backend_modes modes() const;
};

/// Reads what text() wrote. errc::invalid: the file is not of that form (cut off, edited, foreign).
/// A file that was cut anywhere is told by the closing line that text() writes.
base::outcome<configuration> parse_configuration(std::string_view text);

/// One server line read back; nothing when render_server() did not write it. A server in drain
/// comes back as ready with weight 0: its own weight and that it drains are not in the file.
std::optional<model::server> parse_server_line(std::string_view line);

}  // namespace switchyard::haproxy
