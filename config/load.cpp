#include "config/load.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/net.hpp"
#include "base/yaml.hpp"
#include "base/yaml_quotes.hpp"
#include "config/overrides.hpp"
#include "config/reading.hpp"
#include "config/until_restart.hpp"
#include "model/backend.hpp"

namespace switchyard::config {

namespace {

using base::errc;
using base::error;
using base::outcome;
using model::object_reader;
using namespace std::chrono_literals;

constexpr std::size_t largest_file = 1U << 20;

void read_reconcile(const nlohmann::json& value, const std::string& pointer, const reading& place,
                    reconcile_settings& target) {
  object_reader from(value, pointer, place.sink);
  from.read("interval", target.interval, 100ms, 1h);
  from.finish();
}

/// "50%".
std::optional<unsigned> parse_percent(const std::string& text) {
  if (text.size() < 2 || text.size() > 4 || text.back() != '%') return std::nullopt;
  unsigned value = 0;
  const auto* const end = text.data() + text.size() - 1;
  const auto [at, bad] = std::from_chars(text.data(), end, value);
  return bad == std::errc() && at == end && value <= 100 ? std::optional(value) : std::nullopt;
}

void read_guard(const nlohmann::json& value, const std::string& pointer, const reading& place,
                model::guard_rules& target) {
  object_reader from(value, pointer, place.sink);
  std::string share;
  if (from.read("max_removed", share)) {
    if (const auto percent = parse_percent(share))
      target.max_removed = *percent;
    else
      from.fail("max_removed",
                "must be a whole percentage from 0% to 100%, not " + model::quoted(share));
  }
  read_number(from, "min_removed", target.min_removed, 1, 1'000'000'000);
  from.read("window", target.window, 0ms, 24h);
  from.read("keep_last_server", target.keep_last_server);
  if (const auto* timeout = from.member("hold_timeout");
      timeout != nullptr && !timeout->is_null()) {
    std::chrono::milliseconds longest{};
    if (from.read("hold_timeout", longest, 1s, 24 * 24h)) target.hold_timeout = longest;
  }
  from.finish();
}

/// "IP", "IP:PORT" or "[IP]:PORT".
bool valid_name_server(const std::string& text) {
  if (model::canonical_ip(text)) return true;
  const auto address = base::parse_address(text);
  return address && address->host != "*";
}

void read_resolver(const nlohmann::json& value, const std::string& pointer, const reading& place,
                   resolver_settings& target) {
  object_reader from(value, pointer, place.sink);
  from.each("servers", [&](const nlohmann::json& server, const std::string&) {
    auto text = server.is_string() ? server.get<std::string>() : std::string();
    if (!valid_name_server(text))
      from.fail("servers",
                "must be IP addresses of name servers, with a port where it is not 53, "
                "such as 10.0.0.53 or 127.0.0.1:8600; not " +
                    model::quoted(server.dump()));
    target.servers.push_back(std::move(text));
  });
  from.read("interval", target.interval, 100ms, 1h);
  from.read("timeout", target.timeout, 100ms, 30s);
  from.read_enum("family", target.family,
                 {address_family::any, address_family::ipv4, address_family::ipv6});
  from.read("tcp", target.tcp);
  from.read("hold_obsolete", target.hold_obsolete, 0ms, 24h);
  from.finish();
}

void read_log(const nlohmann::json& value, const std::string& pointer, const reading& place,
              log_settings& target) {
  object_reader from(value, pointer, place.sink);
  from.read_enum(
      "level", target.level,
      {log_level::trace, log_level::debug, log_level::info, log_level::warn, log_level::error});
  from.read_enum("format", target.format, {log_format::text, log_format::json});
  from.finish();
}

void read_merge(object_reader& from, std::set<std::string>& target) {
  from.each("merge", [&](const nlohmann::json& value, const std::string&) {
    const auto name = value.is_string() ? value.get<std::string>() : std::string();
    if (!value.is_string())
      from.fail("merge", "must be a list of names of backends, such as [api-backend]");
    else if (check_name(from, "merge", name); !target.insert(name).second)
      from.fail("merge", "has " + model::quoted(name) + " twice");
  });
}

settings read_settings(const nlohmann::json& document, const reading& place) {
  settings target;
  object_reader from(document, "", place.sink);
  if (!from.is_object()) return target;
  const auto section = [&](std::string_view key, auto read, auto& into) {
    // Read also when absent: some defaults follow from others.
    static const auto empty = nlohmann::json::object();
    const auto* value = from.member(key);
    read(value != nullptr ? *value : empty, from.pointer(key), place, into);
  };
  section("haproxy", read_haproxy, target.haproxy);
  read_frontends(from, place, target.frontends);
  read_providers(from, place, target.providers);
  read_merge(from, target.merge);
  section("reconcile", read_reconcile, target.reconcile);
  read_number(from, "event_buffer", target.event_buffer, 1, 1'000'000);
  section("guard", read_guard, target.guard);
  from.read("drain_timeout", target.drain_timeout, 0ms, 24h);
  section("resolver", read_resolver, target.resolver);
  section("api", read_api, target.api);
  section("log", read_log, target.log);
  read_path(from, "state_dir", target.state_dir, place);
  from.finish();
  place_memory_files(target);
  return target;
}

/// The variable that a problem comes from: the one whose value is at the pointer or around it.
std::optional<std::string> variable_at(const std::map<std::string, std::string>& origins,
                                       std::string pointer) {
  for (;;) {
    if (const auto found = origins.find(pointer); found != origins.end()) return found->second;
    if (pointer.empty()) return std::nullopt;
    pointer.resize(pointer.rfind('/'));
  }
}

/// One line a problem, in the order of the file; those of variables come last.
std::string report(const model::problems& problems, const override_result& overrides,
                   const base::yaml_document& document, const std::string& file) {
  std::vector<std::pair<base::text_position, std::string>> in_file;
  auto of_variables = overrides.problems;
  for (const auto& p : problems) {
    const auto what = (p.pointer.empty() ? "" : p.pointer + ": ") + p.message;
    if (const auto variable = variable_at(overrides.origins, p.pointer)) {
      // A password with ": " in it is a map to YAML.
      const auto* hint = p.message.starts_with("must be a string")
                             ? "; the value is read as YAML: put a text in quotes"
                             : "";
      of_variables.push_back(*variable + ": " + what + hint);
      continue;
    }
    const auto where = document.at(p.pointer);
    in_file.emplace_back(where, file + ":" + std::to_string(where.line) + ":" +
                                    std::to_string(where.column) + ": " + what);
  }
  std::ranges::stable_sort(
      in_file, {}, [](const auto& line) { return std::pair(line.first.line, line.first.column); });
  std::string text;
  for (const auto& [where, line] : in_file) text += (text.empty() ? "" : "\n") + line;
  for (const auto& line : of_variables) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace

environment switchyard_environment() {
  environment result;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (text.starts_with("SWITCHYARD_") && equals != std::string_view::npos)
      result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

outcome<settings> parse(std::string_view text, const std::string& file,
                        const environment& variables) {
  auto document = base::parse_yaml(text);
  if (!document) return error{errc::invalid, file + ":" + document.error().message};
  if (document->value.is_null()) document->value = nlohmann::json::object();
  const auto overrides = apply_overrides(document->value, variables);
  model::problems problems;
  std::error_code no_folder;
  const auto path = std::filesystem::absolute(file, no_folder);
  auto result = read_settings(document->value, {path.parent_path(), problems});
  if (!problems.empty() || !overrides.problems.empty()) {
    const auto quote = base::swallowing_quote(text);
    return error{errc::invalid, report(problems, overrides, *document, file) +
                                    (quote ? "\n" + file + ": " + quote->sentence() : "")};
  }
  return result;
}

outcome<settings> load(const std::filesystem::path& file, const environment& variables) {
  const auto text = base::read_file(file, largest_file);
  if (!text) return text.error();
  return parse(*text, file.string(), variables);
}

api_reading load_api(const std::filesystem::path& file, const environment& variables) {
  api_reading result;
  nlohmann::json document;
  if (const auto text = base::read_file(file, largest_file); !text)
    result.unread = text.error();
  else if (auto parsed = base::parse_yaml(*text); !parsed)
    result.unread = error{errc::invalid, file.string() + ":" + parsed.error().message};
  else
    document = std::move(parsed->value);
  if (!document.is_object()) document = nlohmann::json::object();
  apply_overrides(document, variables);
  model::problems ignored;
  std::error_code no_folder;
  const auto path = std::filesystem::absolute(file, no_folder);
  if (const auto found = document.find("api"); found != document.end())
    read_api(*found, "/api", {path.parent_path(), ignored}, result.api);
  return result;
}

}  // namespace switchyard::config
