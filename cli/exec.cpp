#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "config/load.hpp"
#include "haproxy/reach.hpp"

namespace switchyard::cli {

namespace {

constexpr int usage = 2;

int fail(const base::error& why, const std::string& remedy) {
  std::cerr << "switchyard exec: " << why.message << (remedy.empty() ? "" : "; " + remedy) << '\n';
  return why.kind == base::errc::invalid ? usage : 1;
}

}  // namespace

int exec(const exec_options& options) {
  const auto settings = config::load(options.common.config, config::switchyard_environment());
  if (!settings) return fail({base::errc::not_found, settings.error().message}, "");
  auto way = haproxy::reach_worker(settings->haproxy, {});
  if (!way) return fail(way.error(), "is HAProxy running? `switchyard check` says what to do");
  const auto reply = way->conversation->execute_raw(options.command);
  if (!reply) return fail(reply.error(), "");
  if (options.common.output == output_format::json) {
    const nlohmann::json result{{"command", options.command}, {"reply", *reply}};
    std::cout << result.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else if (!reply->empty()) {
    std::cout << harmless(*reply) << '\n';
  }
  return std::cout.flush() ? 0 : 1;
}

}  // namespace switchyard::cli
