#include "base/resolver.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <random>
#include <utility>

#include "base/backoff.hpp"

namespace switchyard::base {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t most_in_flight = 64;
constexpr milliseconds soonest{1'000};
// c-ares reads /etc/resolv.conf when a channel is made.
constexpr seconds channel_lasts{30};

struct channel_deleter {
  void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
};
using channel_ptr = std::unique_ptr<ares_channeldata, channel_deleter>;

struct addrinfo_deleter {
  void operator()(ares_addrinfo* found) const { ares_freeaddrinfo(found); }
};

int family_of(resolver::family wanted) {
  switch (wanted) {
    case resolver::family::ipv4:
      return AF_INET;
    case resolver::family::ipv6:
      return AF_INET6;
    case resolver::family::any:
      break;
  }
  return AF_UNSPEC;
}

channel_ptr make_channel(const resolver::options& o) {
  ares_options settings{};
  settings.timeout = static_cast<int>(o.timeout.count());
  settings.tries = static_cast<int>(o.tries);
  ares_channel channel = nullptr;
  if (ares_init_options(&channel, &settings, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS)
    return nullptr;
  channel_ptr made(channel);
  if (!o.servers.empty() && ares_set_servers_ports_csv(channel, o.servers.c_str()) != ARES_SUCCESS)
    return nullptr;
  return made;
}

/// "" for what no server can have: HAProxy would send to the address that the client asked for.
std::string literal_of(const ares_addrinfo_node& node) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (node.ai_family == AF_INET) {
    sockaddr_in at{};
    std::memcpy(&at, node.ai_addr, sizeof at);
    if (at.sin_addr.s_addr == INADDR_ANY) return "";
    return ::inet_ntop(AF_INET, &at.sin_addr, text.data(), text.size());
  }
  if (node.ai_family != AF_INET6) return "";
  sockaddr_in6 at{};
  std::memcpy(&at, node.ai_addr, sizeof at);
  if (IN6_IS_ADDR_UNSPECIFIED(&at.sin6_addr)) return "";
  return ::inet_ntop(AF_INET6, &at.sin6_addr, text.data(), text.size());
}

error failure(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return {errc::not_found, "there is no such name"};
    case ARES_ENODATA:
      return {errc::not_found, "it has no address"};
    case ARES_ETIMEOUT:
      return {errc::timeout, "no name server answers in time"};
    case ARES_ECONNREFUSED:
      return {errc::unavailable, "no name server can be reached"};
    default:
      return {errc::unavailable, ares_strerror(status)};
  }
}

}  // namespace

/// The resolver's thread.
class resolver::loop {
 public:
  explicit loop(resolver& owner) : owner_(owner) {}
  ~loop() {
    ending_ = true;
    channel_.reset();  // calls back for each question that is open
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
  struct question {
    loop* asker;
    std::string name;
  };

  bool take_wishes() {
    owner_.waker_.clear();
    std::set<std::string> wanted;
    {
      const std::lock_guard lock(owner_.mutex_);
      if (owner_.stopping_) return false;
      wanted = owner_.wanted_;
    }
    std::erase_if(names_, [&](const auto& n) { return !wanted.contains(n.first); });
    const auto longest = std::max(owner_.options_.interval, soonest);
    for (const auto& name : wanted)
      names_.try_emplace(name, entry{{}, false, backoff({soonest, longest, longest * 4})});
    return true;
  }

  void ask() {
    const auto now = clock::now();
    if (in_flight_ == 0 && (!channel_ || now - made_ > channel_lasts)) {
      channel_ = make_channel(owner_.options_);
      made_ = now;
    }
    for (const auto& [name, due] : due_at(now)) {
      auto& e = names_.at(name);
      if (!channel_) {
        done(name, {}, error{errc::unavailable, "the name servers of the settings cannot be used"});
        continue;
      }
      if (full(now)) return;
      e.asked = true;
      ++in_flight_;
      ares_addrinfo_hints hints{};
      hints.ai_family = family_of(owner_.options_.addresses);
      hints.ai_socktype = SOCK_STREAM;
      auto asked = std::make_unique<question>(question{this, name});
      // May call back at once.
      ares_getaddrinfo(channel_.get(), name.c_str(), nullptr, &hints, &loop::answered,
                       asked.release());
    }
  }

  /// Names that are due, those that wait longest first: a zone that does not answer must not keep
  /// the others waiting.
  std::vector<std::pair<std::string, clock::time_point>> due_at(clock::time_point now) const {
    std::vector<std::pair<std::string, clock::time_point>> all;
    for (const auto& [name, e] : names_)
      if (!e.asked && e.due <= now) all.emplace_back(name, e.due);
    std::ranges::stable_sort(all, {}, [](const auto& n) { return n.second; });
    return all;
  }

  /// Whether questions have to end first: there are many, or the channel is to be made anew.
  bool full(clock::time_point now) const {
    return in_flight_ >= most_in_flight || (in_flight_ > 0 && now - made_ > channel_lasts);
  }

  static void answered(void* argument, int status, int /*timeouts*/, ares_addrinfo* result) {
    const std::unique_ptr<ares_addrinfo, addrinfo_deleter> found(result);
    const std::unique_ptr<question> asked(static_cast<question*>(argument));
    auto& self = *asked->asker;
    if (self.ending_) return;
    --self.in_flight_;
    if (status != ARES_SUCCESS) return self.done(asked->name, {}, failure(status));
    answer addresses;
    int ttl = 0;
    for (const auto* node = found->nodes; node != nullptr; node = node->ai_next) {
      if (node->ai_ttl > 0) ttl = ttl == 0 ? node->ai_ttl : std::min(ttl, node->ai_ttl);
      auto text = literal_of(*node);
      if (!text.empty()) addresses.push_back(std::move(text));
    }
    if (addresses.empty()) return self.done(asked->name, {}, failure(ARES_ENODATA));
    self.done(asked->name, seconds(ttl), std::move(addresses));
  }

  void done(const std::string& name, milliseconds ttl, const outcome<answer>& found) {
    const auto at = names_.find(name);
    if (at == names_.end()) return;  // not wanted any more
    auto& e = at->second;
    e.asked = false;
    const auto now = clock::now();
    if (found) {
      e.retry.reset();
      const auto& interval = owner_.options_.interval;
      e.due = now + (ttl.count() > 0 ? std::min(std::max(ttl, soonest), interval) : interval);
    } else {
      e.due = now + e.retry.failed(now, static_cast<std::uint32_t>(random_()));
    }
    owner_.target_(name, found);
  }

  void wait() {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    std::vector<pollfd> polled{{owner_.waker_.fd(), POLLIN, 0}};
    if (channel_) {
      const auto bits = static_cast<unsigned>(
          ares_getsock(channel_.get(), sockets.data(), static_cast<int>(sockets.size())));
      for (unsigned i = 0; i < sockets.size(); ++i) {
        const bool reads = (bits & (1U << i)) != 0;
        const bool writes = (bits & (1U << (i + ARES_GETSOCK_MAXNUM))) != 0;
        if (reads || writes)
          polled.push_back({sockets.at(i),
                            static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0});
      }
    }
    ::poll(polled.data(), polled.size(), longest_wait());
    if (!channel_ || in_flight_ == 0) return;
    bool any = false;
    for (std::size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents == 0) continue;
      any = true;
      const bool writable = (polled[i].revents & POLLOUT) != 0;
      const bool readable = (polled[i].revents & ~POLLOUT) != 0;
      ares_process_fd(channel_.get(), readable ? polled[i].fd : ARES_SOCKET_BAD,
                      writable ? polled[i].fd : ARES_SOCKET_BAD);
    }
    if (!any) ares_process_fd(channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // its time-outs
  }

  /// In milliseconds, until something is due; -1: nothing is.
  int longest_wait() {
    std::optional<milliseconds> longest;
    const auto sooner = [&](milliseconds t) {
      t = std::max(t, milliseconds(0));
      longest = longest ? std::min(*longest, t) : t;
    };
    const auto now = clock::now();
    if (!full(now))
      for (const auto& [name, e] : names_)
        if (!e.asked) sooner(std::chrono::ceil<milliseconds>(e.due - now));
    timeval left{};
    if (channel_ && ares_timeout(channel_.get(), nullptr, &left) != nullptr)
      sooner(milliseconds(left.tv_sec * 1000 + left.tv_usec / 1000 + 1));
    return longest ? static_cast<int>(longest->count()) : -1;
  }

  resolver& owner_;
  channel_ptr channel_;
  clock::time_point made_{};
  std::map<std::string, entry> names_;
  std::size_t in_flight_ = 0;
  bool ending_ = false;
  std::minstd_rand random_{std::random_device{}()};
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
    wanted_ = std::move(names);
  }
  waker_.notify();
}

}  // namespace switchyard::base
