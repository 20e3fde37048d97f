#pragma once

// For providers that read their source as a whole.
//
// Threading: free function.

#include <string>

#include "base/outcome.hpp"
#include "model/event.hpp"

namespace switchyard::providers {

/// Of a full view, one backend; its value is nullptr when the view has none of that name.
inline base::outcome<model::report> one_backend(const base::outcome<model::report>& all,
                                                const std::string& name) {
  if (!all) return all.error();
  model::report one;
  one.seen_at = all->seen_at;
  const auto found = all->backends.find(name);
  one.backends[name] = found == all->backends.end() ? model::backend_event{} : found->second;
  return one;
}

}  // namespace switchyard::providers
