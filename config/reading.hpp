#pragma once

// Inside of config/load: the sections of the settings file, one function each, and what they share.
//
// Every function reads one JSON value at `pointer` into a target that holds the defaults, and adds
// what is wrong to `place.sink`. Threading: none.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "model/json_reader.hpp"

namespace switchyard::config {

inline constexpr std::size_t longest_socket_path = 107;  ///< sun_path of unix(7) less the NUL

/// Where a section is read from and its problems go.
struct reading {
  std::filesystem::path folder;  ///< absolute; of the settings file: relative paths begin here
  model::problems& sink;
};

/// A whole number in [low, high].
template <class T>
bool read_number(model::object_reader& from, std::string_view key, T& target, std::int64_t low,
                 std::int64_t high) {
  std::int64_t number = 0;
  if (!from.read(key, number, low, high)) return false;
  target = static_cast<T>(number);
  return true;
}

/// A path, made absolute. Null stands for none in an optional.
bool read_path(model::object_reader& from, std::string_view key, std::string& target,
               const reading& place);
bool read_path(model::object_reader& from, std::string_view key, std::optional<std::string>& target,
               const reading& place);

/// The one line of a secret file at `path`, which the setting `key` names: what `echo secret >
/// file` writes. `what` it holds, for the problem when it does not.
bool read_secret(model::object_reader& from, std::string_view key, const std::string& path,
                 std::string_view what, std::string& target);

/// ca_file, certificate_file and key_file of a TLS client.
template <class Source>
void read_tls_files(model::object_reader& from, const reading& place, Source& target) {
  read_path(from, "ca_file", target.ca_file, place);
  read_path(from, "certificate_file", target.certificate_file, place);
  read_path(from, "key_file", target.key_file, place);
  if (target.key_file && !target.certificate_file) from.fail("key_file", "needs certificate_file");
}

/// max_bytes of what is read at once (1 KiB … `most`), and max_depth.
template <class Source>
void read_quota(model::object_reader& from, Source& target, std::int64_t most = 1LL << 30U) {
  read_number(from, "max_bytes", target.max_bytes, 1024, most);
  read_number(from, "max_depth", target.max_depth, 5, 100);
}

/// Likewise of documents, within what can be parsed.
template <class Source>
void read_document_quota(model::object_reader& from, Source& target) {
  read_quota(from, target, 64LL << 20U);
}

/// A text that may have lines, such as an SQL query or a jq program; `what` it is, for the problem
/// when it is blank or longer than 64 KiB.
bool read_program(model::object_reader& from, std::string_view key, std::string_view what,
                  std::string& target);

/// A problem when HAProxy's configuration cannot hold the path (quotes, backslashes, control
/// characters, anything past ASCII).
void check_haproxy_path(model::object_reader& from, std::string_view key, const std::string& path);

/// A problem when `name` is no valid name.
void check_name(model::object_reader& from, std::string_view key, const std::string& name);

void read_haproxy(const nlohmann::json& value, const std::string& pointer, const reading& place,
                  haproxy_settings& target);
void read_api(const nlohmann::json& value, const std::string& pointer, const reading& place,
              api_settings& target);
void read_frontends(model::object_reader& from, const reading& place,
                    std::vector<frontend_settings>& target);
rest_settings read_rest(model::object_reader& from, const reading& place);
exec_settings read_exec(model::object_reader& from, const reading& place);
void read_providers(model::object_reader& from, const reading& place,
                    std::vector<provider_settings>& target);

}  // namespace switchyard::config
