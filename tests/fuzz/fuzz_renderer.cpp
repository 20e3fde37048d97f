// Backends with hostile values: each is refused by name, or makes a section of exactly the lines
// and words that a harmless one of the same shape makes; and the whole file reads back.

#include <array>
#include <memory>

#include "haproxy/commands.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/configuration.hpp"
#include "haproxy/renderer.hpp"
#include "tests/fuzz/hostile.hpp"
#include "tests/fuzz/oracle.hpp"

namespace {

using namespace switchyard;
using fuzz::provider;
using fuzz::require;

/// A harmless backend of the same shape, and what stands for what in it.
struct twin {
  model::backend plain;
  fuzz::values in_place_of;
};

/// A regular expression of that text alone.
std::string pattern_of(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    pattern += letter ? std::string(1, c) : std::string{'[', c, ']'};
  }
  return pattern;
}

twin twin_of(const model::backend& hostile) {
  twin made{hostile, {}};
  const auto replace = [&](std::string& value, const std::string& marker) {
    made.in_place_of[marker] = value;
    value = marker;
  };
  replace(made.plain.name, "marker-backend");
  if (made.plain.settings.tls.sni) replace(*made.plain.settings.tls.sni, "marker-sni");
  replace(made.plain.settings.check.path, "/marker-path");
  if (auto& sticky = made.plain.settings.sticky) {
    made.in_place_of["^MARKERCOOKIE="] = "^" + pattern_of(sticky->cookie) + "=";
    replace(sticky->cookie, "MARKERCOOKIE");
  }
  for (std::size_t i = 0; i < made.plain.servers.size(); ++i) {
    auto& s = made.plain.servers[i];
    const auto number = std::to_string(i);
    replace(s.name, "marker-server-" + number);
    const bool v6 = s.address.find(':') != std::string::npos;
    replace(s.address, (v6 ? "2001:db8::fade:" : "192.0.2.21") + number);
  }
  return made;
}

/// What the file can tell of a server: one in drain has weight 0.
model::server as_written(model::server s) {
  if (s.state != model::server_state::drain) return s;
  s.state = model::server_state::ready;
  s.weight = 0;
  return s;
}

void require_servers_read_back(const model::backend& b, const haproxy::backend_section& section) {
  require(section.servers.size() == b.servers.size(), "each server has one line", section.text());
  for (std::size_t i = 0; i < b.servers.size(); ++i) {
    const auto again = haproxy::parse_server_line(section.servers[i]);
    require(again && *again == as_written(b.servers[i]), "a server reads back as it was",
            section.servers[i]);
  }
}

/// The options of `add server` are the words of default-server.
void require_options(const model::backend& b, const twin& other) {
  const auto options = haproxy::server_options(b.settings);
  const auto plain = haproxy::server_options(other.plain.settings);
  require(options && plain, "a section's options can be sent", b.name);
  fuzz::require_same_shape(*options + "\n", *plain + "\n", other.in_place_of);
  for (const auto& s : b.servers) {
    const auto made = haproxy::add_server(b.name, s, *options);
    require(bool(made), "a server of the file can be added at run time", s.name);
    fuzz::require_command(made->line, fuzz::split(made->line));
  }
}

void require_refused_by_name(const model::backend& b, const base::error& why) {
  require(why.kind == base::errc::invalid, "a refusal is errc::invalid", why.message);
  // A name that is no name itself is shown with what may be printed of it.
  require(
      why.message.find(model::valid_name(b.name) ? b.name : "backend name") != std::string::npos,
      "a refusal names the backend", why.message);
}

std::string head_of(std::uint16_t frontends) {
  config::haproxy_settings settings;
  settings.config_file = "/run/switchyard/haproxy.cfg";
  std::vector<config::frontend_settings> all(frontends);
  for (auto& f : all) {
    f.name = "f" + std::to_string(&f - all.data());
    f.binds.push_back({"127.0.0.1", 8080, std::nullopt, {}});
  }
  return *haproxy::render_head(settings, all, {});
}

void require_file(haproxy::configuration file) {
  static const std::array heads{head_of(0), head_of(1)};
  file.head = heads[file.backends.size() % heads.size()];
  file.profiles = haproxy::profiles_for(file.backends, {});
  const auto text = file.text();
  fuzz::require_plain_bytes(text);
  const auto held = haproxy::check_invariants(text);
  require(bool(held), held ? "" : held.error().message, text);
  // `global` with the fingerprint, then what was put in.
  require(fuzz::count_sections(text) ==
              1 + fuzz::count_sections(file.head) + file.profiles.size() + file.backends.size(),
          "the file has the sections that were put in and no other", text);
  const auto again = haproxy::parse_configuration(text);
  require(bool(again), "the file reads back", text);
  require(again->head == file.head && again->profiles == file.profiles && again->text() == text,
          "the file reads back as it was", text);
  require(again->backends.size() == file.backends.size(), "no backend is lost", text);
  for (const auto& [name, section] : file.backends)
    require(again->backends.contains(name) && *again->backends.at(name) == *section,
            "a section reads back as it was", name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  provider from(data, size);
  haproxy::configuration file;
  for (const auto* name : {"api", "web"}) {
    const auto b = fuzz::backend(from, name);
    const auto section = haproxy::render_backend(b);
    if (!section) {
      require_refused_by_name(b, section.error());
      continue;
    }
    const auto other = twin_of(b);
    const auto plain = haproxy::render_backend(other.plain);
    require(bool(plain), "a harmless backend can be rendered", plain ? "" : plain.error().message);
    fuzz::require_same_shape(section->text(), plain->text(), other.in_place_of);
    require_servers_read_back(b, *section);
    require_options(b, other);
    file.backends.insert_or_assign(b.name, std::make_shared<haproxy::backend_section>(*section));
  }
  require_file(std::move(file));
  return 0;
}
