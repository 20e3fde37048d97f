#pragma once

// An installation that `switchyard doctor` looks at.

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/integration/command_line.hpp"

namespace switchyard::tests {

/// An installation on the file provider, and what the doctor says of it.
struct patient : files {
  nlohmann::json said;

  int examine(const std::map<std::string, std::string>& variables = {}) {
    said = switchyard_json({"doctor", "--config", config()}, variables);
    return said.at("errors").get<int>();
  }
  /// The finding that has this text; with its level and remedy it must be what is expected.
  bool has(const std::string& level, const std::string& text, const std::string& remedy) const {
    for (const auto& f : said.at("findings")) {
      const auto whole =
          f.at("subject").get<std::string>() + ": " + f.at("text").get<std::string>();
      if (contains(whole, text) && f.at("level") == level &&
          contains(f.at("remedy").get<std::string>(), remedy))
        return true;
    }
    return false;
  }
  std::string all() const { return said.dump(2); }

  /// Settings for attached mode on this base_file.
  void attach(const std::string& base, const std::string& frontends = "") const {
    write_text(folder / "base.cfg", base);
    write_text(config(),
               "haproxy: {mode: attached, config_file: haproxy.cfg, base_file: base.cfg, "
               "runtime_socket: run.sock, pid_file: haproxy.pid}\n" +
                   frontends + "providers:\n  - {name: files, type: file, path: backends.yaml}\n" +
                   "state_dir: state\napi: {listen: \"127.0.0.1:" + std::to_string(api) + "\"}\n");
  }
};

}  // namespace switchyard::tests
