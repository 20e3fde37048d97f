#include "model/unread.hpp"

namespace switchyard::model {

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
