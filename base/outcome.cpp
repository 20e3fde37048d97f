#include "base/outcome.hpp"

namespace switchyard::base {

const char* to_string(errc kind) noexcept {
  switch (kind) {
    case errc::invalid:
      return "invalid";
    case errc::not_found:
      return "not found";
    case errc::unavailable:
      return "unavailable";
    case errc::timeout:
      return "timeout";
    case errc::refused:
      return "refused";
    case errc::io:
      return "i/o";
    case errc::conflict:
      return "conflict";
    case errc::protocol:
      return "protocol";
  }
  return "unknown";
}

}  // namespace switchyard::base
