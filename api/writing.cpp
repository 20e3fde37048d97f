#include "api/writing.hpp"

#include <charconv>

#include "api/problem.hpp"
#include "api/views.hpp"
#include "base/duration.hpp"

namespace switchyard::api {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds usual_wait = 5s;
constexpr std::chrono::milliseconds longest_wait = 60s;
constexpr std::size_t usual_limit = 200;
constexpr std::size_t largest_limit = 1000;

/// Without its quotes; "*" as it is. Nothing: it is no single ETag.
std::optional<std::string> tag_in(std::string_view field) {
  if (field == "*") return "*";
  if (field.starts_with("W/")) field.remove_prefix(2);
  if (field.size() < 3 || field.front() != '"' || field.back() != '"') return std::nullopt;
  const auto inside = field.substr(1, field.size() - 2);
  if (inside.find_first_of("\", ") != std::string_view::npos) return std::nullopt;
  return std::string(inside);
}

reply answer(const write_result& done, bool removed) {
  int status = done.applied ? 200 : 202;
  if (done.applied && done.done.created) status = 201;
  auto r = json_reply(view(done), status);
  if (!removed) r.fields["ETag"] = etag(done.done.version);
  return r;
}

}  // namespace

std::optional<std::chrono::milliseconds> wait_of(const request& r) {
  const auto given = r.query.find("wait");
  if (given == r.query.end()) return usual_wait;
  if (given->second == "0") return 0ms;
  const auto wait = base::parse_duration(given->second);
  if (!wait || *wait > longest_wait) return std::nullopt;
  return *wait;
}

std::string etag(const std::string& version) {
  return "\"" + version + "\"";
}

std::optional<std::size_t> limit_of(const request& r) {
  const auto given = r.query.find("limit");
  if (given == r.query.end()) return usual_limit;
  const auto& text = given->second;
  std::size_t limit = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return limit >= 1 && limit <= largest_limit ? std::optional(limit) : std::nullopt;
}

reply write(service& to, model::edit change, const request& r) {
  const auto wait = wait_of(r);
  if (!wait) return problem(400, wait_rule);
  if (const auto match = r.field("if-match"); !match.empty()) {
    change.if_match = tag_in(match);
    if (!change.if_match) return problem(400, "If-Match must be one ETag in quotes, or *");
  }
  if (const auto none = r.field("if-none-match"); !none.empty()) {
    if (none != "*") return problem(400, "If-None-Match must be * where something is written");
    change.if_absent = true;
  }
  const bool removed = change.what == model::edit::kind::remove_backend;
  r.made_out();
  const auto done = to.write(change, *wait);
  if (done) return answer(*done, removed);
  if (done.error().kind == base::errc::conflict) return problem(412, done.error().message);
  // What is kept on disk is damaged: not the client's fault.
  if (done.error().kind == base::errc::invalid) return problem(500, done.error().message);
  return problem(done.error());
}

}  // namespace switchyard::api
