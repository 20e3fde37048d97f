// Documents: whatever the bytes are, each object is refused by its place or can be written to
// HAProxy as it is, and the values read back from their own encoding.

#include <string>

#include "haproxy/renderer.hpp"
#include "haproxy/routes.hpp"
#include "model/document.hpp"
#include "model/document_text.hpp"
#include "model/name_book.hpp"
#include "tests/fuzz/hostile.hpp"
#include "tests/fuzz/oracle.hpp"

namespace {

using namespace switchyard;
using fuzz::require;

void require_renderable(const model::backend& b) {
  const auto section = haproxy::render_backend(b);
  require(bool(section), section ? "" : section.error().message, b.name);
  const auto options = haproxy::server_options(b.settings);
  require(bool(options), options ? "" : options.error().message, b.name);
  const auto text = section->text();
  for (const auto line : fuzz::lines_of(text)) fuzz::config_words(line);
  for (const auto& s : b.servers) {
    const auto made = haproxy::add_server(b.name, s, *options);
    require(bool(made), made ? "" : made.error().message, s.name);
    fuzz::require_command(made->line, fuzz::split(made->line));
  }
}

void require_encoding(const model::backend& b) {
  model::report again;
  model::decode_backend(model::encode(b), "/again", again);
  const auto found = again.backends.find(b.name);
  require(again.refused.empty() && found != again.backends.end() && *found->second.value == b,
          "a backend reads back from its own encoding", b.name);
}

void require_route(const model::route& route) {
  const auto key = haproxy::route_key(route);
  const auto made = haproxy::add_map("/m", key, route.backend);
  require(bool(made), made ? "" : made.error().message, key);
  fuzz::require_command(made->line, {"add", "map", "/m", key, route.backend});
  model::problems sink;
  const auto again = model::decode_route(model::encode(route), "/again", sink);
  require(again && *again == route, "a route reads back from its own encoding", key);
}

/// As it comes to HAProxy: addresses in the place of host names.
model::backend_ptr with_addresses(const model::backend_ptr& b) {
  model::name_book book;
  book.take(b->name, b);
  for (const auto& host : book.names()) {
    require(model::canonical_host(host) == host, "a host name is one", host);
    book.resolved(host, {{"2001:db8::1", "10.0.0.1"}}, {});
  }
  model::unread none;
  const auto with = book.addressed(b, none);
  require(!none.any(), "nothing is unread once all names are resolved", b->name);
  return with;
}

void require_report(const model::report& seen) {
  for (const auto& [name, event] : seen.backends) {
    require(event.value && event.value->name == name, "an entry holds the backend it names", name);
    require_renderable(*with_addresses(event.value));
    require_encoding(*event.value);
    const bool some_refused =
        event.settings_refused || event.servers_refused || !event.refused_servers.empty();
    require(!some_refused || !seen.refused.empty(), "what is refused is named", name);
  }
  require(seen.routes.has_value(), "routes are always told", "");
  for (const auto& route : *seen.routes) require_route(route);
  for (const auto& refused : seen.refused)
    require(!refused.reason.empty(), "a refusal says why", refused.key);
}

/// "N", a number, a kind, a text: the text inside of thousands of lists or objects.
std::string document(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  if (size < 3 || text[0] != 'N') return text;
  const auto depth = static_cast<unsigned char>(text[1]) * 1024U;
  const bool list = (text[2] & 1) != 0;
  std::string nested;
  for (unsigned i = 0; i < depth; ++i) nested += list ? "[" : R"({"backends":)";
  nested += text.substr(3);
  return nested + std::string(depth, list ? ']' : '}');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = model::parse_json(document(data, size));
  if (!json) {
    require(json.error().kind == base::errc::invalid && !json.error().message.empty(),
            "a refusal says why", json.error().message);
    return 0;
  }
  // What the parser lets through can be written again, whatever it is.
  require(bool(model::parse_json(json->dump())), "a document reads back", json->dump());
  const auto seen = model::decode_document(*json);
  if (seen)
    require_report(*seen);
  else
    require(!seen.error().message.empty(), "a refusal says why", json->dump());
  return 0;
}
