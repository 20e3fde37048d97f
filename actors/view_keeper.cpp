#include "actors/view_keeper.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

namespace switchyard::actors {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto least_gap = 250ms;
constexpr auto longest_gap = 30s;
constexpr auto retry_gap = 5s;              // after a write or a removal that failed
constexpr std::size_t most_waiting = 1000;  // reports; a disk that hangs must not gather them
constexpr auto longest_lag = 10min;         // of the time in a file whose view does not change
constexpr int share = 20;                   // one part in so many of the time goes into writing

}  // namespace

view_keeper::view_keeper(std::string folder, observer_ptr seen_by)
    : folder_(std::move(folder)), seen_by_(std::move(seen_by)) {
  remove_leftover_views(folder_);
  thread_ = std::thread([this] { run(); });
}

view_keeper::~view_keeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  more_.notify_all();
  thread_.join();
}

// -- any thread

std::optional<kept_view> view_keeper::find(const std::string& provider) {
  fold_what_waits(longest_lag);
  const std::lock_guard lock(views_mutex_);
  const auto& e = known(provider);
  if (e.as_of == model::wall_time{}) return std::nullopt;
  return view_of(provider, e);
}

void view_keeper::take(const std::string& provider, report_ptr report,
                       std::optional<model::guard_memory> holds, model::wall_time now, bool at_once,
                       written then) {
  bool many = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({provider, std::move(report), std::move(holds), now, std::move(then)});
    many = waiting_.size() >= most_waiting;
    dirty_ = true;
    at_once_ = at_once_ || at_once;
  }
  if (many) fold_what_waits(longest_lag);
  more_.notify_all();
}

void view_keeper::keep_only(const std::vector<std::string>& providers) {
  fold_what_waits(longest_lag);
  std::vector<written> awaited;
  {
    const std::lock_guard lock(views_mutex_);
    std::set<std::string> wanted;
    for (const auto& p : providers) wanted.insert(view_file(folder_, p));
    // One that is being written now may have no file yet.
    std::erase_if(views_, [&](auto& v) {
      const auto file = view_file(folder_, v.first);
      if (wanted.contains(file)) return false;
      gone_.try_emplace(file);
      std::ranges::move(v.second.awaited, std::back_inserter(awaited));
      return true;
    });
    std::error_code none;
    for (const auto& found : fs::directory_iterator(folder_, none)) {
      const auto name = found.path().filename().string();
      if (name.starts_with("view-") && name.ends_with(".json") && !wanted.contains(found.path()))
        gone_.try_emplace(found.path());
    }
    if (gone_.empty()) return;
  }
  {
    const std::lock_guard lock(mutex_);
    dirty_ = at_once_ = true;
  }
  more_.notify_all();
  for (const auto& then : awaited) then();
}

// -- its own thread

void view_keeper::run() {
  using clock = std::chrono::steady_clock;
  clock::duration gap = least_gap;
  clock::time_point earliest{};
  for (;;) {
    const bool last = wait_for_work(gap, earliest);
    const auto started = clock::now();
    const bool all_removed = remove_files();
    fold_what_waits(last ? model::wall_time::duration(0) : longest_lag);
    const bool all_done = write_what_changed() && all_removed;
    const auto ended = clock::now();
    earliest = ended + least_gap;
    gap = std::clamp<clock::duration>(share * (ended - started), all_done ? least_gap : retry_gap,
                                      longest_gap);
    if (last) return;
    if (!all_done) want_another_turn();
  }
}

/// Whether it is the last time.
bool view_keeper::wait_for_work(std::chrono::steady_clock::duration gap,
                                std::chrono::steady_clock::time_point earliest) {
  std::unique_lock lock(mutex_);
  more_.wait(lock, [&] { return stopping_ || dirty_; });
  more_.wait_for(lock, gap, [&] { return stopping_ || at_once_; });
  // Holds that come and go without end are no reason to write without end.
  more_.wait_until(lock, earliest, [&] { return stopping_; });
  at_once_ = dirty_ = false;
  return stopping_;
}

void view_keeper::want_another_turn() {
  const std::lock_guard lock(mutex_);
  dirty_ = true;
}

/// Whether all could be removed; what could not is tried again, and nobody is measured by it.
bool view_keeper::remove_files() {
  const std::lock_guard lock(views_mutex_);
  for (auto at = gone_.begin(); at != gone_.end();) {
    auto& [file, told] = *at;
    std::error_code failed;
    fs::remove(file, failed);
    if (!failed) {
      at = gone_.erase(at);
      continue;
    }
    if (told != failed.message())
      seen_by_->say(spdlog::level::err, "file",
                    file + " of a provider that is gone cannot be removed: " + failed.message());
    told = failed.message();
    ++at;
  }
  return gone_.empty();
}

void view_keeper::fold_what_waits(model::wall_time::duration may_lag) {
  const std::lock_guard views(views_mutex_);
  std::deque<handed_over> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
  }
  for (auto& w : waiting) {
    auto& e = known(w.provider);
    const auto before = e.state.revision();
    if (w.report) {
      e.state.fold(w.provider, *w.report);
      e.as_of = w.now;
    }
    e.changed = e.changed || e.state.revision() != before || (w.holds && e.holds != *w.holds);
    if (w.holds) e.holds = *std::move(w.holds);
    if (w.then) e.awaited.push_back(std::move(w.then));
  }
  for (auto& [name, e] : views_) e.changed = e.changed || e.as_of - e.saved > may_lag;
}

/// Whether all could be written; what could not is tried again.
bool view_keeper::write_what_changed() {
  std::map<std::string, kept_view> changed;
  std::map<std::string, std::vector<written>> awaited;
  {
    const std::lock_guard lock(views_mutex_);
    for (auto& [name, e] : views_) {
      awaited[name] = std::exchange(e.awaited, {});
      if (!std::exchange(e.changed, false)) continue;
      changed.emplace(name, view_of(name, e));
      gone_.erase(
          view_file(folder_, name));  // or the new file would go in the place of the old one
      e.saved = e.as_of;
    }
  }
  bool all_written = true;
  for (const auto& [name, what] : changed) {
    const auto saved = save_view(view_file(folder_, name), what);
    if (note_outcome(name, saved ? "" : saved.error().message, awaited[name])) continue;
    all_written = false;
    awaited.erase(name);
  }
  for (const auto& [name, list] : awaited)
    for (const auto& then : list) then();
  return all_written;
}

/// `failure`: "" when it was written. Whether that was all: nobody is to be kept waiting.
bool view_keeper::note_outcome(const std::string& provider, const std::string& failure,
                               std::vector<written>& awaited) {
  const std::lock_guard lock(views_mutex_);
  const auto found = views_.find(provider);
  if (found == views_.end()) return true;
  auto& e = found->second;
  if (!failure.empty() && failure != e.failure)
    seen_by_->say(spdlog::level::err, "file",
                  "the last good view of provider " + provider + " cannot be kept: " + failure);
  e.failure = failure;
  if (failure.empty()) return true;
  e.changed = true;
  std::ranges::move(awaited, std::back_inserter(e.awaited));
  return false;
}

/// Read from its file the first time. With views_mutex_ held.
view_keeper::entry& view_keeper::known(const std::string& provider) {
  if (const auto found = views_.find(provider); found != views_.end()) return found->second;
  auto& e =
      views_.emplace(provider, entry{model::desired_state({provider}), {}, {}, {}, false, "", {}})
          .first->second;
  const auto file = view_file(folder_, provider);
  if (gone_.contains(file)) return e;
  auto kept = load_view(file);
  if (kept) {
    e.state.fold(provider, kept->view);
    e.holds = std::move(kept->holds);
    e.as_of = e.saved = kept->as_of;
  } else if (kept.error().kind != base::errc::not_found) {
    std::error_code failed;
    const bool unusable = kept.error().kind != base::errc::io;
    if (unusable) fs::rename(file, file + ".refused", failed);
    seen_by_->say(spdlog::level::err, "file",
                  kept.error().message + "; nothing of it is used" +
                      (unusable && !failed ? ", and it was moved to " + file + ".refused" : ""));
  }
  return e;
}

kept_view view_keeper::view_of(const std::string& provider, const entry& e) const {
  kept_view result;
  for (const auto& [name, value] : e.state.backends_of(provider))
    result.view.backends[name].value = value;
  result.view.routes = e.state.routes_of(provider);
  result.holds = e.holds;
  result.as_of = e.as_of;
  return result;
}

}  // namespace switchyard::actors
