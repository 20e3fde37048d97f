#include "haproxy/pending_steps.hpp"

#include <utility>

#include "haproxy/limits.hpp"

namespace switchyard::haproxy {

std::vector<pending_step> relief_of(const model::backend_ptr& desired,
                                    const actual_backend& running) {
  std::vector<pending_step> steps;
  if (desired)
    for (auto& s : plan_relief(*desired, running)) steps.push_back({desired->name, std::move(s)});
  return steps;
}

}  // namespace switchyard::haproxy
