#include "providers/postgres/follower.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "base/duration.hpp"
#include "providers/postgres/session.hpp"

namespace switchyard::providers::postgres {

namespace {

using base::errc;
using std::chrono::milliseconds;

/// A transaction's notifications may come in pieces, but all of them come before the answer to what
/// is asked after the first. Hence a second round takes the rest of that transaction, always; a
/// third one only folds later transactions while that is quick.
constexpr milliseconds longest_collection{20};
constexpr int most_rounds = 3;

constexpr milliseconds longest_beat{5000};

/// Before it is tried again whether notifications arrive: one slow moment must not mean polling for
/// as long as `resync`, which may be a day.
constexpr std::chrono::seconds longest_without_notifications{60};

/// While the database refuses to be read, notifications bring the next try forward, but at least
/// as long as the last one took passes in between.
constexpr milliseconds least_rest{250};

bool lost(const base::error& e) {
  return e.kind == errc::unavailable || e.kind == errc::timeout || e.kind == errc::io;
}

}  // namespace

follower::follower(const config::postgres_settings& settings, const reader& reader,
                   const base::wakeup& stop, publisher& out)
    : settings_(settings), reader_(reader), stop_(stop), out_(out) {}

bool follower::stopped() const {
  const auto notified = base::wait_readable(stop_.fd(), base::deadline(milliseconds(0)));
  return !notified || *notified;
}

base::status follower::run() {
  if (auto begun = begin(); !begun) return begun;
  while (!stopped()) {
    // A standby may have been promoted, a pooler replaced: only a new session shows it.
    if (settings_.listen && !listens() && clock::now() >= resubscribe_at_) return {};
    if (auto done = step(); !done) return done;
  }
  return {};
}

base::status follower::begin() {
  auto opened = open_session(settings_, &stop_);
  if (!opened) return opened.error();
  session_ = std::move(*opened);
  if (settings_.listen) {
    const auto subscribed = subscribe(settings_, *session_, &stop_, hints_);
    if (!subscribed) return subscribed.error();
    why_not_ = subscribed->reason;
  }
  if (listens()) {
    const auto set = session_->query(reader_.session_settings(), settings_.query_timeout);
    if (!set) return set.error();
    session_->keep_statements();
  }
  const auto now = clock::now();
  told_at_ = now;
  full_at_ = now;
  beat_at_ = now + settings_.heartbeat;
  resubscribe_at_ = now + std::min<milliseconds>(settings_.resync, longest_without_notifications);
  return {};
}

base::status follower::step() {
  const auto now = clock::now();
  const auto all_at = failed_ && !hints_.empty() ? rest_until_ : full_at_;
  if (now >= all_at) {
    if (hints_.empty()) told_at_ = now;
    hints_.everything = true;
  }
  if (!hints_.empty() && (!failed_ || now >= all_at)) return read();
  if (now >= beat_at_) return beat();
  return wait(std::min(all_at, beat_at_));
}

base::status follower::wait(clock::time_point until) {
  const auto longest = std::chrono::ceil<milliseconds>(until - clock::now());
  const auto woken = base::wait_either(session_->socket(), stop_, longest);
  if (!woken) return woken.error();
  if (*woken == base::woken::readable) return take_notifications();
  return {};
}

base::status follower::take_notifications() {
  const auto payloads = session_->notifications();
  if (!payloads) return payloads.error();
  if (!payloads->empty() && hints_.empty()) told_at_ = clock::now();
  for (const auto& payload : *payloads) hints_.add(payload);
  return {};
}

base::status follower::read() {
  const auto seen_at = told_at_;
  const auto began = clock::now();
  auto report = collect();
  const auto now = clock::now();
  beat_at_ = now + settings_.heartbeat;
  if (!report) return refused(report.error(), began);
  failed_ = false;
  report->seen_at = seen_at;
  if (report->full) full_at_ = now + (listens() ? settings_.resync : settings_.interval);
  out_.report(std::move(*report));
  show_health();
  return {};
}

base::status follower::refused(const base::error& why, clock::time_point began) {
  if (lost(why)) return why;
  const auto now = clock::now();
  failed_ = true;
  hints_ = {};
  rest_until_ = now + std::max<clock::duration>(least_rest, now - began);
  full_at_ = std::max(rest_until_, now + retry_.failed(now, std::random_device()()));
  out_.degraded(why.message);
  return take_notifications();
}

base::outcome<model::report> follower::collect() {
  model::report collected;
  // Each session begins with a full read: what is known since then is this session's own.
  const last_views known = [&](const std::string& name) {
    const auto part = collected.backends.find(name);
    if (part != collected.backends.end()) return &std::as_const(part->second);
    return collected.full ? nullptr : out_.known(name);
  };
  const base::deadline until(longest_collection);
  for (int round = 0; round < most_rounds; ++round) {
    auto part = reader_.read(*session_, std::exchange(hints_, {}), &memory_, known);
    if (!part) return part;
    if (round == 0)
      collected = std::move(*part);
    else
      model::fold(collected, std::move(*part));
    // The answer may have brought notifications along, which the socket does not show any more.
    if (const auto taken = take_notifications(); !taken) return taken.error();
    if (hints_.empty() || (round > 0 && until.passed())) break;
  }
  return collected;
}

base::status follower::beat() {
  const auto answer = session_->query("SELECT 1", std::min(settings_.query_timeout, longest_beat));
  if (!answer) return answer.error();
  beat_at_ = clock::now() + settings_.heartbeat;
  return take_notifications();
}

std::string follower::slower_by_rows() const {
  return "changed servers are read as whole rows, which is slower (" + memory_.without_columns +
         "); a table with all columns of `switchyard sql` is read faster from the next connection "
         "on";
}

void follower::show_health() {
  if (why_not_.empty()) return out_.live(memory_.without_columns.empty() ? "" : slower_by_rows());
  out_.degraded(why_not_ + "; everything is read every " +
                base::format_duration(settings_.interval) + " instead");
}

}  // namespace switchyard::providers::postgres
