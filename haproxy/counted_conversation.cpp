#include "haproxy/counted_conversation.hpp"

#include "haproxy/certificate_commands.hpp"

namespace switchyard::haproxy {

std::vector<base::status> counted_conversation::execute(std::span<const command> commands) {
  auto verdicts = inner_->execute(commands);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    auto& results = tally_[to_string(commands[i].kind)];
    if (verdicts[i])
      ++results.done;
    else if (verdicts[i].error().kind == base::errc::refused)
      ++results.refused;
    else
      ++results.lost;
  }
  return verdicts;
}

base::outcome<std::string> counted_conversation::execute_raw(std::string_view command) {
  auto reply = inner_->execute_raw(command);
  count(command, reply);
  return reply;
}

base::outcome<std::string> counted_conversation::execute_payload(std::string_view command,
                                                                 std::string_view payload) {
  auto reply = inner_->execute_payload(command, payload);
  count(command, reply);
  return reply;
}

void counted_conversation::count(std::string_view command,
                                 const base::outcome<std::string>& reply) {
  const auto* const known = find_certificate_command(command);
  if (known == nullptr) return;
  // What cannot be sent was not sent.
  if (!reply && reply.error().kind == base::errc::invalid) return;
  auto& results = tally_[known->name];
  if (!reply)
    ++results.lost;
  else if (known->confirmed_by(*reply))
    ++results.done;
  else
    ++results.refused;
}

std::map<std::string_view, std::uint64_t> done_since(const command_tally& before,
                                                     const command_tally& now) {
  std::map<std::string_view, std::uint64_t> result;
  for (const auto& [kind, results] : now) {
    const auto earlier = before.find(kind);
    const auto more = results.done - (earlier == before.end() ? 0 : earlier->second.done);
    if (more > 0) result[kind] = more;
  }
  return result;
}

}  // namespace switchyard::haproxy
