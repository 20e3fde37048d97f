#include "haproxy/counted_conversation.hpp"

namespace switchyard::haproxy {

std::vector<base::status> counted_conversation::execute(std::span<const command> commands) {
  auto verdicts = inner_->execute(commands);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    auto& results = tally_[commands[i].kind];
    if (verdicts[i])
      ++results.done;
    else if (verdicts[i].error().kind == base::errc::refused)
      ++results.refused;
    else
      ++results.lost;
  }
  return verdicts;
}

std::map<command_kind, std::uint64_t> done_since(const command_tally& before,
                                                 const command_tally& now) {
  std::map<command_kind, std::uint64_t> result;
  for (const auto& [kind, results] : now) {
    const auto earlier = before.find(kind);
    const auto more = results.done - (earlier == before.end() ? 0 : earlier->second.done);
    if (more > 0) result[kind] = more;
  }
  return result;
}

}  // namespace switchyard::haproxy
