#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/redact.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "config/load.hpp"
#include "haproxy/reach.hpp"

namespace switchyard::cli {

namespace {

constexpr int usage = 2;

int fail(const base::error& why, const std::string& remedy) {
  std::cerr << "switchyard exec: " << harmless(base::redact(why.message))
            << (remedy.empty() ? "" : "; " + remedy) << '\n';
  return why.kind == base::errc::invalid ? usage : 1;
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

/// Whom it is not permitted needs another remedy than who finds nobody.
std::string remedy_for(const std::string& socket) {
  const bool refused = ::access(socket.c_str(), R_OK | W_OK) != 0 && errno == EACCES;
  return refused ? "run it as the user that runs switchyard, or as root"
                 : "is HAProxy running? `switchyard check` says what to do";
}

/// HAProxy has no other sign that it did not understand.
bool understood(const std::string& reply) {
  return !reply.starts_with("Unknown command") && !reply.starts_with("Permission denied");
}

}  // namespace

int exec(const exec_options& options) {
  const auto settings = config::load(options.common.config, config::switchyard_environment());
  if (!settings) return fail({base::errc::not_found, settings.error().message}, "");
  auto way = haproxy::reach_worker(settings->haproxy, {});
  if (!way) return fail(way.error(), remedy_for(settings->haproxy.runtime_socket));
  const auto command = joined(options.words);
  const auto reply = way->conversation->execute_raw(command);
  if (!reply) return fail(reply.error(), "");
  if (options.common.output == output_format::json) {
    const nlohmann::json result{{"command", command}, {"reply", *reply}};
    std::cout << result.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else if (!reply->empty()) {
    std::cout << harmless(*reply) << '\n';
  }
  return std::cout.flush() && understood(*reply) ? 0 : 1;
}

}  // namespace switchyard::cli
