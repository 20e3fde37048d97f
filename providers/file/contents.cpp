#include "providers/file/contents.hpp"

#include <algorithm>
#include <utility>

#include "base/yaml.hpp"
#include "model/document.hpp"
#include "providers/quota_sink.hpp"

namespace switchyard::providers::file {

namespace {

using base::errc;
using nlohmann::json;

/// Like base::yaml_document; JSON has no positions but in its syntax errors.
base::outcome<base::yaml_document> parse(const std::string& file, const std::string& text,
                                         std::size_t depth) {
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    return base::error{errc::invalid, "1:1: the file is empty"};
  if (!file.ends_with(".json")) return base::parse_yaml(text, {.depth = depth});
  auto value = model::parse_json(text, {.depth = depth});
  if (!value) return value.error();
  return base::yaml_document{*std::move(value), {}};
}

std::string place_in(const base::yaml_document& document, const std::string& pointer) {
  if (document.positions.empty()) return {};
  const auto at = document.at(pointer);
  return " (line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ")";
}

/// The pointer of each backend by its name, of the first one when there are several.
std::map<std::string, std::string> backend_pointers(const json& document) {
  std::map<std::string, std::string> result;
  const auto list = document.find("backends");
  if (list == document.end()) return result;
  for (std::size_t i = 0; i < list->size(); ++i)
    if (const auto& value = (*list)[i]; value.is_object() && value.contains("name"))
      if (const auto& name = value["name"]; name.is_string())
        result.emplace(name.get<std::string>(), "/backends/" + std::to_string(i));
  return result;
}

/// File names go into messages and keys; they may hold anything but '/' and NUL.
std::string shown(const std::string& file) {
  auto text = model::quoted(file);
  const bool plain = text.size() == file.size() + 2 && text.compare(1, file.size(), file) == 0;
  return plain ? file : text;
}

}  // namespace

std::size_t contents::bytes_of(const std::string& file) const {
  const auto found = files_.find(file);
  return found == files_.end() ? 0 : found->second.text.size();
}

std::vector<std::string> contents::crowded_out() const {
  std::vector<std::string> names;
  for (const auto& [name, e] : files_)
    if (e.crowded_out) names.push_back(name);
  return names;
}

base::status contents::take(const std::string& file, const std::string& text, entry& target) const {
  if (text.size() + bytes_ - target.text.size() > most_bytes_)
    return base::error{errc::refused, shown(file) + ": " + too_many_bytes(most_bytes_).message};
  auto document = parse(file, text, depth_);
  if (!document) return base::error{errc::invalid, shown(file) + ":" + document.error().message};
  auto view = model::decode_document(document->value);
  if (!view) return base::error{errc::invalid, shown(file) + ": " + view.error().message};
  for (auto& r : view->refused) {
    r.reason += place_in(*document, r.key);
    r.key = shown(file) + ": " + r.key;
  }
  target.view = *std::move(view);
  target.pointers = backend_pointers(document->value);
  return {};
}

bool contents::set(const std::string& file, std::string text) {
  auto& target = files_[file];
  target.crowded_out = false;
  if (target.good && target.text == text) {
    target.fault.clear();
    return false;
  }
  if (const auto taken = take(file, text, target); !taken) {
    target.fault = taken.error().message;
    target.crowded_out = taken.error().kind == errc::refused;
    return false;
  }
  target.good = true;
  bytes_ = bytes_ - target.text.size() + text.size();
  target.text = std::move(text);
  target.fault.clear();
  return true;
}

void contents::fail(const std::string& file, std::string reason) {
  auto& target = files_[file];
  target.fault = shown(file) + ": " + std::move(reason);
  target.crowded_out = false;
}

bool contents::remove(const std::string& file) {
  bytes_ -= bytes_of(file);
  return files_.erase(file) > 0;
}

std::set<std::string> contents::files() const {
  std::set<std::string> names;
  for (const auto& f : files_) names.insert(f.first);
  return names;
}

bool contents::whole() const {
  return std::ranges::all_of(files_, [](const auto& f) { return f.second.good; });
}

std::vector<std::string> contents::faults() const {
  std::vector<std::string> list;
  for (const auto& f : files_)
    if (!f.second.fault.empty()) list.push_back(f.second.fault);
  return list;
}

void contents::merge_backends(model::report& into, const std::string& file, const entry& from,
                              std::map<std::string, std::string>& owners) {
  for (const auto& [name, event] : from.view.backends) {
    const auto [owner, first] = owners.emplace(name, file);
    if (first) {
      into.backends.emplace(name, event);
      continue;
    }
    const auto pointer = from.pointers.find(name);
    into.refused.push_back(
        {shown(file) + ": " + (pointer == from.pointers.end() ? "/backends" : pointer->second),
         "the backend " + model::quoted(name) + " is in " + shown(owner->second) +
             " already, the one in " + shown(file) + " is not used"});
  }
}

model::report contents::merge() const {
  model::report result;
  result.full = whole();
  result.routes.emplace();
  if (!result.full) result.gone_routes.emplace();
  std::map<std::string, std::string> owners;
  std::map<std::pair<std::string, std::string>, std::string> route_owners;
  for (const auto& [file, from] : files_) {
    if (!from.good) continue;
    result.refused.insert(result.refused.end(), from.view.refused.begin(), from.view.refused.end());
    merge_backends(result, file, from, owners);
    for (const auto& place : from.view.refused_routes)
      if (route_owners.emplace(place, file).second) result.refused_routes.insert(place);
    for (const auto& r : *from.view.routes) {
      const auto [owner, first] = route_owners.emplace(std::pair(r.host, r.path), file);
      if (first)
        result.routes->push_back(r);
      else
        result.refused.push_back({shown(file) + ": /routes",
                                  "the route of host " + model::quoted(r.host) + " and path " +
                                      model::quoted(r.path) + " is in " + shown(owner->second) +
                                      " already, the one in " + shown(file) + " is not used"});
    }
  }
  return result;
}

}  // namespace switchyard::providers::file
