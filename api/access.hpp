#pragma once

// Who may ask: bearer token, and the checks that keep a browser's other pages out (DNS rebinding
// by Host, cross-site requests by Origin and Sec-Fetch-Site). Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.hpp"

namespace switchyard::api {

struct access_policy {
  std::optional<std::string> token;  ///< set: every request needs it
  std::vector<std::string> hosts;    ///< further names that this API has, in any case
  bool tls = false;                  ///< for the scheme of Origin
};

/// 127.0.0.0/8 and ::1. `ip` is a literal without brackets; "*" and names are none.
bool is_loopback(std::string_view ip);

/// Compares in a time that depends on the length of `given` alone.
bool same_secret(std::string_view given, std::string_view secret);

/// Nothing: come in. Else the refusal: 401 without the token, 421 for a Host that is not ours,
/// 403 for a page of another origin. IP literals and "localhost" are always ours: no name that
/// somebody else controls leads here then.
std::optional<reply> refuse(const access_policy& policy, const request& r);

}  // namespace switchyard::api
