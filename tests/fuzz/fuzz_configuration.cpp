// A file of ours that somebody edited, cut or garbled: what is still read as ours has the very same
// settings, and what passes the invariants has none of what they forbid.

#include <memory>
#include <set>

#include "haproxy/config_store.hpp"
#include "haproxy/configuration.hpp"
#include "tests/fuzz/hostile.hpp"
#include "tests/fuzz/oracle.hpp"

namespace {

using namespace switchyard;
using fuzz::provider;
using fuzz::require;

haproxy::configuration sample() {
  haproxy::configuration file;
  config::haproxy_settings settings;
  settings.config_file = "/run/switchyard/haproxy.cfg";
  config::frontend_settings frontend;
  frontend.name = "front";
  frontend.binds.push_back({"127.0.0.1", 8080, std::nullopt, {}});
  file.head = *haproxy::render_head(settings, {frontend}, {});
  for (const auto* name : {"api", "web"}) {
    model::backend b{name, {}, {}};
    b.settings.check.type = model::check_type::http;
    for (const auto* server : {"s1", "s2"}) {
      b.servers.emplace_back();
      b.servers.back().name = server;
      b.servers.back().address = "10.0.0.1";
      b.servers.back().port = 80;
    }
    file.backends[name] = std::make_shared<haproxy::backend_section>(*haproxy::render_backend(b));
  }
  file.profiles = haproxy::profiles_for(file.backends, {});
  return file;
}

/// One to three edits.
std::string edited(provider& from, std::string text) {
  for (int edits = from.ConsumeIntegralInRange(1, 3); edits > 0; --edits) {
    const auto at = from.ConsumeIntegralInRange<std::size_t>(0, text.size());
    const auto length = from.ConsumeIntegralInRange<std::size_t>(0, 64);
    switch (from.ConsumeIntegralInRange(0, 4)) {
      case 0:
        text.insert(at, fuzz::text(from, "x"));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.resize(at);
        break;
      case 3:
        text.insert(at, text.substr(at, length));
        break;
      default:
        text.replace(at, length, fuzz::text(from, "0"));
        break;
    }
  }
  return text;
}

bool server_line(std::string_view line) {
  return line.starts_with("    server ");
}

/// Only the fingerprint of what was loaded and the server lines may differ: they change at run
/// time.
void require_same_settings(std::string_view text, std::string_view original) {
  const auto got = fuzz::lines_of(text);
  const auto meant = fuzz::lines_of(original);
  require(got.size() == meant.size(), "what is read as ours has all of its lines", text);
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i] == meant[i]) continue;
    if (server_line(meant[i])) {
      const auto has = haproxy::parse_server_line(got[i]);
      require(server_line(got[i]) && has && *haproxy::render_server(*has) == got[i],
              "a server line stays one", got[i]);
    } else {
      require(
          got[i].starts_with("    setenv SWITCHYARD_LAYOUT ") && got[i].size() == meant[i].size(),
          "a line that only a reload can change is not read as ours when edited", got[i]);
    }
  }
}

void require_invariants(std::string_view text) {
  require(!text.empty(), "an empty file is refused", text);
  fuzz::require_plain_bytes(text);
  std::set<std::string> sections;
  std::set<std::string> servers;
  for (const auto line : fuzz::lines_of(text)) {
    if (line.empty() || line.front() == '#' || line.front() == '.') continue;
    const auto has = fuzz::split(line);
    if (line.front() != ' ') {
      servers.clear();
      require(
          has[0] == "global" || has[0] == "defaults" || has[0] == "frontend" || has[0] == "backend",
          "no section but ours", line);
      require(
          has[0] == "global" || (has.size() > 1 && sections.insert(has[0] + " " + has[1]).second),
          "no section twice", line);
    } else if (!has.empty() && has[0] == "server") {
      require(has.size() > 2 && servers.insert(has[1]).second, "no server twice", line);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto original = sample().text();
  provider from(data, size);
  const auto text = edited(from, original);
  if (haproxy::check_invariants(text)) require_invariants(text);
  const auto read = haproxy::parse_configuration(text);
  if (!read) {
    require(read.error().kind == base::errc::invalid, "a refusal is errc::invalid", text);
    require(text != original, "our own file is read", text);
    return 0;
  }
  require(read->text() == text, "what is read is written the same", text);
  require_same_settings(text, original);
  require(bool(haproxy::check_invariants(text)), "what is read as ours holds the invariants", text);
  return 0;
}
