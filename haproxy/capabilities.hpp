#pragma once

// What the running HAProxy can do, read from the process itself.

#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::haproxy {

struct capabilities {
  std::string version;  ///< as `show info` gives it
  unsigned major = 0, minor = 0;
  bool reload_verdict = false;    ///< the master CLI answers `reload` with Success=0/1 (≥ 2.7)
  bool dynamic_backends = false;  ///< `add backend` exists (≥ 3.4)
  bool cookie_of_added = false;   ///< `add server` gives a server its dynamic cookie (≥ 3.0)

  bool operator==(const capabilities&) const = default;
};

/// From the version of `show info` and the text of `help`. errc::refused for versions before 2.6,
/// with a sentence; errc::protocol when the version cannot be read.
base::outcome<capabilities> detect(std::string_view version, std::string_view help);

}  // namespace switchyard::haproxy
