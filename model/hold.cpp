#include "model/hold.hpp"

#include "base/text.hpp"

namespace switchyard::model {

std::string_view to_string(hold_cause value) {
  switch (value) {
    case hold_cause::share:
      return "max_removed";
    case hold_cause::route_share:
      return "max_removed_routes";
    case hold_cause::last:
      return "last";
    case hold_cause::last_route:
      return "last_route";
    case hold_cause::last_server:
      return "last_server";
  }
  return "";
}

std::size_t hold::server_count() const {
  std::size_t n = 0;
  for (const auto& [of_backend, names] : servers) n += names.size();
  return n;
}

std::string what_of(const hold& h) {
  const auto whom = "provider " + h.provider + " would lose ";
  const auto share = std::to_string(h.lost) + " of ";
  switch (h.cause) {
    case hold_cause::share:
      return whom + share + base::counted(h.of, "server");
    case hold_cause::route_share:
      return whom + share + base::counted(h.of, "route");
    case hold_cause::last:
      return whom + "its last " + (h.lost == 1 ? "server" : base::counted(h.lost, "server"));
    case hold_cause::last_route:
      return whom + "its last " + (h.lost == 1 ? "route" : base::counted(h.lost, "route"));
    case hold_cause::last_server:
      return "backend " + h.backend + " of " + whom + "its last ready server";
  }
  return "";
}

std::string content_of(const hold& h) {
  std::string text;
  if (!h.servers.empty()) text = base::counted(h.server_count(), "server");
  if (!h.routes.empty())
    text += (text.empty() ? "" : " and ") + base::counted(h.routes.size(), "route");
  return text;
}

}  // namespace switchyard::model
