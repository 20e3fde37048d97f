#include "base/resolver.hpp"

#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <iterator>
#include <list>
#include <optional>
#include <random>
#include <system_error>
#include <utility>

#include "base/backoff.hpp"
#include "base/connecting.hpp"
#include "base/resolver_channel.hpp"

namespace switchyard::base {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t most_in_flight = 64;
constexpr milliseconds soonest{1'000};

}  // namespace

/// The resolver's thread.
class resolver::loop {
 public:
  explicit loop(resolver& owner) : owner_(owner) {}
  ~loop() {
    ending_ = true;
    channels_.clear();  // calls back for each question that is open
  }
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  void run() {
    while (take_wishes()) {
      ask();
      wait();
    }
  }

 private:
  struct entry {
    clock::time_point due{};
    bool asked = false;
    backoff retry;
  };
  /// c-ares reads /etc/resolv.conf when a channel is made, so there is a new one now and then. The
  /// old one goes when its last question has ended: a name that nobody answers keeps it for long.
  struct line {
    polled_sockets sockets;  // of the channel, which they outlive
    channel_ptr channel;
    clock::time_point made{};
    std::size_t open = 0;  // questions
  };
  struct question {
    loop* asker;
    line* at;
    std::string name;
  };

  bool take_wishes() {
    owner_.waker_.clear();
    std::set<std::string> wanted, fresh;
    {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.stopping_) return false;
      if (!std::exchange(owner_.changed_, false)) return true;
      wanted = owner_.wanted_;
      fresh = std::exchange(owner_.fresh_, {});
    }
    std::erase_if(names_, [&](const auto& n) {
      const bool gone = !wanted.contains(n.first);
      if (gone) due_.erase({n.second.due, n.first});
      return gone;
    });
    const auto now = clock::now();
    for (const auto& name : fresh)
      if (wanted.contains(name)) ask_soon(name, now);
    return true;
  }

  /// Also a name that is followed: it may have gone and come again between two looks here.
  void ask_soon(const std::string& name, clock::time_point now) {
    const auto longest = std::max(owner_.options_.interval, soonest);
    auto& e = names_.try_emplace(name, entry{now, false, backoff({soonest, longest, longest * 4})})
                  .first->second;
    if (e.asked) return;
    due_.erase({e.due, name});
    e.due = now;
    due_.emplace(now, name);
  }

  void ask() {
    const auto now = clock::now();
    renew(now);
    // Those that wait longest first: a zone that does not answer must not keep others waiting.
    while (!due_.empty() && due_.begin()->first <= now && in_flight_ < most_in_flight) {
      const auto name = due_.extract(due_.begin()).value().second;
      names_.at(name).asked = true;
      if (channels_.back().channel)
        ask_for(name, channels_.back());
      else
        done(name, error{errc::unavailable, "the name servers of the settings cannot be used"});
    }
  }

  /// The channel to ask now is the last one.
  void renew(clock::time_point now) {
    if (!channels_.empty() && channels_.back().channel &&
        now - channels_.back().made <= owner_.options_.channel_age)
      return;
    std::erase_if(channels_, [](const line& l) { return l.open == 0; });
    auto& fresh = channels_.emplace_back();
    fresh.channel = make_channel(owner_.options_, fresh.sockets);
    fresh.made = now;
  }

  void ask_for(const std::string& name, line& at) {
    ++in_flight_;
    ++at.open;
    const auto hints = hints_of(owner_.options_);
    auto asked = std::make_unique<question>(question{this, &at, name});
    // May call back at once.
    ares_getaddrinfo(at.channel.get(), name.c_str(), nullptr, &hints, &loop::answered,
                     asked.release());
  }

  static void answered(void* argument, int status, int /*timeouts*/, ares_addrinfo* result) {
    const addrinfo_ptr found(result);
    const std::unique_ptr<question> asked(static_cast<question*>(argument));
    auto& self = *asked->asker;
    if (self.ending_) return;
    --self.in_flight_;
    --asked->at->open;
    self.done(asked->name, status == ARES_SUCCESS ? answer_of(*found) : failure_of(status));
  }

  void done(const std::string& name, const outcome<answer>& found) {
    const auto at = names_.find(name);
    // Not wanted any more; or again since, and asked for anew.
    if (at == names_.end() || !at->second.asked) return;
    auto& e = at->second;
    e.asked = false;
    const auto now = clock::now();
    if (found) {
      e.retry.reset();
      const auto& interval = owner_.options_.interval;
      const milliseconds ttl = found.value().ttl;
      e.due = now + (ttl.count() > 0 ? std::min(std::max(ttl, soonest), interval) : interval);
    } else {
      e.due = now + e.retry.failed(now, static_cast<std::uint32_t>(random_()));
    }
    due_.emplace(e.due, name);
    owner_.target_(name, found);
  }

  void wait() {
    std::vector<pollfd> polled{{owner_.waker_.fd(), POLLIN, 0}};
    std::vector<line*> of{nullptr};  // the channel of each
    for (auto& l : channels_)
      for (const auto& [fd, events] : l.sockets) {
        polled.push_back({fd, events, 0});
        of.push_back(&l);
      }
    ::poll(polled.data(), polled.size(), longest_wait());
    for (std::size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents == 0) continue;
      const bool writable = (polled[i].revents & POLLOUT) != 0;
      const bool readable = (polled[i].revents & ~POLLOUT) != 0;
      ares_process_fd(of[i]->channel.get(), readable ? polled[i].fd : ARES_SOCKET_BAD,
                      writable ? polled[i].fd : ARES_SOCKET_BAD);
    }
    for (auto& l : channels_)
      if (l.open > 0)
        ares_process_fd(l.channel.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // time-outs
  }

  /// In milliseconds, until something is due; -1: nothing is.
  int longest_wait() {
    std::optional<milliseconds> longest;
    const auto sooner = [&](milliseconds t) {
      t = std::max(t, milliseconds(0));
      longest = longest ? std::min(*longest, t) : t;
    };
    const auto now = clock::now();
    if (!due_.empty() && in_flight_ < most_in_flight)
      sooner(std::chrono::ceil<milliseconds>(due_.begin()->first - now));
    for (const auto& l : channels_) {
      timeval left{};
      if (l.channel && ares_timeout(l.channel.get(), nullptr, &left) != nullptr)
        sooner(milliseconds(left.tv_sec * 1000 + left.tv_usec / 1000 + 1));
    }
    return longest ? static_cast<int>(longest->count()) : -1;
  }

  resolver& owner_;
  std::list<line> channels_;
  std::map<std::string, entry> names_;
  std::set<std::pair<clock::time_point, std::string>> due_;  // those that are not asked for now
  std::size_t in_flight_ = 0;
  bool ending_ = false;
  std::mt19937 random_{std::random_device{}()};
};

resolver::resolver(options o, listener target)
    : options_(std::move(o)), target_(std::move(target)), thread_([this] { loop(*this).run(); }) {}

resolver::~resolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  waker_.notify();
  thread_.join();
}

void resolver::watch(std::set<std::string> names) {
  {
    const std::lock_guard lock(mutex_);
    std::ranges::set_difference(names, wanted_, std::inserter(fresh_, fresh_.end()));
    wanted_ = std::move(names);
    changed_ = true;
  }
  waker_.notify();
}

outcome<std::map<std::string, outcome<resolver::answer>>> resolve_once(
    const std::set<std::string>& names, const resolver::options& o, const wakeup* interrupt,
    const deadline& until) {
  std::map<std::string, outcome<resolver::answer>> found;
  std::mutex mutex;  // of `found`
  try {
    wakeup all_told;
    resolver asking(o, [&](const std::string& name, const outcome<resolver::answer>& answer) {
      const std::lock_guard lock(mutex);
      found.emplace(name, answer);
      if (found.size() == names.size()) all_told.notify();
    });
    asking.watch(names);
    const auto ended =
        names.empty() ? status() : await_ready(all_told.fd(), POLLIN, interrupt, until);
    if (!ended && ended.error().kind != errc::timeout) return ended.error();
  } catch (const std::system_error& failed) {
    return error{errc::io, failed.what()};
  }
  for (const auto& name : names)
    found.emplace(name, error{errc::timeout, "no name server answers in time"});
  return found;
}

}  // namespace switchyard::base
