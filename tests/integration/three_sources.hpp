#pragma once

// Several sources of one installation, and settings of it that change.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/api/description.hpp"
#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

using nlohmann::json;

inline json server_json(const std::string& name, std::uint16_t port) {
  return {{"name", name}, {"address", "127.0.0.1"}, {"port", port}};
}

using servers = std::vector<json>;

inline std::string document(const std::string& backend, const servers& of) {
  return json{{"backends", json::array({{{"name", backend}, {"servers", of}}})}}.dump();
}

/// A backend without its name, for PUT.
inline std::string body(const servers& of) {
  return json{{"servers", of}}.dump();
}

/// Settings of an installation that are to be changed.
class settings_of {
 public:
  explicit settings_of(site& of) : site_(of) {}

  void replace(const std::string& text, const std::string& by) const {
    auto all = read_text(site_.settings_file());
    const auto at = all.find(text);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, all);
    write_text(site_.settings_file(), all.replace(at, text.size(), by));
    site_.switchyard().signal(SIGHUP);
  }

 private:
  site& site_;
};

/// PostgreSQL, a folder of files and changes by hand.
struct three_sources {
  http_upstream one{"srv1"}, two{"srv2"}, three{"srv3"};
  schema db;
  temp_dir folder;
  description described;
  std::unique_ptr<site> gateway;

  void start(const std::string& more) {
    std::filesystem::create_directory(folder / "backends");
    site_options options;
    options.more = guard_off + more;
    gateway = std::make_unique<site>(
        db.provider_yaml() + "  - {name: files, type: file, path: " + (folder / "backends") +
            "}\n  - {name: manual, type: memory}\n",
        options);
  }
  void write(const servers& of) const { put(document("api-backend", of)); }
  /// A backend, and where the route of api.example.com leads.
  void write_route(const std::string& backend, const servers& of, const std::string& to) const {
    auto all = json::parse(document(backend, of));
    all["routes"] = json::array({{{"host", "api.example.com"}, {"backend", to}}});
    put(all.dump());
  }
  void put(const std::string& text) const {
    write_text(folder / "new", text);
    std::filesystem::rename(folder / "new", folder / "backends/a.json");
  }
  http_answer ask(const std::string& method, const std::string& pattern, const std::string& path,
                  const std::string& body = "") const {
    auto got = http_ask(gateway->api_port(), method, path, body);
    auto verb = method;
    for (char& c : verb) c = static_cast<char>(c | 0x20);
    const auto fault = described.undescribed(verb, pattern, got);
    BOOST_TEST(fault.empty(), method << " " << path << ": " << fault);
    return got;
  }
  json backend() const {
    return json::parse(ask("GET", "/v1/backends/{name}", "/v1/backends/api-backend").body);
  }
  json provider(const std::string& name) const {
    const auto status = json::parse(ask("GET", "/v1/status", "/v1/status").body);
    for (const auto& p : status.at("providers"))
      if (p.at("name") == name) return p;
    return {};
  }
  std::string type(std::vector<std::string> words) const {
    words.insert(words.end(), {"-c", gateway->settings_file()});
    return switchyard(words).output;
  }
};

struct merged : three_sources {
  merged() { start("merge: [api-backend]\n"); }
};
struct not_merged : three_sources {
  not_merged() { start(""); }
};

}  // namespace switchyard::tests
