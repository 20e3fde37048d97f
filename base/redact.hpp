#pragma once

// Secrets out of what people and machines get to read: logs, status, answers.
//
// Pure. Where it is in doubt it hides too much rather than too little. Threading: none.

#include <string>
#include <string_view>

namespace switchyard::base {

/// The text with `***` in the place of
/// - what stands between the user's name and the last `@` of a URL ("redis://app:***@host"),
/// - the value behind a key that ends in password, passwd, passphrase, secret, token, apikey or
///   api_key, as in connection strings, queries, headers and JSON ("password=***"),
/// - the credentials behind "Bearer" and "Basic",
/// - the words that libpq quotes from a connection string that it cannot take apart.
std::string redact(std::string_view text);

}  // namespace switchyard::base
