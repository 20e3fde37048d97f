// Routes with hostile values: an entry of the map is one line of its file and one word each in its
// commands, and all of it reads back.

#include "haproxy/routes.hpp"
#include "tests/fuzz/hostile.hpp"
#include "tests/fuzz/oracle.hpp"

namespace {

using namespace switchyard;
using fuzz::provider;
using fuzz::require;
using haproxy::route_entries;

const std::string map = "/run/switchyard/haproxy.routes.map";

/// `#` begins a comment in a file and a reference on the runtime API.
void require_file(const route_entries& entries) {
  const auto text = haproxy::map_text(entries);
  fuzz::require_plain_bytes(text);
  const auto lines = fuzz::lines_of(text);
  require(lines.size() == entries.size(), "an entry is one line of the map", text);
  auto line = lines.begin();
  for (const auto& [key, backend] : entries) {
    require(fuzz::split(*line) == fuzz::words{key, backend}, "a line is a key and a value", *line);
    require(!line->starts_with('#'), "an entry is no comment", *line);
    ++line;
  }
  const auto again = haproxy::parse_map_text(text);
  require(again && *again == entries, "the map reads back as it was", text);
}

/// Does to `entries` what HAProxy does at a command.
void carry_out(const haproxy::command& c, route_entries& entries) {
  const auto has = fuzz::split(c.line);
  fuzz::require_command(c.line, has);
  require(has.size() == (has[0] == "del" ? 4U : 5U) && has[1] == "map" && has[2] == map,
          "a command is about one entry of our map", c.line);
  require(!has[3].starts_with('#'), "a key is no reference", c.line);
  if (has[0] == "del")
    require(entries.erase(has[3]) == 1, "only what is there is deleted", c.line);
  else if (has[0] == "add")
    require(entries.emplace(has[3], has[4]).second, "only what is not there is added", c.line);
  else
    require(has[0] == "set" && entries.contains(has[3]), "only what is there is set", c.line);
  if (has[0] == "set") entries[has[3]] = has[4];
}

void require_plans(const route_entries& actual, const route_entries& wanted) {
  const auto commands = haproxy::plan_routes(map, actual, wanted);
  require(bool(commands), "what is wanted can be sent", haproxy::map_text(wanted));
  auto after = actual;
  for (const auto& c : *commands) carry_out(c, after);
  require(after == wanted, "the commands make what is wanted", haproxy::map_text(after));
  const auto whole = haproxy::plan_whole_map(map, "12", wanted);
  require(whole && whole->size() == wanted.size() + 1, "a command an entry, and one to commit",
          haproxy::map_text(wanted));
  auto next = whole->begin();
  for (const auto& [key, backend] : wanted)
    fuzz::require_command((next++)->line, {"add", "map", "@12", map, key, backend});
  fuzz::require_command(next->line, {"commit", "map", "@12", map});
}

/// Whatever stands in a file or a reply.
void read_garbage(const std::string& text) {
  if (const auto entries = haproxy::parse_map_text(text)) {
    const auto again = haproxy::parse_map_text(haproxy::map_text(*entries));
    require(again && *again == *entries, "what is read is written the same", text);
  }
  if (const auto entries = haproxy::parse_map(text))
    for (const auto& [key, backend] : *entries) require(!key.empty(), "an entry has a key", text);
  if (const auto version = haproxy::parse_new_version(text))
    fuzz::require_command(*version, {*version});
}

haproxy::presence_of some_presence(provider& from) {
  using enum haproxy::backend_presence;
  const auto choice = from.ConsumeIntegralInRange(0, 3);
  return [choice](const std::string& backend) {
    if (choice == 0) return running;
    if (backend == "api") return choice == 1 ? coming : unknown;
    return choice == 2 ? coming : running;
  };
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  provider from(data, size);
  if (from.ConsumeIntegralInRange(0, 7) == 7) {
    read_garbage(from.ConsumeRemainingBytesAsString());
    return 0;
  }
  const auto presence = some_presence(from);
  const route_entries actual{{"a.example.com/", "web"}, {"a.example.com/v1/", "old"}, {"/", "*"}};
  std::vector<model::route> routes;
  for (int i = from.ConsumeIntegralInRange(0, 3); i > 0; --i) routes.push_back(fuzz::route(from));
  const auto wanted = haproxy::wanted_entries(routes, presence, actual);
  require(wanted.size() <= routes.size(), "a route is at most one entry",
          haproxy::map_text(wanted));
  require_file(wanted);
  require_plans(actual, wanted);
  require_plans({}, wanted);
  return 0;
}
