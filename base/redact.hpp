#pragma once

// Secrets out of what people and machines get to read: logs, status, answers.
//
// Pure. Where it is in doubt it hides too much rather than too little. Threading: none.

#include <string>
#include <string_view>

namespace switchyard::base {

/// The text with `***` in the place of
/// - what stands between the user's name and the last `@` of a URL ("redis://app:***@host"); of
///   http and https, where a token may be the name, all in front of it when there is no password,
/// - the value behind a key that names_a_secret(), as in connection strings, queries, headers and
///   JSON ("password=***"); not behind a key of header_files, which is the name of a file,
/// - the credentials behind "Bearer" and "Basic",
/// - the words that libpq quotes from a connection string that it cannot take apart.
std::string redact(std::string_view text);

/// Whether a setting, variable, field or parameter of that name holds a secret: it ends in
/// password, passwd, pwd, passphrase, secret, token, signature, credential(s), or in api, access,
/// secret or private and key ("X-Api-Key"), in whatever case.
bool names_a_secret(std::string_view key);

}  // namespace switchyard::base
