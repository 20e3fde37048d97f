#pragma once

// PEM text (RFC 7468), reduced to what may be sent to HAProxy. Pure.

#include <string>
#include <string_view>

#include "base/outcome.hpp"

namespace switchyard::haproxy {

/// The blocks of a PEM text and nothing else.
struct pem_blocks {
  /// Lines of letters, digits and `+/=-`, with spaces in labels alone; none is empty, each is
  /// ended.
  std::string text;
  std::string key_text;      ///< of it, the private keys and the parameters of their curves
  bool certificate = false;  ///< one of them is a certificate
  bool key = false;          ///< one of them is a private key

  bool operator==(const pem_blocks&) const = default;
};

/// Reads all blocks; what stands between them is explanatory text and is left out. Takes nothing
/// that HAProxy would not load from a file (measured on 2.6 to 3.4): no blanks before the lines
/// that open and close a block, and no empty line in it but the first. errc::invalid says in which
/// line a block is cut off, holds what is not base64, or is encrypted, or that there is no block.
base::outcome<pem_blocks> read_pem(std::string_view text);

}  // namespace switchyard::haproxy
