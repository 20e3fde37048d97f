// What a running switchyard says of itself.

#include "cli/api_client.hpp"
#include "cli/checks.hpp"
#include "cli/client.hpp"
#include "cli/preflight.hpp"

namespace switchyard::cli {

void check_daemon(const common_options& options, const config::settings& settings,
                  findings& found) {
  const std::string subject = "switchyard";
  if (!switchyard_runs(settings.haproxy))
    return found.ok(subject, "none runs on " + settings.haproxy.config_file);
  if (settings.api.listen.empty())
    return found.ok(subject, "runs, and has no API to ask (api.listen)");
  auto client = api_client::open({options, "", ""});
  const auto status =
      client ? client->get("/v1/status") : base::outcome<nlohmann::json>(client.error());
  if (!status)
    return found.warning(subject, "runs, and its API cannot be asked: " + status.error().message,
                         "see its log; api.listen may have changed since it was started");
  const auto tell = [&](const char* list) {
    for (const auto& entry : member(*status, list))
      if (entry.is_string())
        found.warning(subject, entry.get<std::string>(), "see `switchyard status` and its log");
  };
  tell("waiting");
  tell("degraded");
  if (member(*status, "ready") == true)
    found.ok(subject, "runs and is ready, version " + text_at(*status, "version"));
}

}  // namespace switchyard::cli
