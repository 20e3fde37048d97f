#include "tests/integration/command_line.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::tests {

base::finished switchyard(const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& variables) {
  base::command_line command;
  command.argv = {SWITCHYARD_BINARY};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
  for (const auto& [name, value] : variables) command.environment.insert_or_assign(name, value);
  command.deadline = std::chrono::seconds(60);
  auto result = base::run(command);
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(result), (result ? "" : result.error().message));
  return *result;
}

nlohmann::json switchyard_json(std::vector<std::string> arguments,
                               const std::map<std::string, std::string>& variables) {
  arguments.insert(arguments.end(), {"-o", "json"});
  const auto result = switchyard(arguments, variables);
  const auto json = nlohmann::json::parse(result.output, nullptr, false);
  BOOST_REQUIRE_MESSAGE(!json.is_discarded(), result.output);
  return json;
}

files::files() {
  write_text(folder.path() / "backends.yaml", backends({&one}));
  write_text(folder.path() / "switchyard.yaml", settings(""));
}

std::string files::settings(const std::string& more) const {
  return "haproxy: {mode: managed, config_file: haproxy.cfg, runtime_socket: run.sock, reload: "
         "{min_interval: 100ms}}\n"
         "frontends:\n  - {name: gateway, binds: [{address: 127.0.0.1, port: " +
         std::to_string(port) + "}], default_backend: hello}\n" +
         "providers:\n  - {name: files, type: file, path: backends.yaml}\n" +
         "drain_timeout: 2s\nstate_dir: state\napi: {listen: \"127.0.0.1:" + std::to_string(api) +
         "\"}\n" + more;
}

std::string files::backends(const std::vector<const http_upstream*>& servers) {
  std::string text = "backends:\n  - name: hello\n    servers:\n";
  for (const auto* s : servers)
    text += "      - {name: " + s->name() +
            ", address: 127.0.0.1, port: " + std::to_string(s->port()) + "}\n";
  return text;
}

void files::use_provider(const std::string& entry) const {
  auto text = settings("");
  text.insert(text.find("  - {name: files"), entry);
  write_text(config(), text);
}

bool files::logged(std::string_view text) const {
  return eventually([&] { return contains(log(), text); });
}

std::unique_ptr<background_process> files::run() const {
  return std::make_unique<background_process>(
      std::vector<std::string>{SWITCHYARD_BINARY, "run", "--config", config()},
      folder.path() / "log");
}

bool files::answered_by(const std::string& name, bool alone) const {
  return eventually(
      [&] {
        const auto seen = sample(port, 6);
        return seen.contains(name) && (!alone || seen.size() == 1);
      },
      std::chrono::seconds(20));
}

}  // namespace switchyard::tests
