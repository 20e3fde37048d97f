#pragma once

// What tests share: temporary folders, free ports, waiting for conditions, small HTTP peers.
// Everything binds 127.0.0.1 or Unix sockets in temporary folders and ends what it started.

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/subprocess.hpp"

namespace switchyard::tests {

/// A folder that is removed with all it holds. Short path, so that Unix sockets fit.
class temp_dir {
 public:
  temp_dir();
  ~temp_dir();
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// A TCP port on 127.0.0.1 that was free a moment ago. Two calls of one process never give the
/// same, and processes that run side by side take from different ranges.
std::uint16_t free_port();

/// Calls `condition` until it is true or `longest` has passed; returns its last value. Between two
/// calls it waits as long as the last one took, 2 to 50 ms.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds longest = std::chrono::seconds(10));

/// Waits until another worker of HAProxy answers than `before`: at a reload both may for a moment.
template <class Site>
bool another_worker_than(pid_t before, const Site& site) {
  return eventually([&] {
    const pid_t now = site.worker_pid();
    return now != 0 && now != before;
  });
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Writes a file, whatever was there.
void write_text(const std::filesystem::path& path, std::string_view text);
/// The text of a file, "" when there is none.
std::string read_text(const std::filesystem::path& path);

/// A child process that is ended (SIGTERM, SIGKILL after 5 s, later under a sanitizer) and reaped
/// with the object. Its output goes to `log`; what a sanitizer says there fails the test.
class background_process {
 public:
  background_process(const std::vector<std::string>& argv, const std::filesystem::path& log,
                     const std::map<std::string, std::string>& extra_environment = {});
  ~background_process();
  background_process(const background_process&) = delete;
  background_process& operator=(const background_process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number) const;
  /// The exit code (128 + signal), waited for at most `longest`; nothing when it still runs.
  std::optional<int> wait(std::chrono::milliseconds longest);

 private:
  std::filesystem::path log_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

/// The processes that have this text, such as a temporary folder, in their environment or command
/// line. Those that have ended and are not reaped yet have neither.
std::set<pid_t> processes_with(const std::string& text);

/// Runs a program to its end and returns its output; throws when it fails or takes over 60 s.
std::string run_program(const std::vector<std::string>& argv);

/// An HTTP/1.1 server on 127.0.0.1 that answers every request with its name. Keeps connections
/// alive.
class http_upstream {
 public:
  /// On port 0: a free one.
  explicit http_upstream(std::string name, std::uint16_t port = 0,
                         const std::string& address = "127.0.0.1");
  ~http_upstream();
  http_upstream(const http_upstream&) = delete;
  http_upstream& operator=(const http_upstream&) = delete;

  std::uint16_t port() const { return port_; }
  const std::string& name() const { return name_; }
  std::uint64_t requests() const { return requests_.load(); }
  /// From now on every answer takes this long (for drains with requests in flight).
  void set_delay(std::chrono::milliseconds delay) { delay_.store(delay.count()); }

 private:
  struct connections;
  void serve();

  std::string name_;
  std::uint16_t port_ = 0;
  base::unique_fd listener_;
  base::wakeup stop_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::int64_t> delay_{0};
  std::unique_ptr<connections> connections_;
  std::thread thread_;
};

struct http_answer {
  int status = 0;  ///< 0: no answer (refused, reset, cut, timed out)
  std::string body;
  std::string head;  ///< the status line and the headers
};

/// One GET on a fresh connection. `fields`: more lines of its head, each with its CRLF.
http_answer http_get(std::uint16_t port, std::string_view path = "/",
                     std::string_view host = "test",
                     std::chrono::milliseconds longest = std::chrono::seconds(5),
                     const std::string& fields = "");

/// Any other request, likewise; a body has its length told and is JSON unless `fields` say
/// otherwise.
http_answer http_ask(std::uint16_t port, std::string_view method, std::string_view path,
                     const std::string& body = "", const std::string& fields = "",
                     std::chrono::milliseconds longest = std::chrono::seconds(30));

/// The body of an answer with status 200, "!<status>" of any other.
std::string name_in(const http_answer& answer);

/// The values of the Set-Cookie fields in an answer's head, which HAProxy writes in lower case.
std::vector<std::string> cookies_in(std::string_view head);

/// Sends `count` requests on fresh connections and counts the bodies of the answers with status
/// 200; other answers count under "!<status>".
std::map<std::string, int> sample(std::uint16_t port, int count);

/// Requests on fresh connections, one after the other on each of `clients` threads, until stop().
/// After each answer a client pauses, so that tests that run side by side do not take all of the
/// processor from what they watch; zero for as many requests as can be.
class continuous_load {
 public:
  continuous_load(std::uint16_t port, unsigned clients,
                  std::chrono::microseconds pause = std::chrono::milliseconds(2));
  ~continuous_load();

  struct totals {
    std::uint64_t answered = 0;  ///< status 200
    std::uint64_t failed = 0;    ///< anything else
    std::string first_failure;
  };
  totals stop();
  std::uint64_t answered() const { return answered_.load(); }
  std::uint64_t failed() const { return failed_.load(); }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::mutex mutex_;
  std::string first_failure_;
  std::vector<std::thread> threads_;
};

}  // namespace switchyard::tests
