#include "tests/support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace switchyard::tests {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_waiting = 1U << 20U;

sockaddr_in at(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Sends what can be sent now, at most `most`. false: nobody takes it any more.
bool send_some(int fd, std::string& waiting, std::size_t most) {
  const auto n =
      ::send(fd, waiting.data(), std::min(most, waiting.size()), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  waiting.erase(0, static_cast<std::size_t>(n));
  return true;
}

}  // namespace

tcp_proxy::tcp_proxy(std::uint16_t target, filter judge)
    : target_(target), port_(free_port()), judge_(std::move(judge)) {
  listener_ = base::unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = at(port_);
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 64) != 0)
    throw std::runtime_error("tcp_proxy: cannot listen");
  thread_ = std::thread([this] { serve(); });
}

tcp_proxy::~tcp_proxy() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify();
  thread_.join();
}

void tcp_proxy::break_after(speaker who, std::size_t bytes, fault what) {
  const std::lock_guard lock(mutex_);
  for (auto& p : pairs_)
    if (std::exchange(p.stalled, false)) strike(p, fault::cut);
  wake_.notify();
  said_ = {};
  armed_ = true;
  struck_ = false;
  breaks_ = who;
  after_ = bytes;
  what_ = what;
}

bool tcp_proxy::struck() const {
  const std::lock_guard lock(mutex_);
  return struck_;
}

void tcp_proxy::break_all(fault what) {
  const std::lock_guard lock(mutex_);
  for (auto& p : pairs_) {
    p.to_client.clear();
    p.to_server.clear();
    strike(p, what);
  }
  wake_.notify();
}

void tcp_proxy::drip(milliseconds pause) {
  const std::lock_guard lock(mutex_);
  pause_ = pause;
  wake_.notify();
}

std::size_t tcp_proxy::said(speaker who) const {
  const std::lock_guard lock(mutex_);
  return said_[static_cast<std::size_t>(who)];
}

std::string tcp_proxy::heard() const {
  const std::lock_guard lock(mutex_);
  return heard_;
}

std::size_t tcp_proxy::open() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(pairs_, [](const pair& p) { return !p.ended; }));
}

void tcp_proxy::serve() {
  while (turn()) {
  }
}

/// One wait and what it brought; false once it is to end. Nobody else adds or removes pairs.
bool tcp_proxy::turn() {
  std::vector<pollfd> fds{{wake_.fd(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
  milliseconds longest{0};
  {
    const std::lock_guard lock(mutex_);
    for (const auto& p : pairs_) {
      const bool due = pause_.count() == 0 || p.next_byte <= clock::now();
      fds.push_back(watched(p, p.client, p.to_server, !p.to_client.empty() && due));
      fds.push_back(watched(p, p.server, p.to_client, !p.to_server.empty()));
    }
    longest = longest_wait();
  }
  if (::poll(fds.data(), fds.size(), static_cast<int>(longest.count())) < 0) return true;
  const std::lock_guard lock(mutex_);
  if (fds[0].revents != 0) wake_.clear();
  if (stopping_) return false;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    if ((fds[2 + 2 * i].revents & ~POLLOUT) != 0) take(pairs_[i], speaker::client);
    if ((fds[3 + 2 * i].revents & ~POLLOUT) != 0) take(pairs_[i], speaker::server);
    pass(pairs_[i]);
  }
  std::erase_if(
      pairs_, [](const pair& p) { return p.ended && p.to_client.empty() && p.to_server.empty(); });
  if (fds[1].revents != 0) accept_one();
  return true;
}

/// What to wait for at one end: that it says something, while not too much waits for the other one,
/// and that it takes something, where something is to be sent.
pollfd tcp_proxy::watched(const pair& p, const base::unique_fd& end, const std::string& from_it,
                          bool to_send) {
  if (p.stalled) return {-1, 0, 0};
  const bool listens = !p.ended && from_it.size() < most_waiting;
  return {end.get(), static_cast<short>((listens ? POLLIN : 0) | (to_send ? POLLOUT : 0)), 0};
}

milliseconds tcp_proxy::longest_wait() const {
  milliseconds longest{60'000};
  if (pause_.count() == 0) return longest;
  for (const auto& p : pairs_)
    if (!p.stalled && !p.to_client.empty())
      longest = std::clamp(std::chrono::ceil<milliseconds>(p.next_byte - clock::now()),
                           milliseconds(0), longest);
  return longest;
}

void tcp_proxy::accept_one() {
  pair p;
  p.client = base::unique_fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  p.server = base::unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = at(target_);
  const int on = 1;
  ::setsockopt(p.client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(p.server.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(p.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    pairs_.push_back(std::move(p));
}

void tcp_proxy::take(pair& p, speaker who) {
  if (p.stalled || p.ended) return;
  std::array<char, 65536> buffer;
  const bool of_client = who == speaker::client;
  const auto n = ::recv(of_client ? p.client.get() : p.server.get(), buffer.data(), buffer.size(),
                        MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    p.ended = true;
    // Who has gone takes nothing.
    (of_client ? p.to_client : p.to_server).clear();
    return;
  }
  const auto bytes = count(p, who, static_cast<std::size_t>(n));
  if (of_client) {
    p.to_server.append(buffer.data(), bytes);
    heard_.append(buffer.data(), bytes);
    return;
  }
  p.held.append(buffer.data(), bytes);
  p.to_client += judge_ ? judge_(p.held) : std::exchange(p.held, "");
}

/// How many of these bytes are passed on; strikes when it is time.
std::size_t tcp_proxy::count(pair& p, speaker who, std::size_t bytes) {
  auto& said = said_[static_cast<std::size_t>(who)];
  const auto before = said;
  said += bytes;
  if (!armed_ || who != breaks_ || said < after_) return bytes;
  armed_ = false;
  struck_ = true;
  strike(p, what_);
  return after_ - before;
}

void tcp_proxy::strike(pair& p, fault what) const {
  (what == fault::cut ? p.ended : p.stalled) = true;
}

/// A connection that stalls still gets what was to be passed on before.
void tcp_proxy::pass(pair& p) {
  const bool drips = pause_.count() > 0;
  if (!p.to_server.empty() && !send_some(p.server.get(), p.to_server, p.to_server.size())) {
    p.to_server.clear();
    p.ended = true;
  }
  if (p.to_client.empty() || (drips && p.next_byte > clock::now())) return;
  if (!send_some(p.client.get(), p.to_client, drips ? 1 : p.to_client.size())) {
    p.to_client.clear();
    p.ended = true;
  }
  p.next_byte = clock::now() + pause_;
}

}  // namespace switchyard::tests
