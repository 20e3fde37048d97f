#pragma once

// Pieces that the renderer, the reader of its files and their invariants share. Inside haproxy/
// only.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

/// The named defaults section that a backend of this mode builds on.
std::string defaults_name(model::proxy_mode mode);
/// What stands in that section.
std::string_view defaults_lines(model::proxy_mode mode);

/// errc::invalid: no IP literal in canonical form, an address that HAProxy takes as "where the
/// client connected to" (0.0.0.0, ::), or port 0.
base::status check_server_address(std::string_view address, std::uint16_t port);

/// A view of "10.0.0.1:80" or "[2001:db8::1]:80".
struct server_place {
  std::string_view address;
  std::uint16_t port = 0;
};
/// Reads exactly what render_server() writes. errc::invalid.
base::outcome<server_place> parse_server_address(std::string_view text);

/// Whether a file can be named anywhere: in the configuration and its expressions, which are split
/// at commas and parentheses, and in runtime commands, which are split at spaces; both know quotes.
bool plain_file(std::string_view path);

/// A value for a message: quoted, cut, and with nothing but printable ASCII.
std::string printable(std::string_view value);

/// The value as a part of a message: whole, with `?` for each byte that is not printable ASCII.
std::string legible(std::string_view value);

/// Another file of ours: "haproxy.cfg" and ".routes.map" → "haproxy.routes.map".
std::string file_beside(const std::string& config_file, std::string_view ending);

/// Takes the next word off a line, with the spaces before it; "" at the end.
std::string_view take_word(std::string_view& line);

}  // namespace switchyard::haproxy
