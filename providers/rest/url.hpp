#pragma once

// The URLs of a rest provider: what libcurl is given, and what people may see of it.
//
// Pure. Threading: none.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/outcome.hpp"

namespace switchyard::providers::rest {

struct location {
  std::string url;  ///< without user, password and fragment; of a socket http://localhost/…
  std::string user;
  std::string password;
  std::optional<std::string> socket;  ///< the Unix socket to connect to instead of the host
  std::string origin;                 ///< scheme, host and port, or the socket: who is asked
  std::string shown;                  ///< without user, password and query: for messages
  std::vector<std::string> secrets;   ///< what of the URL must not be shown

  bool encrypted() const { return url.starts_with("https://"); }
};

/// http://…, https://…, or unix:/path/of/socket:/path?query. errc::invalid says what is wrong
/// without repeating the URL, which may hold a password.
base::outcome<location> parse_url(std::string_view text);

/// What must not be shown of a URL of any scheme, such as a proxy's: its password.
std::vector<std::string> secrets_in(const std::string& url);

/// The URL with more of a query ("a=b&c=d").
std::string with_query(const std::string& url, std::string_view more);

}  // namespace switchyard::providers::rest
