#include <fnmatch.h>

#include <iostream>
#include <map>
#include <set>

#include "cli/api_client.hpp"
#include "cli/client.hpp"
#include "cli/terminal.hpp"

namespace switchyard::cli {

namespace {

using nlohmann::json;

bool is_pattern(const std::string& name) {
  return name.find_first_of("*?[") != std::string::npos;
}

bool wanted(const json& backend, const backends_options& options) {
  if (!options.name.empty() &&
      ::fnmatch(options.name.c_str(), text_at(backend, "name").c_str(), 0) != 0)
    return false;
  return options.state.empty() || number_at(member(backend, "servers"), options.state) > 0;
}

/// All pages of the list, filtered.
base::outcome<json> fetch(api_client& client, const backends_options& options) {
  auto all = json::array();
  std::string cursor;
  do {
    std::string path = "/v1/backends?limit=1000";
    if (!options.provider.empty()) path += "&provider=" + url_part(options.provider);
    if (!cursor.empty()) path += "&cursor=" + url_part(cursor);
    const auto page = client.get(path);
    if (!page) return page.error();
    for (const auto& backend : member(*page, "backends"))
      if (wanted(backend, options)) all.push_back(backend);
    cursor = text_at(*page, "next");
  } while (!cursor.empty());
  return all;
}

/// Whether there is a provider of that name; errc::not_found names those that there are.
base::status known_provider(api_client& client, const std::string& name) {
  const auto status = client.get("/v1/status");
  if (!status) return status.error();
  std::string names;
  for (const auto& provider : member(*status, "providers")) {
    if (text_at(provider, "name") == name) return {};
    names += (names.empty() ? "" : ", ") + text_at(provider, "name");
  }
  return base::error{base::errc::not_found,
                     "there is no provider " + name + "; those of the settings are " + names};
}

int list(api_client& client, const backends_options& options) {
  const auto found = fetch(client, options);
  if (!found) return failed("backends", found.error());
  if (found->empty() && !options.provider.empty())
    if (const auto known = known_provider(client, options.provider); !known)
      return failed("backends", known.error());
  if (options.client.common.output == output_format::json) {
    print_json({{"backends", *found}});
    return 0;
  }
  if (found->empty()) {
    std::cout << "there is no such backend\n";
    return 0;
  }
  table rows({"BACKEND", "MODE", "PROVIDER", "SERVERS", "READY", "DRAIN", "MAINT", "HELD"});
  for (const auto& backend : *found) {
    const auto& servers = member(backend, "servers");
    const bool none_ready = number_at(servers, "ready") == 0;
    const auto held = text_at(servers, "held");
    rows.row({{text_at(backend, "name")},
              {text_at(backend, "mode")},
              {joined(member(backend, "origins"))},
              {text_at(servers, "count")},
              {text_at(servers, "ready"), none_ready ? colour::red : colour::none},
              {text_at(servers, "drain")},
              {text_at(servers, "maint")},
              {held, held == "0" ? colour::none : colour::yellow}});
  }
  rows.print();
  return 0;
}

/// "10.0.0.1:80 weight 100 ready", "" for a server that is not there.
std::string place_of(const json& server) {
  if (!server.is_object()) return "-";
  const auto address = text_at(server, "address");
  const bool v6 = address.find(':') != std::string::npos;
  const auto weight = text_at(server, "weight"), state = text_at(server, "state");
  return (v6 ? "[" + address + "]" : address) + ":" + text_at(server, "port") + " weight " +
         (weight.empty() ? "100" : weight) + " " + (state.empty() ? "ready" : state);
}

std::map<std::string, json> servers_of(const json& side) {
  std::map<std::string, json> found;
  for (const auto& server : member(side, "servers")) found.emplace(text_at(server, "name"), server);
  return found;
}

void print_servers(const json& backend) {
  const auto desired = servers_of(member(backend, "desired"));
  const auto actual = servers_of(member(backend, "actual"));
  std::set<std::string> names;
  for (const auto& [name, server] : desired) names.insert(name);
  for (const auto& [name, server] : actual) names.insert(name);
  const auto& origins = member(backend, "server_origins");
  table rows({"SERVER", "PROVIDER", "DESIRED", "HAPROXY", "STATUS", "SESSIONS", "CHECK"});
  for (const auto& name : names) {
    const auto want = desired.contains(name) ? desired.at(name) : json();
    const auto has = actual.contains(name) ? actual.at(name) : json();
    const auto wanted_place = place_of(want), real_place = place_of(has);
    const auto state = text_at(has, "status");
    rows.row({{name},
              {text_at(origins, name)},
              {wanted_place},
              {real_place, wanted_place == real_place ? colour::none : colour::yellow},
              {state, state.starts_with("DOWN") ? colour::red : colour::none},
              {text_at(has, "sessions")},
              {text_at(has, "check")}});
  }
  if (rows.rows() > 0) rows.print();
}

void print_detail(const json& backend) {
  const auto& desired = member(backend, "desired");
  const auto& origins = member(backend, "origins");
  std::cout << harmless(text_at(backend, "name")) << ": "
            << (origins.empty()
                    ? "desired by nobody"
                    : (origins.size() > 1 ? "merged from providers " : "from provider ") +
                          harmless(joined(origins)));
  const auto others = joined(member(backend, "also_named_by"));
  if (!others.empty()) std::cout << " (named by " << harmless(others) << " as well, and not taken)";
  if (desired.is_object())
    for (const auto* key : {"mode", "balance", "protocol"})
      if (const auto value = text_at(desired, key); !value.empty())
        std::cout << ", " << key << ' ' << harmless(value);
  std::cout << '\n';
  const auto unreadable = text_at(backend, "actual_unreadable");
  if (!unreadable.empty())
    std::cout << painted("HAProxy could not be asked: " + harmless(unreadable), colour::red)
              << '\n';
  print_servers(backend);
  if (const auto held = joined(member(backend, "held")); !held.empty())
    std::cout << painted("held, and missing in the source: " + harmless(held), colour::yellow)
              << '\n';
  for (const auto& c : member(backend, "collisions"))
    if (text_at(c, "what") != "backend")
      std::cout << painted("collision: " + harmless(text_at(c, "text")), colour::yellow) << '\n';
  for (const auto& difference : member(backend, "differences"))
    if (difference.is_string())
      std::cout << painted("differs: " + harmless(difference.get<std::string>()), colour::yellow)
                << '\n';
}

}  // namespace

int backends(const backends_options& options) {
  auto client = api_client::open(options.client);
  if (!client) return failed("backends", client.error());
  const bool one = !options.name.empty() && !is_pattern(options.name);
  if (!one) return list(*client, options);
  if (!options.provider.empty() || !options.state.empty())
    return failed("backends",
                  {base::errc::invalid,
                   "--provider and --state are for lists; write '" + options.name + "*' for one"});
  const auto body = client->get("/v1/backends/" + url_part(options.name));
  if (!body) return failed("backends", body.error());
  if (options.client.common.output == output_format::json)
    print_json(*body);
  else
    print_detail(*body);
  return 0;
}

}  // namespace switchyard::cli
