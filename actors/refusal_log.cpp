#include "actors/refusal_log.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace switchyard::actors {

namespace {

std::vector<std::string> lines_of_settled(const std::vector<std::string>& keys, std::size_t most) {
  std::vector<std::string> result;
  for (const auto& key : keys) {
    if (result.size() == most) {
      result.push_back(base::counted(keys.size() - most, "more object") +
                       ", refused before, mended or gone");
      break;
    }
    result.push_back(key + ", which was refused, is mended or gone");
  }
  return result;
}

}  // namespace

std::vector<std::string> refusal_log::replace(refused_of& known, refused_of now) {
  std::vector<std::string> settled;
  for (const auto& before : known.refused.by_key())
    if (now.refused.find(before.first) == nullptr && !known.unsaid.contains(before.first))
      settled.push_back(before.first);
  known = std::move(now);
  return settled;
}

/// Forgets what the changes settle, and takes what they refuse as far as there is room.
std::vector<std::string> refusal_log::change(refused_of& known, const model::report& changes,
                                             const refused_of& now) const {
  auto settled = known.refused.settle(changes);
  std::erase_if(settled, [&](const auto& key) {
    return known.unsaid.erase(key) > 0 || now.refused.find(key) != nullptr;
  });
  for (const auto& [key, list] : now.refused.by_key()) {
    if (known.refused.by_key().size() >= capacity_ && known.refused.find(key) == nullptr) continue;
    known.refused.put(key, list);
    known.unsaid.erase(key);
    if (now.unsaid.contains(key)) known.unsaid.insert(key);
  }
  return settled;
}

refusal_log::news refusal_log::take(const std::string& provider, const model::report& report,
                                    std::size_t most) {
  auto& known = known_[provider];
  refused_of now;
  news result;
  std::size_t unsaid = 0;
  std::set<std::string> uncounted;  // for which there is no room
  for (const auto& refused : report.refused) {
    const auto& key = refused.key;
    const auto* const before = known.refused.find(key);
    bool said = before != nullptr && !known.unsaid.contains(key) &&
                before->front().reason == refused.reason;
    if (!said && result.refused.size() < most) {
      result.refused.push_back(line(refused));
      said = true;
    } else if (!said) {
      ++unsaid;
    }
    if (now.refused.by_key().size() >= capacity_) {
      uncounted.insert(key);
      continue;
    }
    now.refused.put(key, {refused});
    if (said)
      now.unsaid.erase(key);
    else
      now.unsaid.insert(key);
  }
  if (unsaid > 0)
    result.refused.push_back("refused " + base::counted(unsaid, "more object") +
                             ", to be named with the next reconciles");
  auto settled = report.full ? replace(known, std::move(now)) : change(known, report, now);
  std::erase_if(settled, [&](const auto& gone) { return uncounted.contains(gone); });
  result.settled = lines_of_settled(settled, most);
  return result;
}

std::vector<std::string> refusal_log::further(const std::string& provider, std::size_t most) {
  std::vector<std::string> result;
  const auto known = known_.find(provider);
  if (known == known_.end()) return result;
  auto& [refused, unsaid] = known->second;
  while (result.size() < most && !unsaid.empty()) {
    const auto key = unsaid.extract(unsaid.begin()).value();
    if (const auto* const what = refused.find(key)) result.push_back(line(what->front()));
  }
  return result;
}

std::string refusal_log::line(const model::refusal& what) {
  return "refused " + what.key + ": " + what.reason;
}

std::size_t refusal_log::count(const std::string& provider) const {
  const auto known = known_.find(provider);
  return known == known_.end() ? 0 : known->second.refused.by_key().size();
}

std::vector<model::refusal> refusal_log::first(const std::string& provider,
                                               std::size_t most) const {
  std::vector<model::refusal> result;
  const auto known = known_.find(provider);
  if (known == known_.end()) return result;
  for (const auto& [key, list] : known->second.refused.by_key()) {
    if (result.size() == most) break;
    result.push_back(list.front());
  }
  return result;
}

void refusal_log::keep_only(const std::vector<std::string>& providers) {
  std::erase_if(known_, [&](const auto& entry) {
    return std::ranges::find(providers, entry.first) == providers.end();
  });
}

}  // namespace switchyard::actors
