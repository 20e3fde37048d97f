#include "haproxy/runtime.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <optional>

#include "haproxy/unix_socket.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;

constexpr std::size_t longest_command = 16'000;
// Commands that HAProxy has not answered yet; its buffer (tune.bufsize) is 16384 bytes and past it
// 2.6 resets the connection.
constexpr std::size_t most_in_flight = 8'192;
constexpr std::size_t refill_below = most_in_flight / 2;
// HAProxy up to 3.0 goes on with a long reply for as long as it is taken, and does nothing else on
// that thread: up to a tenth of a second for the figures of 20,000 servers (measured). Taken at
// this pace, which is slower than it writes, it comes to the others in between.
constexpr std::size_t taken_at_once = 65'536;
constexpr std::size_t piece = 16'384;
constexpr int rest_after_piece = 1;  // ms

std::string_view trimmed(std::string_view reply) {
  const auto first = reply.find_first_not_of("\r\n");
  if (first == std::string_view::npos) return {};
  return reply.substr(first, reply.find_last_not_of("\r\n") - first + 1);
}

/// Whether `text` holds a semicolon that HAProxy would take as the end of the command.
bool starts_second_command(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == ';')
      return true;
  }
  return false;
}

status check_line(std::string_view command) {
  const auto invalid = [](const char* why) {
    return error{errc::invalid, std::string("the runtime command ") + why};
  };
  const auto first = command.find_first_not_of(' ');
  if (first == std::string_view::npos) return invalid("is empty");
  if (command.size() > longest_command) return invalid("is longer than 16000 bytes");
  if (command.find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos)
    return invalid("holds a line break");
  if (starts_second_command(command)) return invalid("holds a second command after a semicolon");
  if (command.find("<<") != std::string_view::npos) return invalid("opens a payload with \"<<\"");
  if (command[first] == '@') return invalid("addresses another process");
  const auto word = command.substr(first, command.find(' ', first) - first);
  if (word == "prompt" || word == "quit") return invalid("would end the conversation's own mode");
  return {};
}

status check_payload(std::string_view payload) {
  const auto invalid = [](const char* why) {
    return error{errc::invalid, std::string("the payload ") + why};
  };
  if (payload.empty() || payload.front() == '\n' || payload.back() != '\n' ||
      payload.find("\n\n") != std::string_view::npos)
    return invalid("is empty or has an empty line, or its last line is not ended");
  for (const char c : payload)
    if (c != '\n' && (c < 0x20 || c > 0x7e)) return invalid("holds what is not printable ASCII");
  return {};
}

/// Before the reply HAProxy up to 3.0 answers each line of a payload with a prompt of its own.
std::string without_line_prompts(std::string reply) {
  constexpr std::string_view line_prompt = "+ ";
  std::size_t from = 0;
  while (std::string_view(reply).substr(from).starts_with(line_prompt)) from += line_prompt.size();
  return reply.erase(0, from);
}

enum class waiting { nothing, bytes, closed };

/// What the socket holds for us at this moment.
waiting peek(int fd) {
  pollfd p{fd, POLLIN, 0};
  if (::poll(&p, 1, 0) <= 0) return waiting::nothing;
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0 ? waiting::bytes : waiting::closed;
}

/// HAProxy's words, with the command they answer.
status named_verdict(const command& c, std::string_view reply) {
  auto judged = check_reply(c.kind, reply);
  if (judged) return judged;
  constexpr std::size_t shown = 200;
  return error{judged.error().kind, "`" + c.line.substr(0, shown) + "`: " + judged.error().message};
}

/// Which commands are on their way.
struct pipeline {
  std::span<const command> commands;
  std::size_t next = 0;        // the first that was not sent
  std::size_t unanswered = 0;  // commands
  std::size_t bytes = 0;       // of those commands

  bool wants_more() const { return next < commands.size() && bytes < refill_below; }

  /// The lines to send now, as many as fit.
  std::string fill() {
    std::string lines;
    for (; next < commands.size(); ++next) {
      const auto& line = commands[next].line;
      if (!check_line(line)) continue;
      if (unanswered > 0 && bytes + line.size() + 1 > most_in_flight) break;
      lines.append(line).append("\n");
      bytes += line.size() + 1;
      ++unanswered;
    }
    return lines;
  }

  void answered(const command& c) {
    bytes -= c.line.size() + 1;
    --unanswered;
  }
};

}  // namespace

outcome<runtime> runtime::connect(const std::string& socket_path, limits l) {
  return open(socket_path, 0, l);
}

outcome<runtime> runtime::connect_behind(const std::string& master_socket, pid_t worker, limits l) {
  return open(master_socket, worker, l);
}

/// `worker` 0: whoever listens at `path`; else that one, behind the master who does.
outcome<runtime> runtime::open(const std::string& path, pid_t worker, limits l) {
  auto fd = connect_unix(path, base::deadline(l.connect));
  if (!fd) return fd.error();
  runtime conversation(std::move(*fd), l);
  const base::deadline until(l.connect);
  const auto name = worker == 0 ? std::string() : std::to_string(worker);
  auto greeting = conversation.greeted("prompt\n", until);
  // The master's own prompt, and the one that it gives the worker, have no newline before them.
  if (greeting && worker != 0) greeting = conversation.greeted("@!" + name + "\n", until);
  if (!greeting)
    return error{greeting.error().kind, "socket " + path + ": " + greeting.error().message};
  conversation.prompt_ = "\n" + name + "> ";
  if (*greeting == (worker == 0 ? conversation.prompt_ : name + "> ")) return conversation;
  if (worker != 0)
    return error{errc::unavailable, "socket " + path + ": the master there has no worker " + name};
  return error{errc::protocol,
               "socket " + path + ": what answers there is not the runtime API of a worker"};
}

/// Sends a line and reads up to a prompt. The master's command line has another one, so this looks
/// for what all have in common.
outcome<std::string> runtime::greeted(std::string_view line, const base::deadline& until) {
  if (const auto sent = send(line); !sent) return sent.error();
  std::string greeting;
  while (!greeting.ends_with("> ") && greeting.size() <= longest_command) {
    const auto more = receive_some(fd_.get(), greeting, until);
    if (!more) return more.error();
    if (!*more) return error{errc::unavailable, "HAProxy closed the conversation at once"};
  }
  return greeting;
}

status runtime::send(std::string_view bytes) {
  auto sent = send_all(fd_.get(), bytes, base::deadline(limits_.reply));
  if (!sent) broken_ = true;
  return sent;
}

status runtime::ready() {
  if (broken_) return error{errc::unavailable, "the conversation with HAProxy is over"};
  const auto held = peek(fd_.get());
  if (held == waiting::nothing && unread_.empty()) return {};
  broken_ = true;
  if (held == waiting::closed)
    return error{errc::unavailable, "HAProxy has closed the conversation"};
  return error{errc::protocol, "HAProxy sent what nobody asked for"};
}

bool runtime::take_reply(std::size_t seen, bool last, std::string& into) {
  if (last) {
    // A long reply may hold the prompt's characters: they end it only where nothing follows.
    if (!unread_.ends_with(prompt_) || peek(fd_.get()) == waiting::bytes) return false;
    into = trimmed(std::string_view(unread_).substr(0, unread_.size() - prompt_.size()));
    unread_.clear();
    return true;
  }
  const auto end = unread_.find(prompt_, seen);
  if (end == std::string::npos) return false;
  into = trimmed(std::string_view(unread_).substr(0, end));
  unread_.erase(0, end + prompt_.size());
  return true;
}

outcome<std::string> runtime::receive(bool last) {
  const base::deadline until(limits_.reply);
  std::string reply;
  std::size_t seen = 0;
  while (!take_reply(seen, last, reply)) {
    seen = unread_.size() < prompt_.size() ? 0 : unread_.size() - prompt_.size() + 1;
    auto failure = std::optional<error>();
    // Not where it could be too late for all of it.
    const bool paced = unread_.size() > taken_at_once && until.left() > limits_.reply / 2;
    if (paced) ::poll(nullptr, 0, rest_after_piece);
    const auto more = receive_some(fd_.get(), unread_, until, paced ? piece : taken_at_once);
    if (!more)
      failure = more.error();
    else if (!*more)
      failure = error{errc::unavailable, "HAProxy closed the conversation before it had answered"};
    else if (unread_.size() > limits_.reply_bytes)
      failure = error{errc::protocol, "HAProxy's reply is longer than " +
                                          std::to_string(limits_.reply_bytes) + " bytes"};
    if (failure) {
      broken_ = true;
      return *failure;
    }
  }
  return reply;
}

outcome<std::string> runtime::execute_raw(std::string_view command) {
  if (const auto ok = check_line(command); !ok) return ok.error();
  if (const auto ok = ready(); !ok) return ok.error();
  if (const auto sent = send(std::string(command) + "\n"); !sent) return sent.error();
  return receive(true);
}

outcome<std::string> runtime::execute_payload(std::string_view command, std::string_view payload) {
  if (const auto ok = check_line(command); !ok) return ok.error();
  if (const auto ok = check_payload(payload); !ok) return ok.error();
  if (command.size() + payload.size() > longest_command)
    return error{errc::invalid, "the command and its payload are longer than 16000 bytes"};
  if (const auto ok = ready(); !ok) return ok.error();
  const auto text = std::string(command).append(" <<\n").append(payload).append("\n");
  if (const auto sent = send(text); !sent) return sent.error();
  auto reply = receive(true);
  if (!reply) return reply;
  return without_line_prompts(std::move(reply).value());
}

std::vector<status> runtime::execute(std::span<const command> commands) {
  std::vector<status> verdicts;
  verdicts.reserve(commands.size());
  pipeline line{commands};
  status usable = ready();
  for (const auto& c : commands) {
    if (auto ok = check_line(c.line); !ok) {
      verdicts.push_back(std::move(ok));
      continue;
    }
    if (usable && line.wants_more()) usable = send(line.fill());
    if (!usable) {
      verdicts.push_back(usable);
      continue;
    }
    line.answered(c);
    const auto reply = receive(line.unanswered == 0);
    if (!reply) usable = reply.error();
    verdicts.push_back(reply ? named_verdict(c, *reply) : usable);
  }
  return verdicts;
}

status runtime::set_server_addr_and_state(std::string_view backend, const model::server& server) {
  const auto address = set_address(backend, server.name, server.address, server.port);
  if (!address) return address.error();
  const auto state = set_state(backend, server.name, server.state);
  if (!state) return state.error();
  const std::array both{*address, *state};
  for (auto& verdict : execute(both))
    if (!verdict) return verdict;
  return {};
}

}  // namespace switchyard::haproxy
