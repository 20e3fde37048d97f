#include "haproxy/preview.hpp"

#include <algorithm>
#include <utility>

#include "haproxy/config_store.hpp"
#include "haproxy/rehearsal.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::outcome;
using std::chrono::milliseconds;

// A reload that cannot be made is tried again and again: what has not come to an end by then waits.
constexpr std::chrono::seconds slack{5};

const base::error given_up{base::errc::unavailable, "the plan was given up before it was made"};

/// The backend that a command is about: "web" of `set server web/s1 …` and of
/// `set maxconn server web/s1 …`; "" for the map.
std::string backend_of(std::string_view line) {
  take_word(line);
  auto object = take_word(line);
  if (object == "map") return "";
  if (object == "maxconn") object = take_word(line);
  const auto target = take_word(line);
  return std::string(target.substr(0, target.find('/')));
}

/// Runs a gateway on the rehearsal, pass by pass, and collects.
class director {
 public:
  director(const gateway_settings& settings, const base::wakeup* interrupt)
      : settings_(settings), interrupt_(interrupt) {
    auto outside = std::make_unique<rehearsal>(settings.haproxy, interrupt);
    outside_ = outside.get();
    gateway_ = std::make_unique<gateway>(settings, std::move(outside));
  }

  base::status run(const apply_request& request) {
    apply_report report;
    if (auto started = gateway_->start(now_, report); !started) return started;
    if (interrupted()) return given_up;
    collect(report);
    report = gateway_->apply(request, now_);
    result_.reachable = report.reachable;
    collect(report);
    if (!report.reachable && outside_->unread()) return *outside_->unread();
    const auto end =
        begin_ + settings_.drain_timeout + settings_.haproxy.reload.min_interval + slack;
    for (auto next = gateway_->next_work(); report.reachable && next && *next <= end;
         next = gateway_->next_work()) {
      now_ = std::max(now_, *next);
      if (interrupted()) return given_up;
      report = gateway_->tick(now_);
      collect(report);
    }
    if (interrupted()) return given_up;
    if (outside_->unknown()) return *outside_->unknown();
    result_.waiting = std::move(report.waiting);
    compare_files();
    return {};
  }

  preview take() { return std::move(result_); }

 private:
  /// What the last pass did.
  void collect(const apply_report& report) {
    using deed = preview_step::deed;
    const auto& noted = outside_->noted();
    for (; seen_ < noted.size(); ++seen_) {
      const auto& n = noted[seen_];
      preview_step step;
      step.after = std::chrono::duration_cast<milliseconds>(now_ - begin_);
      step.what = n.what == rehearsed::deed::command  ? deed::command
                  : n.what == rehearsed::deed::reload ? deed::reload
                                                      : deed::start;
      if (step.what == deed::command) {
        step.command = n.line;
        step.backend = backend_of(n.line);
      }
      if (step.what == deed::reload) step.reasons = report.reload_reasons;
      result_.steps.push_back(std::move(step));
    }
    for (const auto& n : report.notices)
      if (n.level >= severity::warning &&
          std::ranges::none_of(result_.notices, [&](const auto& o) { return o.text == n.text; }))
        result_.notices.push_back(n);
  }

  void compare_files() {
    const auto& config = settings_.haproxy.config_file;
    compare_file(config, configuration_changes);
    compare_file(map_beside(config), line_changes);
  }

  template <class Changes>
  void compare_file(const std::string& path, Changes changes_of) {
    const auto after = outside_->written().text(path);
    if (!after) return;
    const auto before = base::files_on_disk().read(path, largest_config_file);
    if (before && *before == *after) return;
    auto changes = changes_of(before ? std::string_view(*before) : std::string_view(), *after);
    if (before && changes.empty()) return;
    result_.files.push_back({path, std::move(changes)});
  }

  /// What came of checks that were cut short is no answer.
  bool interrupted() const {
    if (interrupt_ == nullptr) return false;
    const auto told = base::wait_readable(interrupt_->fd(), base::deadline(milliseconds(0)));
    return told && *told;
  }

  const gateway_settings& settings_;
  const base::wakeup* interrupt_;
  rehearsal* outside_ = nullptr;  // the gateway's
  std::unique_ptr<gateway> gateway_;
  const gateway::time_point begin_ = std::chrono::steady_clock::now();
  gateway::time_point now_ = begin_;
  std::size_t seen_ = 0;
  preview result_;
};

}  // namespace

std::vector<reload_reason> preview::reload_reasons() const {
  std::vector<reload_reason> all;
  for (const auto& step : steps) all.insert(all.end(), step.reasons.begin(), step.reasons.end());
  all.insert(all.end(), waiting.begin(), waiting.end());
  return all;
}

outcome<preview> preview_of(const gateway_settings& settings, const apply_request& request,
                            const base::wakeup* interrupt) {
  director rehearsed_by(settings, interrupt);
  if (auto ran = rehearsed_by.run(request); !ran) return ran.error();
  return rehearsed_by.take();
}

}  // namespace switchyard::haproxy
