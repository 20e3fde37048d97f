#include "providers/postgres/rows.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "model/document.hpp"
#include "model/document_text.hpp"
#include "providers/postgres/plain_row.hpp"
#include "providers/postgres/row_object.hpp"

namespace switchyard::providers::postgres {

namespace {

using base::errc;
using base::error;
using nlohmann::json;
using cell = std::optional<std::string>;

/// A part of a key as operators see it: plain where it cannot be misread.
std::string shown(const cell& part) {
  if (!part) return "NULL";
  const bool plain =
      !part->empty() && part->size() <= model::max_name && std::ranges::all_of(*part, [](char c) {
        return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != '(' && c != ')';
      });
  return plain ? *part : model::quoted(*part);
}

std::string key(std::string_view table_name, const cell& first) {
  return std::string(table_name) + '(' + shown(first) + ')';
}

std::string key(std::string_view table_name, const cell& first, const cell& second) {
  return std::string(table_name) + '(' + shown(first) + ", " + shown(second) + ')';
}

/// The kind and the key, in front of server_columns.
constexpr std::size_t key_cells = 3;

bool is_server_columns(const std::vector<cell>& row) {
  return row.size() == key_cells + server_columns.size() && row[0] == "c";
}

row_object server_row(const std::vector<cell>& row, std::size_t depth) {
  row_object object(depth);
  for (std::size_t i = 0; i < server_columns.size(); ++i)
    if (const auto& value = row[key_cells + i]) object.set(server_columns[i], *value);
  return object;
}

/// One backend while its rows come in.
struct gathered {
  std::string name;
  std::optional<json> settings_object;
  model::backend_settings settings;
  bool settings_refused = false;
  std::map<std::string, std::optional<model::server>> servers;  // nothing: refused
};

class gatherer {
 public:
  gatherer(layout of, bool with_routes, row_cache* cache, std::size_t depth)
      : layout_(of),
        with_routes_(with_routes),
        cache_(of == layout::tables ? cache : nullptr),
        depth_(depth) {}

  base::status add(const std::vector<cell>& row) {
    model::problems found;
    if (is_server_columns(row))
      return add_plain_server(row) ? base::status()
                                   : add_server_row(row, server_row(row, depth_), found);
    if (row.size() != row_columns || !row[0]) return error{errc::protocol, "unexpected rows"};
    if (add_known_server(row)) return {};
    const auto object = row_object::parse(row[3].value_or(""), depth_, found);
    if (*row[0] == "r")
      add_route(row[1], row[2], object, found);
    else if (*row[0] == "b")
      add_backend(row[1], object, found);
    else
      return add_server_row(row, object, found);
    return {};
  }

  model::report finish() &&;

 private:
  void refuse(std::string place, std::string reason) {
    report_.refused.push_back({std::move(place), std::move(reason)});
  }
  void refuse_settings(const std::string& name, std::string reason) {
    report_.refused.push_back({key("backends", name), std::move(reason), name});
  }
  void refuse_server(const gathered& target, const std::string& server, std::string place,
                     std::string reason) {
    report_.refused.push_back({std::move(place), std::move(reason), target.name, server});
  }
  void refuse_route(const cell& host, const cell& path, std::string reason) {
    report_.refused.push_back({key("routes", host, path), std::move(reason), "", "", true});
  }
  gathered& of(const std::string& backend) {
    auto& rows = backends_[backend];
    rows.name = backend;
    return rows;
  }
  gathered* backend(const cell& name, const std::string& place);
  void set_settings(gathered& target, const std::string& name, json object,
                    const model::problems& found);
  void add_backend(const cell& name, const row_object& row, model::problems& found);
  bool add_known_server(const std::vector<cell>& row);
  bool add_plain_server(const std::vector<cell>& row);
  base::status add_server_row(const std::vector<cell>& cells, const row_object& row,
                              model::problems& found);
  void enter(gathered& target, const std::string& server, std::optional<model::server> read,
             const std::string& place);
  void add_server(gathered& target, const std::string& place, const cell& name,
                  const row_object& row, model::problems& found);
  void add_route(const cell& host, const cell& path, const row_object& row, model::problems& found);
  void finish_routes();

  layout layout_;
  bool with_routes_;
  row_cache* cache_;
  std::size_t depth_;
  std::map<std::string, gathered> backends_;
  std::vector<model::route> routes_;
  model::report report_;
};

gathered* gatherer::backend(const cell& name, const std::string& place) {
  if (name && model::valid_name(*name)) return &of(*name);
  refuse(place, "the backend's name must be 1 to 128 of the characters A-Z a-z 0-9 _ . : -");
  return nullptr;
}

void gatherer::set_settings(gathered& target, const std::string& name, json object,
                            const model::problems& found) {
  auto problems = found;
  target.settings = model::decode_settings(object, "", problems);
  target.settings_object = std::move(object);
  if (problems.empty()) return;
  target.settings_refused = true;
  refuse_settings(name, reason_of(problems));
}

void gatherer::add_backend(const cell& name, const row_object& row, model::problems& found) {
  auto* const target = backend(name, key("backends", name));
  if (target == nullptr) return;
  auto object = row.settings("options", found);
  if (!target->settings_object) return set_settings(*target, *name, std::move(object), found);
  target->settings_refused = true;
  refuse_settings(*name, "more than one row has this name");
}

bool gatherer::add_known_server(const std::vector<cell>& row) {
  if (cache_ == nullptr || *row[0] != "s" || !row[1] || !row[2] || !row[3]) return false;
  const auto* known = cache_->find(*row[1], *row[2], *row[3]);
  if (known == nullptr) return false;
  enter(of(*row[1]), *row[2], *known, key("servers", row[1], row[2]));
  return true;
}

bool gatherer::add_plain_server(const std::vector<cell>& row) {
  if (layout_ != layout::tables || !row[1] || !row[2] || !model::valid_name(*row[1])) return false;
  auto server = plain_server(std::span(row).subspan(key_cells));
  if (!server || server->name != *row[2]) return false;
  enter(of(*row[1]), *row[2], std::move(server), key("servers", row[1], row[2]));
  return true;
}

base::status gatherer::add_server_row(const std::vector<cell>& cells, const row_object& row,
                                      model::problems& found) {
  const auto& name = cells[1];
  const auto& server = cells[2];
  const auto place = key("servers", name, server);
  if (layout_ == layout::tables) {
    auto* const target = backend(name, place);
    if (target == nullptr) return {};
    add_server(*target, place, server, row, found);
    const auto read = server ? target->servers.find(*server) : target->servers.end();
    const bool has_text = cells.size() == row_columns;
    if (cache_ != nullptr && has_text && read != target->servers.end() && read->second &&
        found.empty())
      cache_->put(*name, *server, cells[3].value_or(""), *read->second);
    return {};
  }
  const bool readable = found.empty();
  if (auto fault = row.query_fault(); readable && !fault.empty())
    return error{errc::invalid, fault};
  auto* const target = backend(name, place);
  if (target == nullptr) return {};
  if (!readable) {
    // Its settings may be the only ones of this backend.
    target->settings_refused = true;
    add_server(*target, place, server, row, found);
    return {};
  }
  model::problems settings_problems;
  auto object = row.settings("backend_options", settings_problems);
  if (!target->settings_object)
    set_settings(*target, *name, std::move(object), settings_problems);
  else if (*target->settings_object != object)
    found.push_back({"",
                     "mode, balance, protocol or backend_options differ from those of another "
                     "row of this backend"});
  if (server || !found.empty()) add_server(*target, place, server, row, found);
  return {};
}

void gatherer::add_server(gathered& target, const std::string& place, const cell& name,
                          const row_object& row, model::problems& found) {
  const auto object = row.server(found);
  std::optional<model::server> read;
  if (found.empty()) read = model::decode_server(object, "", found);
  // Without a name nothing that comes later can tell that it is gone.
  if (!name || !model::valid_name(*name)) return refuse(place, reason_of(found));
  if (!found.empty()) refuse_server(target, *name, place, reason_of(found));
  enter(target, *name, std::move(read), place);
}

void gatherer::enter(gathered& target, const std::string& server, std::optional<model::server> read,
                     const std::string& place) {
  const auto [at, first] = target.servers.emplace(server, std::move(read));
  if (first) return;
  at->second.reset();
  refuse_server(target, server, place, "more than one row has this name");
}

void gatherer::add_route(const cell& host, const cell& path, const row_object& row,
                         model::problems& found) {
  const auto object = row.route(found);
  std::optional<model::route> read;
  if (found.empty()) read = model::decode_route(object, "", found);
  if (read) return routes_.push_back(std::move(*read));
  refuse_route(host, path, reason_of(found));
  const auto good_host = model::canonical_route_host(host.value_or(""));
  const auto good_path = model::canonical_route_path(path.value_or("/"));
  if (good_host && good_path) report_.refused_routes.emplace(*good_host, *good_path);
}

void gatherer::finish_routes() {
  std::ranges::sort(routes_);
  auto& kept = report_.routes.emplace();
  for (auto& route : routes_) {
    if (!kept.empty() && kept.back().host == route.host && kept.back().path == route.path)
      refuse_route(route.host, route.path,
                   "another route, to the backend " + kept.back().backend +
                       ", has this host and path already");
    else
      kept.push_back(std::move(route));
  }
}

model::report gatherer::finish() && {
  for (auto& [name, rows] : backends_) {
    model::backend value{
        name, rows.settings_refused ? model::backend_settings{} : rows.settings, {}};
    model::backend_event event;
    event.settings_refused = rows.settings_refused;
    for (auto& [server_name, server] : rows.servers) {  // by name, as backend::servers promises
      if (server)
        value.servers.push_back(std::move(*server));
      else
        event.refused_servers.insert(server_name);
    }
    event.value = std::make_shared<const model::backend>(std::move(value));
    report_.backends.emplace(name, std::move(event));
  }
  if (with_routes_) finish_routes();
  std::ranges::sort(report_.refused, {}, &model::refusal::key);
  return std::move(report_);
}

}  // namespace

base::outcome<model::report> decode_rows(const table& rows, layout of, bool with_routes,
                                         row_cache* cache, std::size_t depth) {
  std::vector<const std::vector<cell>*> ordered(rows.size());
  std::ranges::transform(rows, ordered.begin(), [](const auto& row) { return &row; });
  // Of `queries:` the first row says the settings of its backend. The database gives rows in the
  // order in which it keeps them, and every UPDATE changes that; so they are taken by their keys.
  if (of == layout::queries)
    std::ranges::sort(ordered, [](const auto* a, const auto* b) { return *a < *b; });
  gatherer all(of, with_routes, cache, depth);
  for (const auto* row : ordered)
    if (const auto added = all.add(*row); !added) return added.error();
  return std::move(all).finish();
}

}  // namespace switchyard::providers::postgres
