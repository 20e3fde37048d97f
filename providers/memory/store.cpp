#include "providers/memory/store.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "model/document.hpp"
#include "model/sealed_file.hpp"

namespace switchyard::providers::memory {

namespace {

using base::errc;
using base::error;
using model::edit;
using nlohmann::json;

constexpr int format_version = 1;

constexpr const char* remedy = "; restore it from a backup, or remove it to start empty";

error damaged(const std::string& file, const std::string& why) {
  return {errc::invalid, file + " is damaged: " + why + remedy};
}

json document_of(const holdings& all) {
  json backends = json::array();
  for (const auto& [name, backend] : all.backends) backends.push_back(model::encode(*backend));
  return {{"backends", std::move(backends)}, {"routes", model::encode(all.routes)}};
}

/// Nothing is wrong when the text is empty.
std::string condition_broken(const edit& change, bool there, const std::string& version,
                             const std::string& what) {
  if (change.if_absent && there) return what + " is there already";
  if (!change.if_match || (there && (*change.if_match == "*" || *change.if_match == version)))
    return "";
  if (!there) return what + " is not there";
  return what + " has changed since: it has the version " + version + " now";
}

std::string name_of(const edit& change) {
  return "the backend " + model::quoted(change.backend);
}

base::outcome<model::edited> put(const edit& change, const model::backend_ptr& before,
                                 holdings& all) {
  const bool same = before && *before == *change.value;
  if (!same) all.backends.insert_or_assign(change.backend, change.value);
  return model::edited{!before, !same, model::version_of(*change.value)};
}

base::outcome<model::edited> change_server(const edit& change, const model::backend& before,
                                           holdings& all) {
  auto next = std::make_shared<model::backend>(before);
  const auto server = std::ranges::find(next->servers, change.server, &model::server::name);
  if (server == next->servers.end())
    return error{errc::not_found,
                 name_of(change) + " has no server " + model::quoted(change.server)};
  server->weight = change.weight.value_or(server->weight);
  server->state = change.state.value_or(server->state);
  const bool changed = *next != before;
  const auto version = model::version_of(*next);
  if (changed) all.backends.insert_or_assign(change.backend, std::move(next));
  return model::edited{false, changed, version};
}

base::outcome<model::edited> put_routes(const edit& change, holdings& all) {
  const auto version = model::version_of(all.routes);
  if (const auto broken = condition_broken(change, true, version, "the list of routes");
      !broken.empty())
    return error{errc::conflict, broken};
  const bool changed = all.routes != change.routes;
  all.routes = change.routes;
  return model::edited{false, changed, model::version_of(all.routes)};
}

}  // namespace

base::outcome<holdings> load(const std::string& file) {
  const auto document = model::read_sealed(file, format_version);
  if (!document && document.error().kind == errc::not_found) return holdings{};
  if (!document && document.error().kind == errc::refused)
    return error{errc::invalid, document.error().message + "; remove it to start empty"};
  if (!document && document.error().kind == errc::invalid)
    return error{errc::invalid, document.error().message + remedy};
  if (!document) return document.error();
  auto report = model::decode_document(*document, model::no_limits);
  if (!report) return damaged(file, report.error().message);
  if (!report->refused.empty())
    return damaged(file, report->refused.front().key + ": " + report->refused.front().reason);
  holdings all;
  for (auto& [name, event] : report->backends) all.backends.emplace(name, event.value);
  all.routes = *std::move(report->routes);
  std::ranges::sort(all.routes);
  return all;
}

base::status save(const std::string& file, const holdings& all) {
  return model::write_sealed(file, format_version, document_of(all));
}

base::outcome<model::edited> carry_out(const edit& change, holdings& all) {
  if (change.what == edit::kind::put_routes) return put_routes(change, all);
  const auto at = all.backends.find(change.backend);
  const auto before = at == all.backends.end() ? nullptr : at->second;
  const auto version = before ? model::version_of(*before) : "";
  if (const auto broken = condition_broken(change, before != nullptr, version, name_of(change));
      !broken.empty())
    return error{errc::conflict, broken};
  if (change.what == edit::kind::put_backend) return put(change, before, all);
  if (!before) return error{errc::not_found, name_of(change) + " is not there"};
  if (change.what == edit::kind::change_server) return change_server(change, *before, all);
  all.backends.erase(at);
  return model::edited{false, true, ""};
}

model::report view(const holdings& all) {
  model::report full;
  full.full = true;
  for (const auto& [name, backend] : all.backends) full.backends[name].value = backend;
  full.routes = all.routes;
  full.seen_at = std::chrono::steady_clock::now();
  return full;
}

}  // namespace switchyard::providers::memory
