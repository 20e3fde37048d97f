#include "providers/redis/follower.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <random>
#include <utility>

#include "base/duration.hpp"
#include "providers/redis/keys.hpp"
#include "providers/redis/session.hpp"

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;
using std::chrono::milliseconds;

/// What one MULTI or pipeline changed is told of at once, but may arrive in pieces. A second round
/// takes the rest; a third one only folds later changes while that is quick.
constexpr milliseconds longest_collection{20};
constexpr int most_rounds = 3;

bool lost(const error& e) {
  return e.kind != errc::refused;
}

}  // namespace

follower::follower(const config::redis_settings& settings, sentinels& masters,
                   const base::wakeup& stop, publisher& out)
    : settings_(settings),
      masters_(masters),
      stop_(stop),
      out_(out),
      flags_(settings.notifications),
      book_(settings.prefix) {}

bool follower::stopped() const {
  const auto notified = base::wait_readable(stop_.fd(), base::deadline(milliseconds(0)));
  return !notified || *notified;
}

base::status follower::run() {
  if (auto begun = begin(); !begun) return begun;
  while (!stopped() && !replaced_)
    if (auto done = step(); !done) return done;
  return {};
}

base::status follower::begin() {
  const auto where = parse_url(settings_.url);
  if (!where) return error{errc::invalid, "url: " + where.error().message};
  const auto at = master_of(settings_, masters_);
  if (!at) return at.error();
  at_ = *at;
  if (flags_.wanted())
    if (auto heard = subscribe(where->database); !heard) return heard;
  auto session = open_session(settings_, at_, &stop_);
  if (!session) return session.error();
  reader_ = std::make_unique<reader>(std::move(*session), settings_.prefix, settings_.timeout,
                                     settings_.max_bytes, [this] { return take_events(); });
  full_at_ = told_at_ = clock::now();
  return beat();
}

base::status follower::subscribe(std::uint32_t database) {
  auto session = open_session(settings_, at_, &stop_);
  if (!session) return session.error();
  events_ = std::make_unique<subscriber>(std::move(*session), settings_.timeout);
  auto subscribed = events_->subscribe(event_channel(database, settings_.prefix));
  if (subscribed || lost(subscribed.error())) return subscribed;
  flags_.unsubscribed(subscribed.error().message);
  events_.reset();
  return {};
}

base::status follower::step() {
  const auto now = clock::now();
  if (now >= beat_at_) return beat();
  // While Redis refuses to be read, only a full reading shows that it does so no more.
  if (failed_) hints_ = {};
  // What is due stays due until everything has been read indeed.
  if (now >= full_at_)
    ask_for_everything();
  else
    for (const auto& key : expiry_.take_due(now)) note({key});
  if (!hints_.empty()) return read();
  return wait(next_time());
}

follower::clock::time_point follower::next_time() const {
  const auto next = std::min(full_at_, beat_at_);
  return std::min(next, expiry_.next().value_or(next));
}

base::status follower::wait(clock::time_point until) {
  const auto longest = std::chrono::ceil<milliseconds>(until - clock::now());
  const base::deadline end(std::max(longest, milliseconds(0)));
  std::array<pollfd, 3> fds{{{stop_.fd(), POLLIN, 0},
                             {events_ ? events_->socket() : -1, POLLIN, 0},
                             {reader_->socket(), POLLIN, 0}}};
  const int n = ::poll(fds.data(), fds.size(), static_cast<int>(end.left().count()));
  if (n < 0 && errno != EINTR) return error{errc::io, "poll failed"};
  if (n <= 0) return {};
  // Nobody asked the reader's connection anything: it was closed, which a beat finds out.
  if (fds[2].revents != 0) beat_at_ = clock::now();
  return fds[1].revents != 0 ? take_events() : base::status();
}

base::status follower::take_events() {
  if (!events_) return {};
  const auto keys = events_->take();
  if (!keys) return keys.error();
  note(*keys);
  return {};
}

void follower::note(const std::vector<std::string>& keys) {
  if (!keys.empty() && hints_.empty()) told_at_ = clock::now();
  for (const auto& key : keys) {
    hints_.add(key);
    watched_touched_ = watched_touched_ || key == watched_;
  }
}

base::status follower::read() {
  const auto seen_at = told_at_;
  auto report = collect();
  if (!report) return failed(report.error());
  if (report->full) failed_ = false;
  report->seen_at = seen_at;
  if (report->full)
    full_at_ = clock::now() + (flags_.reliable() ? settings_.resync : settings_.interval);
  if (report->full || report->routes || !report->backends.empty() || !report->refused.empty() ||
      !report->gone_refusals.empty())
    out_.report(std::move(*report));
  if (!failed_) show_health();
  return {};
}

base::outcome<model::report> follower::collect() {
  bool full = false;
  const base::deadline until(longest_collection);
  for (int round = 0; round < most_rounds; ++round) {
    const auto wanted = std::exchange(hints_, {});
    full = full || wanted.everything;
    if (const auto done = wanted.everything ? read_everything() : read_named(wanted); !done)
      return done.error();
    if (const auto taken = take_events(); !taken) return taken.error();
    if (const auto explained = explain_disturbance(); !explained) return explained.error();
    if (failed_ && !full) hints_ = {};
    if (hints_.empty() || (round > 0 && until.passed())) break;
  }
  return full ? book_.everything() : book_.changes();
}

base::status follower::read_everything() {
  flags_.try_again();
  const auto names = reader_->names();
  if (!names) return names.error();
  // Watched from the first reading on: what replaces the database after that is noticed.
  if (watched_.empty() && flags_.reliable()) watch_another(*names);
  const auto when = clock::now();
  const auto read = reader_->read(*names);
  if (!read) return read.error();
  book fresh(settings_.prefix, settings_.max_depth);
  expiry times;
  for (const auto& [key, value] : *read) {
    fresh.put(key, value);
    times.set(key, value.expires_in, when);
  }
  book_ = std::move(fresh);
  expiry_ = std::move(times);
  read_at_ = when;
  return {};
}

base::status follower::read_named(const hints& wanted) {
  const auto when = clock::now();
  const auto read = reader_->read(wanted.keys);
  if (!read) return read.error();
  for (const auto& [key, value] : *read) {
    book_.put(key, value);
    expiry_.set(key, value.expires_in, when);
  }
  return {};
}

base::status follower::beat() {
  auto alive = try_connections();
  // From the answers on: where they take longer than a heartbeat, reading has its turn in between.
  beat_at_ = clock::now() + settings_.heartbeat;
  return alive;
}

base::status follower::try_connections() {
  const auto now = clock::now();
  if (events_)
    if (auto alive = events_->beat(now); !alive) return alive;
  if (watched_.empty() && flags_.reliable()) watch_another(book_.keys());
  const auto flags = flags_.question();
  std::vector<command> questions{{"DBSIZE"}};
  if (by_sentinels()) questions.push_back({"ROLE"});
  if (flags) questions.push_back(*flags);
  const auto answers = reader_->beat(questions);
  if (!answers) return failed(answers.error());
  judge_size(answers->front());
  if (by_sentinels())
    if (auto judged = judge_role((*answers)[1]); !judged) return judged;
  if (flags)
    if (auto judged = judge_flags(answers->back()); !judged) return judged;
  return explain_disturbance();
}

/// Nobody can watch what is not there: an empty database that is swapped for a filled one shows by
/// its size.
void follower::judge_size(const reply& answer) {
  if (answer.is != reply::type::integer || answer.integer == size_read_) return;
  if (book_.keys().empty() && clock::now() < read_at_ + settings_.interval) return;
  size_read_ = answer.integer;
  if (book_.keys().empty()) ask_for_everything();
}

base::status follower::judge_role(const reply& answer) {
  if (answer.list.empty()) return error{errc::unavailable, "ROLE: " + words_of(answer)};
  if (answer.list[0].text != "master")
    return error{errc::unavailable,
                 "Redis at " + to_string(at_) + " is not the master, as a failover leaves it"};
  replaced_ = !masters_.still(at_);
  return {};
}

void follower::ask_for_everything() {
  if (hints_.empty()) told_at_ = clock::now();
  hints_.add_everything();
}

base::status follower::judge_flags(const reply& answer) {
  const auto addition = flags_.heard(answer);
  if (!addition) return {};
  const auto added = reader_->beat({*addition});
  if (!added) return added.error();
  flags_.added(added->front());
  ask_for_everything();  // until now changes were not told of
  return {};
}

/// The watched key was touched, or is not there. If no event says so the database was emptied or
/// swapped.
base::status follower::explain_disturbance() {
  if (!reader_->take_disturbed()) return {};
  if (events_) {
    const auto keys = events_->take_all();
    if (!keys) return keys.error();
    note(*keys);
    if (auto taken = take_events(); !taken) return taken;
  }
  const bool expired = expiry_.passed(watched_, clock::now());
  if (!watched_touched_ && !expired) ask_for_everything();
  watched_.clear();
  watched_touched_ = false;
  reader_->watch({});
  return {};
}

void follower::watch_another(const std::set<std::string>& known) {
  if (known.empty()) return;
  watched_ = *std::next(known.begin(), static_cast<std::ptrdiff_t>(turn_++ % known.size()));
  watched_touched_ = false;
  reader_->watch(watched_);
}

base::status follower::failed(const error& why) {
  if (lost(why)) return why;
  const auto now = clock::now();
  // Keys that are due and heartbeats may be refused more often than a full reading is tried.
  if (!failed_ || now >= full_at_) full_at_ = now + retry_.failed(now, std::random_device()());
  failed_ = true;
  out_.degraded(why.message);
  return take_events();
}

void follower::show_health() {
  if (!flags_.wanted()) return out_.live();
  if (!flags_.reliable())
    return out_.degraded(flags_.why() + "; everything is read every " +
                         base::format_duration(settings_.interval) + " instead");
  out_.live(reader_->remarks());
}

}  // namespace switchyard::providers::redis
