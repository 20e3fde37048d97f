#include "actors/refusal_log.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace switchyard::actors {

std::vector<std::string> refusal_log::lines(const std::string& provider,
                                            const model::report& report, std::size_t most) {
  auto& told = told_[provider];
  std::map<std::string, std::string> now;
  std::vector<std::string> result;
  std::size_t unsaid = 0;
  for (const auto& [key, reason] : report.refused) {
    const auto known = told.find(key);
    const bool fresh = known == told.end() || known->second != reason;
    if (now.size() < capacity_) now[key] = reason;
    if (!fresh) continue;
    if (result.size() < most)
      result.push_back("refused " + key + ": " + reason);
    else
      ++unsaid;
  }
  if (unsaid > 0) result.push_back("refused " + base::counted(unsaid, "more object"));
  if (report.full) {
    told = std::move(now);
  } else {
    for (auto& [key, reason] : now)
      if (told.size() < capacity_ || told.contains(key)) told[key] = std::move(reason);
  }
  return result;
}

std::size_t refusal_log::count(const std::string& provider) const {
  const auto known = told_.find(provider);
  return known == told_.end() ? 0 : known->second.size();
}

std::vector<model::refusal> refusal_log::first(const std::string& provider,
                                               std::size_t most) const {
  std::vector<model::refusal> result;
  const auto known = told_.find(provider);
  if (known == told_.end()) return result;
  for (const auto& [key, reason] : known->second) {
    if (result.size() == most) break;
    result.push_back({key, reason});
  }
  return result;
}

void refusal_log::keep_only(const std::vector<std::string>& providers) {
  std::erase_if(told_, [&](const auto& entry) {
    return std::ranges::find(providers, entry.first) == providers.end();
  });
}

}  // namespace switchyard::actors
