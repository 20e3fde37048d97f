#include "api/router.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include "api/problem.hpp"

namespace switchyard::api {

namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

std::string listed(const std::set<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool is_parameter(const std::string& segment) {
  return segment.starts_with('{');
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::ranges::equal(pattern, path, [](const std::string& p, const std::string& s) {
    return is_parameter(p) ? !s.empty() : p == s;
  });
}

}  // namespace

void router::add(std::string_view method, std::string_view pattern, handler h,
                 std::set<std::string> query) {
  endpoints_.push_back(
      {std::string(method), std::string(pattern), split(pattern), std::move(h), std::move(query)});
}

/// The endpoints of the path; the parameters of the first are set.
std::vector<const router::endpoint*> router::at(request& r) const {
  const auto path = split(r.path);
  std::vector<const endpoint*> found;
  for (const auto& e : endpoints_)
    if (fits(e.segments, path)) found.push_back(&e);
  const auto loose = [](const endpoint* e) {
    return std::ranges::count_if(e->segments, is_parameter);
  };
  std::ranges::stable_sort(found, {}, loose);
  if (found.empty()) return found;
  const auto& pattern = found.front()->segments;
  std::erase_if(found, [&](const endpoint* e) { return loose(e) != loose(found.front()); });
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (is_parameter(pattern[i]))
      r.parameters[pattern[i].substr(1, pattern[i].size() - 2)] = path[i];
  return found;
}

reply router::dispatch(request r) const {
  if (!r.path.starts_with('/')) return problem(400, "the target must be a path");
  const auto found = at(r);
  if (found.empty())
    return problem(404, "there is nothing at " + model::quoted(r.path) +
                            "; /openapi.json lists what there is");
  const auto one = std::ranges::find(found, r.method, &endpoint::method);
  if (one == found.end()) {
    std::set<std::string> methods;
    for (const auto* e : found) methods.insert(e->method);
    const auto allow = listed(methods);
    auto refusal = problem(405, r.path + " takes " + allow);
    refusal.fields["Allow"] = allow;
    return refusal;
  }
  for (const auto& [name, value] : r.query)
    if (!(*one)->query.contains(name))
      return problem(400,
                     "there is no parameter " + model::quoted(name) + " here; " + r.path +
                         ((*one)->query.empty() ? " has none" : " has " + listed((*one)->query)));
  if (r.method == "GET" || r.method == "DELETE") r.made_out();  // no body of theirs is read
  try {
    return (*one)->answer(r);
  } catch (const std::exception& e) {
    if (on_exception_) on_exception_(r, e.what());
  }
  return problem(500, "an internal error; the log of switchyard has more");
}

}  // namespace switchyard::api
