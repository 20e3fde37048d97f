// Clients that mean the API no good, for test_hostile_load: hostile_clients PORT KIND…
//
//   hosts      connections that ask under a name that is not the API's, some of 30 kB
//   bodies     bodies of 10 MB
//   malformed  four clients with bodies of almost 1 MB that turn out to be wrong at their end
//   slow       1,000 connections that send a byte each half second, of a head or of a body, and
//              come back a second after they were closed
//
// Such clients are on machines of their own, where what they do costs the data path nothing. Here
// they stand back for all others, in a session of their own, since nice is about processes of one
// session (sched(7), "autogroup"), and are paced where the answer costs the API no more than the
// question costs the client. `malformed` has no pause, since it lets the API work while it waits.
//
// "KIND works" is printed with its first answer (slow: once all have tried to connect), and at
// SIGTERM how often each status was answered: "malformed 400 12". 0: closed without an answer;
// "slow connected 1000": so many connections of slow ones came to be. At last "clients used 120":
// milliseconds of processor time.

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/stand_back.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t body_limit = 1U << 20;  // of the API (api/limits.hpp)

/// What was answered to one kind of client.
class tally {
 public:
  explicit tally(std::string kind) : kind_(std::move(kind)) {}

  void count(int status) {
    const std::lock_guard lock(mutex_);
    if (++counts_[status] == 1 && counts_.size() == 1) works();
  }
  void connected() {
    const std::lock_guard lock(mutex_);
    ++connected_;
  }
  void works() const {
    std::printf("%s works\n", kind_.c_str());
    std::fflush(stdout);
  }
  void print() {
    const std::lock_guard lock(mutex_);
    for (const auto& [status, n] : counts_) std::printf("%s %d %lu\n", kind_.c_str(), status, n);
    if (connected_ > 0) std::printf("%s connected %lu\n", kind_.c_str(), connected_);
  }

 private:
  std::string kind_;
  std::mutex mutex_;
  std::map<int, unsigned long> counts_;
  unsigned long connected_ = 0;
};

// -- clients that ask one thing after the other

[[noreturn]] void ask_under_other_names(std::uint16_t port, tally& answers) {
  const std::array names{std::string("evil.example"), std::string(30'000, 'x') + ".example"};
  for (std::size_t i = 0;; ++i) {
    answers.count(http_get(port, "/v1/status", names.at(i % names.size())).status);
    std::this_thread::sleep_for(1ms);
  }
}

[[noreturn]] void send_large_bodies(std::uint16_t port, tally& answers) {
  const std::string body(10'000'000, ' ');
  for (;;) {
    answers.count(http_ask(port, "PUT", "/v1/backends/own", body).status);
    std::this_thread::sleep_for(50ms);
  }
}

/// `piece` again and again up to the limit, between two texts.
std::string filled(const std::string& front, std::string_view piece, const std::string& end) {
  std::string text = front;
  while (text.size() + piece.size() + end.size() <= body_limit) text += piece;
  return text + end;
}

std::string many_keys() {
  std::string text = "{";
  for (std::size_t i = 0; text.size() < body_limit - 20; ++i)
    text += "\"k" + std::to_string(i) + "\":0,";
  return text;
}

[[noreturn]] void send_malformed_bodies(std::uint16_t port, tally& answers, std::size_t begin) {
  const std::array bodies{
      filled("[", "{},", ""),        filled("{\"servers\":[", "{},", "{}]}"),
      filled("[", "1.5e-7,", ""),    many_keys(),
      filled("[\"", "\\u00e9", ""),  filled("{\"servers\":[{\"name\":\"s\",\"", "[", ""),
      filled("[", "[[[[]]]],", "]}")};
  for (std::size_t i = begin;; ++i)
    answers.count(http_ask(port, "PUT", "/v1/backends/own", bodies.at(i % bodies.size())).status);
}

// -- slow clients

class slow_client {
 public:
  slow_client(std::uint16_t port, std::string begin) : port_(port), begin_(std::move(begin)) {}

  /// What to wait for.
  pollfd watched() const {
    return {fd_.get(), static_cast<short>(connecting_ ? POLLIN | POLLOUT : POLLIN), 0};
  }

  /// Sends a byte or connects when it is time to.
  void act(clock::time_point now) {
    if (now < next_) return;
    next_ = now + 500ms;
    if (!fd_) return connect();
    if (connecting_) return;  // the other side's queue has no place
    ::send(fd_.get(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  /// Whether the connection that was tried has just come to be; it begins its request then.
  bool begins(short events) {
    if (!connecting_ || (events & (POLLERR | POLLHUP)) != 0 || (events & POLLOUT) == 0)
      return false;
    connecting_ = false;
    ::send(fd_.get(), begin_.data(), begin_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return true;
  }

  /// After the other side has said something: the status, 0 when it has closed.
  int hear(clock::time_point now) {
    std::array<char, 1024> text{};
    const auto n = ::recv(fd_.get(), text.data(), text.size(), MSG_DONTWAIT);
    fd_.reset();
    connecting_ = false;
    next_ = now + 1s;
    return n > 12 ? std::atoi(text.data() + 9) : 0;
  }

 private:
  void connect() {
    base::unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const linger at_once{1, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static_cast<void>(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to));
    connecting_ = true;
    fd_ = std::move(fd);
  }

  std::uint16_t port_;
  std::string begin_;
  base::unique_fd fd_;
  bool connecting_ = false;
  clock::time_point next_{};
};

[[noreturn]] void be_slow(std::uint16_t port, tally& answers) {
  constexpr std::size_t how_many = 1'000;
  const std::string head = "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
  const std::string body =
      "PUT /v1/backends/own HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: " +
      std::to_string(body_limit) + "\r\n\r\n";
  std::vector<slow_client> clients;
  for (std::size_t i = 0; i < how_many; ++i) clients.emplace_back(port, i % 2 == 0 ? head : body);
  std::vector<pollfd> watched(how_many);
  for (bool first = true;; first = false) {
    for (std::size_t i = 0; i < how_many; ++i) {
      clients[i].act(clock::now());
      watched[i] = clients[i].watched();  // poll(2) passes over negative descriptors
    }
    if (first) answers.works();
    ::poll(watched.data(), watched.size(), 10);
    for (std::size_t i = 0; i < how_many; ++i) {
      if (clients[i].begins(watched[i].revents))
        answers.connected();
      else if (watched[i].revents != 0)
        answers.count(clients[i].hear(clock::now()));
    }
  }
}

// -- all of them

/// Starts the clients of a kind, on threads without an end. false: there is no such kind.
bool attack(const std::string& kind, std::uint16_t port, tally& answers) {
  const auto start = [](auto... what) { std::thread(what...).detach(); };
  if (kind == "hosts") {
    start(ask_under_other_names, port, std::ref(answers));
  } else if (kind == "bodies") {
    start(send_large_bodies, port, std::ref(answers));
  } else if (kind == "malformed") {
    for (std::size_t i = 0; i < 4; ++i)
      start(send_malformed_bodies, port, std::ref(answers), 2 * i);
  } else if (kind == "slow") {
    start(be_slow, port, std::ref(answers));
  } else {
    return false;
  }
  return true;
}

sigset_t signals(std::initializer_list<int> numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers) ::sigaddset(&set, number);
  return set;
}

/// Leads on to a child that has a session of its own at low priority, though not so low that a busy
/// machine never lets it attack. This process, a leader of a group already, stays to pass on the
/// end.
void leave_the_session() {
  const auto set = signals({SIGTERM, SIGCHLD});
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const pid_t child = ::fork();
  if (child > 0) {
    int number = 0;
    ::sigwait(&set, &number);
    ::kill(child, SIGTERM);
    int ended = 0;
    ::waitpid(child, &ended, 0);
    std::_Exit(WIFEXITED(ended) ? WEXITSTATUS(ended) : 1);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::setsid();
  base::stand_back(19);
  std::ofstream("/proc/self/autogroup") << 10 << std::flush;  // a kernel may lack it
}

std::chrono::milliseconds used() {
  rusage all{};
  ::getrusage(RUSAGE_SELF, &all);
  const auto of = [](const timeval& t) {
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
  };
  return std::chrono::duration_cast<std::chrono::milliseconds>(of(all.ru_utime) + of(all.ru_stime));
}

int main_of(const std::vector<std::string>& arguments) {
  leave_the_session();
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const auto port = static_cast<std::uint16_t>(std::stoul(arguments.at(0)));
  std::map<std::string, tally> answers;
  for (std::size_t i = 1; i < arguments.size(); ++i)
    if (!attack(arguments[i], port, answers.try_emplace(arguments[i], arguments[i]).first->second))
      return 2;
  const auto end = signals({SIGTERM});
  int number = 0;
  ::sigwait(&end, &number);
  for (auto& [name, of_kind] : answers) of_kind.print();
  std::printf("clients used %ld\n", static_cast<long>(used().count()));
  std::fflush(stdout);
  std::_Exit(0);  // the threads have no end
}

}  // namespace

}  // namespace switchyard::tests

int main(int argc, char** argv) {
  return switchyard::tests::main_of({argv + 1, argv + argc});
}
