#include "tests/haproxy/wiretap.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "haproxy/unix_socket.hpp"

namespace switchyard::tests {

namespace {

constexpr std::chrono::seconds patience{5};
constexpr std::string_view prompt = "\n> ";
// It changes nothing, and its answer is replaced.
constexpr std::string_view harmless = "show info";

/// What is there. false: the other side has closed.
bool take(int fd, std::string& into) {
  std::array<char, 65536> buffer;
  const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (n <= 0) return false;
  into.append(buffer.data(), static_cast<std::size_t>(n));
  return true;
}

bool pass(int fd, std::string_view text) {
  return static_cast<bool>(haproxy::send_all(fd, text, base::deadline(patience)));
}

}  // namespace

struct wiretap::conversation {
  base::unique_fd client;
  base::unique_fd server;
  std::string unfinished;  ///< of the client's next line
  std::string tail;        ///< the last bytes of HAProxy's answers, where a prompt may begin
  int unanswered = 0;      ///< commands
  bool payload = false;    ///< lines belong to the command before, up to an empty one
  bool listening = true;   ///< to the client
  bool breaking = false;   ///< ends as soon as all commands are answered
  bool deaf = false;       ///< answers are not passed on
  bool over = false;
  std::optional<std::string> lie{};  ///< in the place of an answer that is to come
  int before_lie = 0;                ///< answers
  std::string held;                  ///< of an answer while a lie is to come, up to its prompt

  void count_prompts(const std::string& answer) {
    tail += answer;
    for (auto at = tail.find(prompt); at != std::string::npos; at = tail.find(prompt)) {
      --unanswered;
      tail.erase(0, at + prompt.size());
    }
    if (tail.size() > prompt.size()) tail.erase(0, tail.size() - prompt.size());
  }

  /// What the client gets of it, answer by answer while one is to be replaced.
  std::string told_instead(std::string answer) {
    if (!lie) return answer;
    held += answer;
    std::string told;
    for (auto at = held.find(prompt); lie && at != std::string::npos; at = held.find(prompt)) {
      const bool here = before_lie-- == 0;
      told +=
          here ? *std::exchange(lie, std::nullopt) + "\n\n> " : held.substr(0, at + prompt.size());
      held.erase(0, at + prompt.size());
    }
    return lie ? told : told + std::exchange(held, "");
  }
};

wiretap::wiretap(const std::string& path, std::string target)
    : socket_(path, 64), target_(std::move(target)), thread_([this] { serve(); }) {}

wiretap::~wiretap() {
  stop_.notify();
  thread_.join();
}

std::size_t wiretap::count(std::string_view command) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      commands_.begin(), commands_.end(), [&](const auto& c) { return c.starts_with(command); }));
}

void wiretap::break_at(cut where, std::string command) {
  const std::lock_guard lock(mutex_);
  trap_ = trap{where, std::move(command)};
}

void wiretap::meanwhile(std::string command, std::function<void()> what) {
  const std::lock_guard lock(mutex_);
  errand_ = errand{std::move(command), std::move(what)};
}

std::function<void()> wiretap::take_errand(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (!errand_ || !line.starts_with(errand_->command)) return {};
  return std::exchange(errand_, std::nullopt)->what;
}

void wiretap::answer_with(std::string command, std::string text) {
  const std::lock_guard lock(mutex_);
  lie_ = lie{std::move(command), std::move(text)};
}

std::optional<std::string> wiretap::take_answer(const std::string& line) {
  const std::lock_guard lock(mutex_);
  if (!lie_ || !line.starts_with(lie_->command)) return std::nullopt;
  return std::exchange(lie_, std::nullopt)->answer;
}

std::optional<wiretap::cut> wiretap::note(const std::string& line) {
  const std::lock_guard lock(mutex_);
  commands_.push_back(line);
  if (!trap_ || !line.starts_with(trap_->command)) return std::nullopt;
  return std::exchange(trap_, std::nullopt)->where;
}

void wiretap::serve() {
  std::vector<conversation> open;
  for (;;) {
    std::vector<pollfd> waits{{stop_.fd(), POLLIN, 0}, {socket_.fd(), POLLIN, 0}};
    for (const auto& c : open) {
      waits.push_back({c.listening ? c.client.get() : -1, POLLIN, 0});
      waits.push_back({c.server.get(), POLLIN, 0});
    }
    ::poll(waits.data(), waits.size(), -1);
    if (waits[0].revents != 0) return;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (waits[2 + 2 * i].revents != 0) from_client(open[i]);
      if (waits[3 + 2 * i].revents != 0) from_haproxy(open[i]);
    }
    std::erase_if(open, [](const auto& c) { return c.over || (c.breaking && c.unanswered <= 0); });
    if (waits[1].revents != 0) accept(open);
  }
}

void wiretap::accept(std::vector<conversation>& open) const {
  conversation c;
  c.client = socket_.accept();
  auto server = haproxy::connect_unix(target_, base::deadline(patience));
  if (!server) return;
  c.server = std::move(server).value();
  open.push_back(std::move(c));
}

void wiretap::from_client(conversation& c) {
  if (!take(c.client.get(), c.unfinished)) {
    c.listening = false;
    ::shutdown(c.server.get(), SHUT_WR);
    return;
  }
  for (auto end = c.unfinished.find('\n'); end != std::string::npos;
       end = c.unfinished.find('\n')) {
    const auto line = c.unfinished.substr(0, end);
    c.unfinished.erase(0, end + 1);
    if (c.payload) {
      c.payload = !line.empty();
      if (!pass(c.server.get(), line + "\n")) c.over = true;
      continue;
    }
    c.payload = line.ends_with(" <<");
    if (const auto what = take_errand(line)) what();
    const auto broken = note(line);
    if (broken) c.breaking = true;
    if (broken) c.listening = false;
    if (broken == cut::before) return;
    c.deaf = broken.has_value();
    const auto instead = take_answer(line);
    if (instead) c.lie = instead;
    if (instead) c.before_lie = c.unanswered;
    ++c.unanswered;
    if (!pass(c.server.get(), (instead ? std::string(harmless) : line) + "\n")) c.over = true;
    if (broken) return;
  }
}

void wiretap::from_haproxy(conversation& c) {
  std::string answer;
  if (!take(c.server.get(), answer)) {
    c.over = true;
    return;
  }
  c.count_prompts(answer);
  if (!c.deaf && !pass(c.client.get(), c.told_instead(answer))) c.over = true;
}

}  // namespace switchyard::tests
