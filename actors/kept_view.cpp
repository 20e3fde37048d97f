#include "actors/kept_view.hpp"

#include <filesystem>
#include <optional>
#include <regex>
#include <set>
#include <utility>

#include "base/atomic_file.hpp"
#include "model/document.hpp"
#include "model/sealed_file.hpp"

namespace switchyard::actors {

namespace {

using base::errc;
using base::error;
using nlohmann::json;

constexpr int format_version = 1;

constexpr model::hold_cause causes[] = {model::hold_cause::share, model::hold_cause::route_share,
                                        model::hold_cause::last, model::hold_cause::last_route,
                                        model::hold_cause::last_server};

std::int64_t milliseconds(model::wall_time at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

model::wall_time time_at(std::int64_t value) {
  return model::wall_time(std::chrono::milliseconds(value));
}

json encode(const model::hold& h) {
  return {{"id", h.id},
          {"provider", h.provider},
          {"backend", h.backend},
          {"cause", to_string(h.cause)},
          {"lost", h.lost},
          {"of", h.of},
          {"since", milliseconds(h.since)},
          {"rejected", h.rejected},
          {"servers", h.servers},
          {"routes", h.routes},
          {"absent", h.absent}};
}

/// Throws what nlohmann::json throws for a document of another shape.
model::hold decode_hold(const json& from) {
  model::hold h;
  from.at("id").get_to(h.id);
  from.at("provider").get_to(h.provider);
  from.at("backend").get_to(h.backend);
  const auto word = from.at("cause").get<std::string>();
  for (const auto cause : causes)
    if (to_string(cause) == word) h.cause = cause;
  from.at("lost").get_to(h.lost);
  from.at("of").get_to(h.of);
  h.since = time_at(from.at("since").get<std::int64_t>());
  from.at("rejected").get_to(h.rejected);
  from.at("servers").get_to(h.servers);
  from.at("routes").get_to(h.routes);
  from.at("absent").get_to(h.absent);
  return h;
}

json document_of(const kept_view& what) {
  json backends = json::array(), holds = json::array();
  for (const auto& [name, event] : what.view.backends)
    backends.push_back(model::encode(*event.value));
  for (const auto& h : what.holds.holds) holds.push_back(encode(h));
  return {
      {"as_of", milliseconds(what.as_of)},
      {"view", {{"backends", std::move(backends)}, {"routes", model::encode(*what.view.routes)}}},
      {"holds", std::move(holds)},
      {"last_hold", what.holds.last_id}};
}

base::outcome<kept_view> decode(const std::string& file, const json& document) {
  kept_view result;
  try {
    result.as_of = time_at(document.at("as_of").get<std::int64_t>());
    document.at("last_hold").get_to(result.holds.last_id);
    for (const auto& h : document.at("holds")) result.holds.holds.push_back(decode_hold(h));
    auto view = model::decode_document(document.at("view"), model::no_limits);
    if (!view) return error{errc::invalid, file + " is damaged: " + view.error().message};
    if (!view->refused.empty())
      return error{errc::invalid, file + " is damaged: " + view->refused.front().key + ": " +
                                      view->refused.front().reason};
    result.view = std::move(view).value();
    result.view.full = false;
  } catch (const json::exception& e) {
    return error{errc::invalid, file + " is damaged: " + e.what()};
  }
  return result;
}

}  // namespace

std::string view_file(const std::string& folder, const std::string& provider) {
  return std::filesystem::path(folder) / ("view-" + provider + ".json");
}

void remove_leftover_views(const std::string& folder) {
  static const std::regex leftover(R"(\.(view-.+\.json)\.tmp-.{6})");
  std::set<std::string> names;
  std::error_code none;
  for (const auto& found : std::filesystem::directory_iterator(folder, none)) {
    const auto file = found.path().filename().string();
    if (std::smatch parts; std::regex_match(file, parts, leftover)) names.insert(parts[1]);
  }
  for (const auto& name : names) base::remove_leftovers(std::filesystem::path(folder) / name);
}

base::outcome<kept_view> load_view(const std::string& file) {
  const auto document = model::read_sealed(file, format_version);
  if (!document) return document.error();
  return decode(file, *document);
}

base::status save_view(const std::string& file, const kept_view& what) {
  return model::write_sealed(file, format_version, document_of(what));
}

}  // namespace switchyard::actors
