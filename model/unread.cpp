#include "model/unread.hpp"

namespace switchyard::model {

bool unread::covers(const std::string& server) const {
  if (settings || servers || by_name.contains(server)) return true;
  const auto dash = server.rfind('-');  // no address has one
  return dash != std::string::npos && of_addresses.contains(server.substr(0, dash)) &&
         canonical_ip(server.substr(dash + 1)).has_value();
}

unread unread_after(const unread& before, const backend_ptr& current, const backend_event& event) {
  unread now;
  if (!event.value) return now;
  now.settings = event.settings_refused && !current;
  now.servers = event.servers_refused && (!current || before.servers);
  if (event.servers_refused && current) now.by_name = before.by_name;
  for (const auto& name : event.refused_servers)
    if (event.value->find(name) == nullptr && (!current || current->find(name) == nullptr))
      now.by_name.insert(name);
  return now;
}

}  // namespace switchyard::model
