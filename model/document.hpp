#pragma once

// The document: the JSON form of backends and routes that files, HTTP APIs, commands, Redis values
// and switchyard's own API share. One decoder, one encoder.
//
// Pure. Threading: none. The schema for editors and scripts is config/document.schema.json.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "model/backend.hpp"
#include "model/event.hpp"
#include "model/json_reader.hpp"

namespace switchyard::model {

struct document_limits {
  std::size_t backends = 100'000;
  std::size_t servers = 1'000'000;  ///< over all backends
  std::size_t routes = 1'000'000;
};

/// Decodes a whole document, bad objects left out: each is named in report::refused by its JSON
/// pointer, and where its name could be read also in its backend_event. errc::invalid when the
/// document as a whole cannot be read (no object, unknown top-level keys, "backends" or "routes"
/// no list, neither of them there, past the limits).
/// The report is full; routes are always set (no "routes": an empty list).
base::outcome<report> decode_document(const nlohmann::json& document,
                                      const document_limits& limits = {});

/// Decodes one backend object with its servers into `into` (an entry of into.backends, refusals).
/// Pointers in refusals begin with `pointer`. Providers whose sources hold one object per backend
/// use this.
///   * no readable name, or one that `into` has already: a refusal, no entry;
///   * bad settings: settings_refused, default settings in the value;
///   * "servers" no list: servers_refused;
///   * a bad server: in refused_servers when its name could be read; of two servers of one name the
///     first counts.
void decode_backend(const nlohmann::json& value, const std::string& pointer, report& into);

/// Decodes backend settings alone: the backend object without "name" and "servers".
backend_settings decode_settings(const nlohmann::json& value, const std::string& pointer,
                                 problems& sink);

/// Decodes one server object; nothing when there is any problem (all are in `sink`).
std::optional<server> decode_server(const nlohmann::json& value, const std::string& pointer,
                                    problems& sink);

/// Decodes one route object; nothing when there is any problem.
std::optional<route> decode_route(const nlohmann::json& value, const std::string& pointer,
                                  problems& sink);

/// Encodes to the form that decode_* reads back to equal values; defaults are written out.
nlohmann::json encode(const server& value);
nlohmann::json encode(const backend_settings& value);
nlohmann::json encode(const backend& value);
nlohmann::json encode(const route& value);
nlohmann::json encode(const std::vector<route>& values);

/// A short name of exactly this value, the same in every run: 16 hexadecimal digits. For telling
/// versions apart; it resists nobody.
std::string version_of(const backend& value);
std::string version_of(const std::vector<route>& values);

}  // namespace switchyard::model
