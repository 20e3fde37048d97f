#include "actors/source_view.hpp"

#include <algorithm>
#include <set>

#include "actors/guarding.hpp"
#include "actors/kept_view.hpp"
#include "base/text.hpp"

namespace switchyard::actors {

namespace {

/// What is held of a view that was kept is held still; numbers are not given twice.
std::set<std::uint64_t> restore(const config::settings& settings, guarding& guard,
                                source_view& into) {
  std::vector<model::guard_memory> memories;
  std::set<std::uint64_t> numbers;
  model::guard_memory last;
  for (const auto& name : guard.guarded()) {
    auto kept = load_view(view_file(settings.state_dir, name));
    if (!kept && kept.error().kind != base::errc::not_found)
      into.notices.push_back(
          "what the guard would hold of provider " + name +
          " is not known, its last good view cannot be read: " + kept.error().message);
    if (!kept) continue;
    into.desired.fold(name, kept->view);
    last.last_id = std::max(last.last_id, kept->holds.last_id);
    for (const auto& h : kept->holds.holds) numbers.insert(h.id);
    memories.push_back(std::move(kept->holds));
  }
  guard.restore(last);
  for (const auto& memory : memories) guard.restore(memory);
  return numbers;
}

}  // namespace

source_view view_of_sources(const config::settings& settings,
                            const std::vector<std::pair<std::string, report_ptr>>& reports,
                            model::wall_time now) {
  source_view view{model::desired_state(config::provider_names(settings), settings.merge), {}, {}};
  guarding guard;
  guard.configure(settings);
  const auto numbers = restore(settings, guard, view);
  const model::name_book unresolved;  // names are compared as names
  for (const auto& [name, report] : reports) {
    const auto screened = guard.screen(name, view.desired, report, now, unresolved);
    if (screened.report)
      view.desired.fold(name, *screened.report);
    else
      view.notices.push_back(screened.news.front().text);
  }
  view.held = guard.list(guarding::named_in_list);
  for (auto& h : view.held.holds)
    if (!numbers.contains(h.id)) h.id = 0;
  return view;
}

std::string text_of_held(const api::hold_list& held) {
  std::string text;
  for (const auto& h : held.holds) {
    const auto number = h.id == 0 ? std::string() : std::to_string(h.id);
    text += (number.empty() ? "would be held" : "hold " + number) + ": " + h.what + "; " +
            base::counted(h.server_count, "server") +
            (h.route_count == 0 ? "" : " and " + base::counted(h.route_count, "route")) + " kept";
    if (h.rejected)
      text += ", as was decided";
    else if (!number.empty())
      text += " until `switchyard approve " + number + "`";
    text += '\n';
  }
  if (held.count > held.holds.size())
    text += "and " + base::counted(held.count - held.holds.size(), "hold") + " more\n";
  return text;
}

}  // namespace switchyard::actors
