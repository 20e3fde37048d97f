#pragma once

// The grammars of the texts in documents that are no names: host names, paths, names of cookies.
//
// Narrower than the RFCs where a character means something to HAProxy's command line or its
// configuration (quotes, ';', '\', '#', spaces); whoever writes them still encodes them. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace switchyard::model {

constexpr std::size_t max_host = 253;   ///< RFC 1035, section 2.3.4, as text without the last dot
constexpr std::size_t max_path = 1024;  ///< of routes and of checks
constexpr std::size_t max_cookie_name = 64;

/// A host name of labels (1…63 of [A-Za-z0-9_-], no '-' at either end), no trailing dot.
bool valid_host(std::string_view text);

/// The name of a machine in lower case: a host name whose last label is no number, or it could be
/// taken for an IPv4 address (WHATWG URL standard, "ends in a number"). Nothing when it is none.
std::optional<std::string> canonical_host(std::string_view text);

/// The host of a route in its stored form: lower case, exact, "*.example.com" or "". Nothing when
/// it is none of them.
std::optional<std::string> canonical_route_host(std::string_view text);

/// A path as RFC 3986 has it (percent-encoded), with a query if `query` says so.
bool valid_path(std::string_view text, bool query);

/// The path of a route in its stored form: no slash at the end, "/" for any. Nothing when it is no
/// path.
std::optional<std::string> canonical_route_path(std::string_view text);

/// The name of a cookie: a token (RFC 6265, section 4.1.1) of at most max_cookie_name characters
/// without # $ ' ^ ` and |. (HAProxy reads over cookies whose name begins with $.)
bool valid_cookie_name(std::string_view text);

}  // namespace switchyard::model
