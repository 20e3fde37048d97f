// What is desired and HAProxy does not take.

#include "haproxy/gateway.hpp"

namespace switchyard::haproxy {

gateway::names gateway::refused() const {
  names all;
  for (const auto& name : blames_.all())
    if (blamed(name)) all.insert(name);
  // "backend/server", of a command that was refused; other ones may have made up for it since.
  for (const auto& subject : told_.standing(about_step)) {
    auto backend = subject.substr(0, subject.find('/'));
    if (wants_commands(backend)) all.insert(std::move(backend));
  }
  return all;
}

bool gateway::wants_commands(const std::string& name) const {
  const auto wanted = desired_.find(name);
  const auto* const r = rendered_.find(name);
  const auto running = actual_.find(name);
  if (!wanted || r == nullptr || running == actual_.end()) return false;
  return !plan_backend(*wanted, &running->second, r->text, r->options, std::nullopt,
                       arrival_in(*wanted))
              .steps.empty();
}

}  // namespace switchyard::haproxy
