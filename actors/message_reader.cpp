#include "actors/message_reader.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

namespace switchyard::actors {

namespace {

constexpr std::chrono::milliseconds after_no_wait{100};  // when nothing can be waited for
/// The end of a line that has begun comes at once, or never.
constexpr std::chrono::seconds line_ends_within{1};

bool same_file(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

}  // namespace

message_reader::message_reader(std::string config_file, observer_ptr seen_by)
    : config_file_(std::move(config_file)), seen_by_(std::move(seen_by)) {
  open();
  thread_ = std::thread([this] { run(); });
}

message_reader::~message_reader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify();
  thread_.join();
}

void message_reader::open() {
  auto opened = haproxy::open_messages(config_file_);
  if (!opened) {
    if (!std::exchange(told_, true))
      seen_by_->say(spdlog::level::warn, to_string(haproxy::matter::file),
                    "HAProxy's messages cannot be read: " + opened.error().message +
                        "; an HAProxy that is started writes them to standard error itself");
    return;
  }
  told_ = false;
  const std::lock_guard lock(mutex_);
  next_ = std::move(opened).value();
  changed_.notify();
}

void message_reader::look() {
  struct stat there {};
  const bool exists = ::stat(haproxy::messages_beside(config_file_).c_str(), &there) == 0;
  {
    const std::lock_guard lock(mutex_);
    const auto& newest = next_ ? next_ : fd_;
    struct stat ours {};
    if (newest && (!exists || (::fstat(newest.get(), &ours) == 0 && same_file(ours, there))))
      return;
  }
  open();
}

void message_reader::run() {
  for (;;) {
    // A descriptor that never becomes readable stands for "nothing to read".
    const auto what =
        base::wait_either(fd_ ? fd_.get() : changed_.fd(), changed_,
                          lines_.has_rest() ? line_ends_within : std::chrono::hours(1));
    if (!what) std::this_thread::sleep_for(after_no_wait);
    if (fd_) drain(fd_.get());
    if (what && *what == base::woken::timeout) relay(lines_.rest());
    if (!what || *what != base::woken::notified) continue;
    changed_.clear();
    const std::lock_guard lock(mutex_);
    if (next_) fd_ = std::move(next_);
    if (!stop_) continue;
    if (fd_) drain(fd_.get());
    return relay(lines_.rest());
  }
}

/// Reads what is there, at most what the pipe holds: one that is filled without end must not keep
/// the thread from its end.
void message_reader::drain(int fd) {
  std::array<char, 65536> buffer;
  for (int reads = 0; reads < 16; ++reads) {
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    relay(lines_.take(std::string_view(buffer.data(), static_cast<std::size_t>(n)),
                      std::chrono::steady_clock::now()));
  }
}

void message_reader::relay(const std::vector<haproxy::message>& said) {
  for (const auto& message : said) seen_by_->relays(message);
}

}  // namespace switchyard::actors
