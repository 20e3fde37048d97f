#pragma once

// From values to HAProxy's configuration text.
//
// Pure. The only place where a configuration line is put together; every value from a source passes
// one encoder that refuses what could end a word or a line, expand the environment or start a
// comment.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/outcome.hpp"
#include "config/settings.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

/// One word of a configuration line, single-quoted where needed. errc::invalid: it holds a control
/// character, a quote, a backslash or anything that is not printable ASCII.
base::outcome<std::string> config_word(std::string_view value);

/// A `backend` section in two parts: what only a reload can change, and the server lines.
struct backend_section {
  std::string settings;              ///< the section without its server lines, as rendered
  std::vector<std::string> servers;  ///< one line each, without the newline, sorted by name

  /// The whole section as it stands in the file.
  std::string text() const;
  bool operator==(const backend_section&) const = default;
};

using backend_section_ptr = std::shared_ptr<const backend_section>;

/// HAProxy's name for the certificate authorities of the system.
inline constexpr std::string_view system_ca = "@system-ca";

/// Renders one backend, whose servers are verified against `ca_file` where its settings want that.
/// errc::invalid names the backend and the value that cannot be written.
base::outcome<backend_section> render_backend(const model::backend& backend,
                                              std::string_view ca_file = system_ca);

/// One server line: "    server srv1 10.0.1.10:8080 weight 100 …". A server in drain is written
/// with weight 0 and one in maintenance as disabled, so that a restart of HAProxy gives it no
/// traffic before switchyard sets its state again.
base::outcome<std::string> render_server(const model::server& server);

/// The options that all servers of a backend share, as words for default-server and for the
/// runtime's `add server` ("check inter 2s rise 2 fall 3 alpn h2,http/1.1 …").
base::outcome<std::string> server_options(const model::backend_settings& settings,
                                          std::string_view ca_file = system_ca);

/// The same options, as a rendered section has them (backend_section::settings).
std::string options_in(std::string_view settings);

/// The modes of backends that are known (configuration::modes()).
using backend_modes = std::map<std::string, model::proxy_mode>;

/// The global section, the named defaults sections and the frontends. A default_backend is looked
/// up by its name at each request, so it may come and go without a change of the frontend (503
/// meanwhile); one that is known to be of another mode than its frontend is left out, since the
/// traffic would break: misfits(). The runtime socket is left out where base_file has it (attached
/// mode with a base_file). `server_state`: HAProxy is to read our server-state file.
base::outcome<std::string> render_head(const config::haproxy_settings& haproxy,
                                       const std::vector<config::frontend_settings>& frontends,
                                       const backend_modes& modes, bool server_state = true);

/// The frontends whose default_backend is left out for being of another mode, and those that have
/// the name of a backend, with a sentence for the operator.
std::map<std::string, std::string> misfits(const std::vector<config::frontend_settings>& frontends,
                                           const backend_modes& modes);

}  // namespace switchyard::haproxy
