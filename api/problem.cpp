#include "api/problem.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/redact.hpp"

namespace switchyard::api {

namespace {

/// A body of 1 MB may be wrong in hundreds of thousands of places.
constexpr std::size_t most_told = 100;

int status_for(base::errc kind) {
  switch (kind) {
    case base::errc::not_found:
      return 404;
    case base::errc::conflict:
    case base::errc::refused:
      return 409;
    case base::errc::invalid:
      return 422;
    case base::errc::timeout:
      return 504;
    case base::errc::unavailable:
      return 503;
    case base::errc::io:
    case base::errc::protocol:
      break;
  }
  return 500;
}

reply document(int status, const nlohmann::json& body) {
  reply result;
  result.status = status;
  result.type = "application/problem+json";
  // What clients send may be no UTF-8, and is quoted in answers.
  result.body = body.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return result;
}

nlohmann::json basics(int status, const std::string& detail) {
  return {{"type", "about:blank"},
          {"title", title_of(status)},
          {"status", status},
          {"detail", base::redact(detail)}};
}

}  // namespace

std::string_view title_of(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 21> titles{{
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  }};
  for (const auto& [code, title] : titles)
    if (code == status) return title;
  return "Error";
}

reply problem(int status, const std::string& detail) {
  return document(status, basics(status, detail));
}

reply invalid_value(const model::problems& problems) {
  const auto told = std::min(problems.size(), most_told);
  const model::problems first(problems.begin(),
                              problems.begin() + static_cast<std::ptrdiff_t>(told));
  auto detail = model::to_string(first);
  if (told < problems.size()) detail += "; and " + std::to_string(problems.size() - told) + " more";
  auto body = basics(422, detail);
  auto& errors = body["errors"] = nlohmann::json::array();
  for (const auto& p : first) errors.push_back({{"pointer", p.pointer}, {"detail", p.message}});
  return document(422, body);
}

reply problem(const base::error& why) {
  return problem(status_for(why.kind), why.message);
}

}  // namespace switchyard::api
