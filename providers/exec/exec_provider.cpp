#include "providers/exec/exec_provider.hpp"

#include <utility>

#include "providers/exec/command.hpp"
#include "providers/json_view.hpp"

namespace switchyard::providers::exec {

namespace {

/// Runs the command, and reads what it printed unless it is what it printed before.
look_function open(const config::exec_settings& settings) {
  return [settings,
          last = std::string()](const base::wakeup* stop) mutable -> base::outcome<polled> {
    auto output = output_of(settings, stop);
    if (!output) return output.error();
    if (!last.empty() && *output == last) return polled{};
    auto view = json_view(*output, settings.max_depth);
    if (!view)
      return base::error{view.error().kind, settings.command.front() +
                                                " printed no document: " + view.error().message};
    last = *std::move(output);
    return polled{.view = *std::move(view)};
  };
}

}  // namespace

exec_provider::exec_provider(std::string name, const config::exec_settings& settings)
    : polling_provider(std::move(name), settings.interval, [settings] { return open(settings); }) {}

std::string exec_provider::remedy(const base::error& why) const {
  switch (why.kind) {
    case base::errc::not_found:
      return "install the program, or give its path in command";
    case base::errc::timeout:
      return "let it end in time, or raise timeout";
    case base::errc::refused:
      return "run it as switchyard's user: env -i PATH=… COMMAND";
    case base::errc::invalid:
      return "let it print one JSON document on stdout (docs/providers/exec.md), within max_bytes";
    default:
      return "";
  }
}

}  // namespace switchyard::providers::exec
