#include "actors/refusal_log.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace switchyard::actors {

std::vector<std::string> refusal_log::lines(const std::string& provider,
                                            const model::report& report, std::size_t most) {
  auto& known = known_[provider];
  std::map<std::string, refusal_known> now;
  std::vector<std::string> result;
  std::size_t unsaid = 0;
  for (const auto& refused : report.refused) {
    const auto before = known.find(refused.key);
    bool said = before != known.end() && before->second.said &&
                before->second.what.reason == refused.reason;
    if (!said && result.size() < most) {
      result.push_back(line(refused));
      said = true;
    } else if (!said) {
      ++unsaid;
    }
    if (now.size() < capacity_) now[refused.key] = {refused, said};
  }
  if (unsaid > 0)
    result.push_back("refused " + base::counted(unsaid, "more object") +
                     ", to be named with the next reconciles");
  if (report.full) {
    known = std::move(now);
  } else {
    std::erase_if(known, [&](const auto& entry) { return report.settles(entry.second.what); });
    for (auto& [key, value] : now)
      if (known.size() < capacity_ || known.contains(key)) known[key] = std::move(value);
  }
  return result;
}

std::vector<std::string> refusal_log::further(const std::string& provider, std::size_t most) {
  std::vector<std::string> result;
  const auto known = known_.find(provider);
  if (known == known_.end()) return result;
  for (auto& [key, value] : known->second) {
    if (result.size() == most) break;
    if (!std::exchange(value.said, true)) result.push_back(line(value.what));
  }
  return result;
}

std::string refusal_log::line(const model::refusal& what) {
  return "refused " + what.key + ": " + what.reason;
}

std::size_t refusal_log::count(const std::string& provider) const {
  const auto known = known_.find(provider);
  return known == known_.end() ? 0 : known->second.size();
}

std::vector<model::refusal> refusal_log::first(const std::string& provider,
                                               std::size_t most) const {
  std::vector<model::refusal> result;
  const auto known = known_.find(provider);
  if (known == known_.end()) return result;
  for (const auto& [key, value] : known->second) {
    if (result.size() == most) break;
    result.push_back(value.what);
  }
  return result;
}

void refusal_log::keep_only(const std::vector<std::string>& providers) {
  std::erase_if(known_, [&](const auto& entry) {
    return std::ranges::find(providers, entry.first) == providers.end();
  });
}

}  // namespace switchyard::actors
