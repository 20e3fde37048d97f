#include "model/document.hpp"

#include <utility>

#include "model/document_objects.hpp"
#include "model/document_text.hpp"

namespace switchyard::model {

namespace {

using nlohmann::json;

/// The valid name of an object whose other members may be anything.
std::optional<std::string> readable_name(const json& value) {
  problems ignored;
  object_reader reader(value, "", ignored);
  std::string name;
  read_name(reader, "name", name);
  if (ignored.empty()) return name;
  return {};
}

void refuse(report& into, const problems& found) {
  for (const auto& p : found) into.refused.push_back({p.pointer, p.message});
}

/// The servers of one backend, as they are read.
class server_list {
 public:
  server_list(backend_event& event, report& into) : event_(event), into_(into) {}

  void add(const json& value, const std::string& pointer, std::vector<server>& servers) {
    const auto name = readable_name(value);
    if (name && !seen_.insert(*name).second) {
      into_.refused.push_back(
          {pointer_to(pointer, "name"),
           "another server of this backend is named " + model::quoted(*name) + " already"});
      return;
    }
    problems found;
    if (auto read = decode_server(value, pointer, found)) {
      servers.push_back(std::move(*read));
      return;
    }
    refuse(into_, found);
    if (name) event_.refused_servers.insert(*name);
  }

 private:
  backend_event& event_;
  report& into_;
  std::set<std::string> seen_;
};

void decode_servers(const json& value, const std::string& pointer, backend& target,
                    backend_event& event, report& into) {
  problems found;
  object_reader reader(value, pointer, found);
  server_list list(event, into);
  const bool listed = reader.each("servers", [&](const json& entry, const std::string& place) {
    list.add(entry, place, target.servers);
  });
  event.servers_refused = !listed && reader.has("servers");
  refuse(into, found);
  sort_servers(target.servers);
}

/// Host and path of a route whose other members may be anything.
std::optional<std::pair<std::string, std::string>> readable_place(const json& value) {
  problems ignored;
  object_reader reader(value, "", ignored);
  std::string host;
  std::string path = "/";
  reader.read("host", host);
  reader.read("path", path);
  const auto canonical_host = canonical_route_host(host);
  const auto canonical_path = canonical_route_path(path);
  if (!ignored.empty() || !canonical_host || !canonical_path) return {};
  return std::pair(*canonical_host, *canonical_path);
}

class route_list {
 public:
  explicit route_list(report& into) : into_(into) {}

  void add(const json& value, const std::string& pointer) {
    const auto place = readable_place(value);
    if (place && !seen_.insert(*place).second) {
      into_.refused.push_back({pointer, "another route has the host " +
                                            model::quoted(place->first) + " and the path " +
                                            model::quoted(place->second) + " already"});
      return;
    }
    problems found;
    if (auto read = decode_route(value, pointer, found)) {
      into_.routes->push_back(std::move(*read));
      return;
    }
    refuse(into_, found);
    if (place) into_.refused_routes.insert(*place);
  }

 private:
  report& into_;
  std::set<std::pair<std::string, std::string>> seen_;
};

void check_count(problems& sink, const std::string& pointer, std::size_t count, std::size_t limit) {
  if (count > limit)
    sink.push_back(
        {pointer, "must be at most " + std::to_string(limit) + ", not " + std::to_string(count)});
}

std::size_t count_servers(const json& backends) {
  std::size_t count = 0;
  for (const auto& entry : backends)
    if (entry.is_object() && entry.contains("servers") && entry["servers"].is_array())
      count += entry["servers"].size();
  return count;
}

/// What makes a document unreadable as a whole.
problems document_problems(const json& document, const document_limits& limits) {
  problems found;
  object_reader reader(document, "", found);
  const auto list = [&](std::string_view key, std::size_t limit) {
    const auto* value = reader.member(key);
    if (value == nullptr) return false;
    if (!value->is_array())
      reader.fail(key, "must be a list");
    else
      check_count(found, reader.pointer(key), value->size(), limit);
    return true;
  };
  const bool backends = list("backends", limits.backends);
  const bool routes = list("routes", limits.routes);
  // An answer without either is more likely a broken source than one that became empty.
  if (reader.is_object() && !backends && !routes)
    found.push_back({"", "has neither \"backends\" nor \"routes\""});
  reader.finish();
  if (found.empty() && backends)
    check_count(found, "/backends", count_servers(document["backends"]), limits.servers);
  return found;
}

}  // namespace

void decode_backend(const json& value, const std::string& pointer, report& into) {
  problems naming;
  object_reader reader(value, pointer, naming);
  backend target;
  read_name(reader, "name", target.name);
  if (naming.empty() && into.backends.contains(target.name))
    reader.fail("name", "another backend is named " + model::quoted(target.name) + " already");
  if (!naming.empty()) return refuse(into, naming);

  problems found;
  backend_event event;
  object_reader members(value, pointer, found);
  members.member("name");
  members.member("servers");
  read_settings(members, target.settings, found);
  members.finish();
  if (!found.empty()) {
    event.settings_refused = true;
    target.settings = {};
  }
  refuse(into, found);
  decode_servers(value, pointer, target, event, into);
  auto name = target.name;
  event.value = std::make_shared<const backend>(std::move(target));
  into.backends.emplace(std::move(name), std::move(event));
}

base::outcome<report> decode_document(const json& document, const document_limits& limits) {
  if (const auto found = document_problems(document, limits); !found.empty())
    return base::error{base::errc::invalid, to_string(found)};
  report result;
  result.full = true;
  result.routes.emplace();
  problems none;  // both lists were checked above
  object_reader reader(document, "", none);
  reader.each("backends", [&](const json& value, const std::string& pointer) {
    decode_backend(value, pointer, result);
  });
  route_list routes(result);
  reader.each("routes",
              [&](const json& value, const std::string& pointer) { routes.add(value, pointer); });
  return result;
}

}  // namespace switchyard::model
