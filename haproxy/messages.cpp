#include "haproxy/messages.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;

constexpr mode_t only_we = 0600;
// A thousand servers that go down at once take 150 kB. A user may have so much without asking.
constexpr int wanted_room = 1 << 20;

error failure(const std::string& path, const char* action, int code) {
  return {errc::io, path + ": " + action + ": " + std::strerror(code)};
}

bool is_fifo(const struct stat& file) {
  return S_ISFIFO(file.st_mode);
}

/// The number in front of `text`, which leaves it; nothing where there is none of one to seven
/// digits.
std::string number_in_front(std::string_view& text) {
  constexpr std::size_t most_digits = 7;
  const auto size = std::min(text.find_first_not_of("0123456789"), text.size());
  if (size == 0 || size > most_digits) return {};
  std::string number(text.substr(0, size));
  text.remove_prefix(size);
  return number;
}

bool skip(std::string_view& text, std::string_view part) {
  if (!text.starts_with(part)) return false;
  text.remove_prefix(part.size());
  return true;
}

/// What master and worker say when a worker ends as it should, after a reload or at the end.
bool is_routine(std::string_view warning) {
  constexpr std::array<std::string_view, 4> routine{
      " stopped (cumulated conns: ", " exited with code 0 (Exit)", "Exiting Master process",
      "All workers exited. Exiting... (0)"};
  return std::ranges::any_of(routine,
                             [&](auto part) { return warning.find(part) != warning.npos; });
}

/// Takes "[WARNING]  (123) : " away. What is left has the process in front.
bool take_tag(std::string_view line, severity& level, std::string& text) {
  constexpr std::array<std::pair<std::string_view, severity>, 4> tags{
      {{"[ALERT]", severity::error},
       {"[WARNING]", severity::warning},
       {"[NOTICE]", severity::debug},
       {"[DIAG]", severity::debug}}};
  const auto* const tag =
      std::ranges::find_if(tags, [&](const auto& t) { return skip(line, t.first); });
  if (tag == tags.end()) return false;
  level = tag->second;
  if (level == severity::warning && is_routine(line)) level = severity::debug;
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  auto behind = line;
  std::string pid;
  if (skip(behind, "(")) pid = number_in_front(behind);
  if (!pid.empty() && skip(behind, ") : "))
    text = "HAProxy (process " + pid + "): " + std::string(behind);
  else
    text = "HAProxy: " + std::string(line);
  return true;
}

/// Takes "<3>" away: syslog's severity, or with a facility.
bool take_priority(std::string_view line, severity& level, std::string& text) {
  if (!skip(line, "<")) return false;
  const auto number = number_in_front(line);
  if (number.empty() || number.size() > 3 || !skip(line, ">")) return false;
  const int priority = std::stoi(number) % 8;
  level = priority <= 3   ? severity::error
          : priority == 4 ? severity::warning
          : priority == 7 ? severity::debug
                          : severity::info;
  text = "HAProxy: " + std::string(line);
  return true;
}

}  // namespace

std::string messages_beside(const std::string& config_file) {
  return config_file + ".messages";
}

base::outcome<base::unique_fd> open_messages(const std::string& config_file) {
  const auto path = messages_beside(config_file);
  struct stat file {};
  // Looked at before it is opened, which may do something to a device.
  if (::lstat(path.c_str(), &file) != 0) {
    if (errno != ENOENT) return failure(path, "lstat", errno);
    if (::mkfifo(path.c_str(), only_we) != 0 && errno != EEXIST)
      return failure(path, "mkfifo", errno);
  } else if (!is_fifo(file)) {
    return error{errc::conflict, path + " is no FIFO; put it out of the way"};
  }
  base::unique_fd fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return failure(path, "open", errno);
  if (::fstat(fd.get(), &file) != 0 || !is_fifo(file))
    return error{errc::conflict, path + " is no FIFO; put it out of the way"};
  ::fchmod(fd.get(), only_we);
  ::fcntl(fd.get(), F_SETPIPE_SZ, wanted_room);  // else it has 64 kB
  return fd;
}

std::vector<message> message_lines::take(std::string_view bytes, time_point now) {
  std::vector<message> messages;
  if (now - second_ >= std::chrono::seconds(1)) {
    tell_left_out(messages);
    second_ = now;
    in_second_ = {};
  }
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    grow(bytes.substr(0, end));
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    end_line(messages);
  }
  return messages;
}

std::vector<message> message_lines::rest() {
  std::vector<message> messages;
  end_line(messages);
  tell_left_out(messages);
  return messages;
}

void message_lines::grow(std::string_view part) {
  line_.append(part.substr(0, longest_line - line_.size()));
}

void message_lines::end_line(std::vector<message>& into) {
  const auto line = std::exchange(line_, {});
  if (line.find_first_not_of(" \t\r") == std::string::npos) return;
  message next;
  const bool indented = line.front() == ' ' || line.front() == '\t';
  if (!take_tag(line, next.level, next.text) && !take_priority(line, next.level, next.text))
    next = {indented ? level_ : severity::info, "HAProxy: " + line};
  level_ = next.level;
  auto& count = in_second_.at(static_cast<std::size_t>(next.level));
  if (count >= most_in_a_second)
    ++left_out_;
  else
    ++count, into.push_back(std::move(next));
}

void message_lines::tell_left_out(std::vector<message>& into) {
  if (left_out_ == 0) return;
  into.push_back({severity::warning, base::counted(std::exchange(left_out_, 0), "line") +
                                         " of HAProxy's left out here: more than " +
                                         std::to_string(most_in_a_second) +
                                         " of a level in a second"});
}

}  // namespace switchyard::haproxy
