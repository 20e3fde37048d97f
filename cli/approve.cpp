// approve and reject: decisions about what the guard holds.

#include <charconv>
#include <iostream>
#include <vector>

#include "base/text.hpp"
#include "cli/api_client.hpp"
#include "cli/client.hpp"
#include "cli/terminal.hpp"

namespace switchyard::cli {

namespace {

using base::errc;
using base::error;
using nlohmann::json;

void print_holds(const json& holds, output_format format) {
  if (format == output_format::json) return print_json(holds);
  if (number_at(holds, "count") == 0) {
    std::cout << "nothing is held\n";
    return;
  }
  table list({"HOLD", "PROVIDER", "BACKEND", "SERVERS", "ROUTES", "SINCE", "DECISION", "WHY"});
  for (const auto& h : member(holds, "list")) {
    const auto backend = text_at(h, "backend"), expires = text_at(h, "expires");
    const bool rejected = member(h, "rejected") == true;
    list.row({{text_at(h, "id")},
              {text_at(h, "provider")},
              {backend.empty() ? "all" : backend},
              {text_at(member(h, "servers"), "count")},
              {text_at(member(h, "routes"), "count")},
              {text_at(h, "since")},
              {rejected          ? "rejected"
               : expires.empty() ? "waits"
                                 : "leaves at " + expires},
              {text_at(h, "what")}});
  }
  list.print();
}

/// The holds that are meant. All: those that wait for this decision.
base::outcome<std::vector<std::string>> chosen(const decide_options& options, const json& holds) {
  std::vector<std::string> ids;
  if (!options.all) {
    std::uint64_t number = 0;
    const auto* const end = options.id.data() + options.id.size();
    const auto [at, bad] = std::from_chars(options.id.data(), end, number);
    if (bad != std::errc() || at != end)
      return error{errc::invalid, "a hold is named by its number, not " + options.id};
    ids.push_back(options.id);
    return ids;
  }
  for (const auto& h : member(holds, "list"))
    if (options.approve || member(h, "rejected") != true) ids.push_back(text_at(h, "id"));
  return ids;
}

void print(const json& done, bool approve) {
  const auto& hold = member(done, "hold");
  const auto servers = number_at(member(hold, "servers"), "count"),
             routes = number_at(member(hold, "routes"), "count");
  const bool applied = member(done, "applied") == true;
  std::cout << "hold " << text_at(hold, "id") << " of " << text_at(hold, "provider") << ": "
            << base::counted(servers, "server") << " and " << base::counted(routes, "route");
  if (!approve)
    std::cout << " stay\n";
  else if (applied)
    std::cout << " left\n";
  else
    std::cout << " will leave; waiting for: " << joined(member(done, "waiting")) << '\n';
}

}  // namespace

int decide(const decide_options& options) {
  const char* const command = options.approve ? "approve" : "reject";
  const auto format = options.client.common.output;
  auto client = api_client::open(options.client);
  if (!client) return failed(command, client.error());
  const auto holds = client->get("/v1/holds");
  if (!holds) return failed(command, holds.error());
  if (options.id.empty() && !options.all) {
    print_holds(*holds, format);
    return 0;
  }
  const auto ids = chosen(options, *holds);
  if (!ids) return failed(command, ids.error());
  json decided = json::array();
  for (const auto& id : *ids) {
    const auto done = client->post("/v1/holds/" + url_part(id) + "/" + command);
    if (!done) return failed(command, done.error());
    if (format == output_format::text) print(*done, options.approve);
    decided.push_back(*done);
  }
  if (format == output_format::json)
    print_json(options.all ? decided : decided.front());
  else if (ids->empty())
    std::cout << "nothing is held\n";
  return 0;
}

}  // namespace switchyard::cli
