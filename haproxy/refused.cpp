// What is desired and HAProxy does not take.

#include <string_view>

#include "haproxy/gateway.hpp"

namespace switchyard::haproxy {

gateway::names gateway::refused() const {
  names all;
  for (const auto& name : blames_.all())
    if (blamed(name)) all.insert(name);
  // Commands were refused; other ones may have made up for it since.
  names refusing;
  for (const auto& subject : told_.standing(about_step)) {
    constexpr std::string_view whole = "backend ";
    const auto rest =
        std::string_view(subject).substr(subject.starts_with(whole) ? whole.size() : 0);
    refusing.emplace(rest.substr(0, rest.find('/')));
  }
  for (const auto& backend : refusing)
    if (!all.contains(backend) && wants_commands(backend)) all.insert(backend);
  return all;
}

/// Of a server that is neither desired nor there nobody needs to know any more.
void gateway::forget_refusals(const std::string& backend) {
  const auto wanted = desired_.find(backend);
  const auto running = actual_.find(backend);
  told_.quiet_all(about_step + backend + "/", [&](const std::string& server) {
    return (!wanted || wanted->find(server) == nullptr) &&
           (running == actual_.end() || !running->second.servers.contains(server));
  });
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
