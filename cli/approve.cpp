// approve and reject: decisions about what the guard holds.

#include <charconv>
#include <iostream>
#include <set>
#include <utility>
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

/// What becomes of what was asked for.
class decisions {
 public:
  decisions(const decide_options& options, api_client& client)
      : options_(options), client_(client) {}

  /// About one hold. errc::invalid: no number; else as api_client::post().
  base::status one(const std::string& id) {
    std::uint64_t number = 0;
    const auto* const end = id.data() + id.size();
    const auto [at, bad] = std::from_chars(id.data(), end, number);
    if (bad != std::errc() || at != end)
      return error{errc::invalid, "a hold is named by its number, not " + id};
    return decide(id);
  }

  /// About all that wait for this decision. What has ended meanwhile needs none; who cannot be
  /// decided about is told of, and the others are. Whether there was none of those.
  bool all(json holds) {
    bool well = true;
    for (;;) {
      for (const auto& id : waiting(holds)) {
        tried_.insert(id);
        const auto done = decide(id);
        if (done || done.error().kind == errc::not_found) continue;
        failed(word(), done.error());
        well = false;
        if (done.error().kind == errc::unavailable) return false;
      }
      if (number_at(holds, "count") <= member(holds, "list").size()) return well;
      auto rest = client_.get("/v1/holds");
      if (!rest) return failed(word(), rest.error()) == 0;
      holds = *std::move(rest);
      if (waiting(holds).empty()) return well;
    }
  }

  const json& made() const { return made_; }
  const char* word() const { return options_.approve ? "approve" : "reject"; }

 private:
  base::status decide(const std::string& id) {
    const auto done = client_.post("/v1/holds/" + url_part(id) + "/" + word());
    if (!done) return done.error();
    if (options_.client.common.output == output_format::text) print(*done, options_.approve);
    made_.push_back(*done);
    return {};
  }

  std::vector<std::string> waiting(const json& holds) const {
    std::vector<std::string> ids;
    for (const auto& h : member(holds, "list"))
      if ((options_.approve || member(h, "rejected") != true) && !tried_.contains(text_at(h, "id")))
        ids.push_back(text_at(h, "id"));
    return ids;
  }

  const decide_options& options_;
  api_client& client_;
  std::set<std::string> tried_;
  json made_ = json::array();
};

}  // namespace

int decide(const decide_options& options) {
  const auto format = options.client.common.output;
  auto client = api_client::open(options.client);
  if (!client) return failed(options.approve ? "approve" : "reject", client.error());
  decisions about(options, *client);
  auto holds = client->get("/v1/holds");
  if (!holds) return failed(about.word(), holds.error());
  if (options.id.empty() && !options.all) {
    print_holds(*holds, format);
    return 0;
  }
  if (!options.all) {
    if (const auto done = about.one(options.id); !done) return failed(about.word(), done.error());
    if (format == output_format::json) print_json(about.made().front());
    return 0;
  }
  const bool well = about.all(*std::move(holds));
  if (format == output_format::json)
    print_json(about.made());
  else if (well && about.made().empty())
    std::cout << "nothing is held\n";
  return well ? 0 : 1;
}

}  // namespace switchyard::cli
