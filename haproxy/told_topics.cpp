#include "haproxy/told_topics.hpp"

#include <iterator>

namespace switchyard::haproxy {

bool told_topics::news(const std::string& topic, const std::string& text, bool trouble) {
  const auto known = last_.find(topic);
  if (known == last_.end() && last_.size() >= most && !trouble) return true;
  auto& last = known == last_.end() ? last_[topic] : known->second;
  last.trouble = trouble;
  if (last.text == text) return false;
  last.text = text;
  return true;
}

std::vector<std::string> told_topics::troubles() const {
  std::vector<std::string> standing;
  for (const auto& [topic, what] : last_)
    if (what.trouble && standing.size() < most_troubles) standing.push_back(what.text);
  return standing;
}

std::vector<std::string> told_topics::standing(std::string_view start) const {
  std::vector<std::string> rests;
  for (auto at = last_.lower_bound(std::string(start));
       at != last_.end() && at->first.starts_with(start); ++at)
    rests.push_back(at->first.substr(start.size()));
  return rests;
}

void told_topics::quiet_all(const std::string& start,
                            const std::function<bool(const std::string&)>& ended) {
  for (auto at = last_.lower_bound(start); at != last_.end() && at->first.starts_with(start);)
    at = ended(at->first.substr(start.size())) ? last_.erase(at) : std::next(at);
}

}  // namespace switchyard::haproxy
