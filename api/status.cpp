#include "api/status.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace switchyard::api {

std::string age_text(std::chrono::seconds age) {
  using namespace std::chrono;
  const auto count = [](auto value) {
    return std::to_string(std::max<std::int64_t>(0, value.count()));
  };
  if (age < 2min) return count(age) + " s";
  if (age < 2h) return count(duration_cast<minutes>(age)) + " min";
  if (age < 48h) return count(duration_cast<hours>(age)) + " h";
  return count(duration_cast<hours>(age) / 24) + " days";
}

std::vector<std::string> not_ready(const status& s) {
  std::vector<std::string> why;
  if (s.applies == 0) why.emplace_back("nothing has been applied yet");
  // With a last good state of any source the first apply is done; a source that is away is told of
  // as degraded then.
  if (std::ranges::none_of(s.providers, [](const auto& p) { return p.reported || p.last_good; }))
    why.emplace_back("no provider has reported yet");
  if (!s.haproxy.reachable) why.emplace_back("HAProxy does not answer");
  return why;
}

std::vector<std::string> degraded(const status& s) {
  std::vector<std::string> what;
  for (const auto& trouble : s.haproxy.troubles) what.push_back("HAProxy: " + trouble);
  for (const auto& p : s.providers) {
    if (p.state != "live")
      what.push_back("provider " + p.name + ": " + (p.reason.empty() ? p.state : p.reason));
    if (p.stale)
      what.push_back("provider " + p.name + ": is stale: what is served was last known to be so " +
                     age_text(p.stale_age) + " ago");
    if (p.last_good)
      what.push_back("provider " + p.name +
                     ": has not reported yet; its last good view is served, " +
                     age_text(p.last_good_age) + " old");
    else if (!p.reported)
      what.push_back("provider " + p.name + ": has not reported yet");
    if (p.refused > 0)
      what.push_back("provider " + p.name + ": " + base::counted(p.refused, "object") + " refused");
    if (p.collisions > 0)
      what.push_back("provider " + p.name + ": " + base::counted(p.collisions, "collision") +
                     " with what other providers name");
  }
  what.insert(what.end(), s.unresolved.begin(), s.unresolved.end());
  for (const auto& h : s.holds.holds)
    if (!h.rejected) what.push_back("hold " + std::to_string(h.id) + ": " + h.what);
  if (s.holds.count > s.holds.holds.size())
    what.push_back(std::to_string(s.holds.count) + " holds in all");
  return what;
}

}  // namespace switchyard::api
