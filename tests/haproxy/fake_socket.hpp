#pragma once

// A Unix socket whose other side is the test itself: for peers that are silent, cut or wrong, which
// HAProxy is only on its bad days.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "base/fd.hpp"

namespace switchyard::tests {

/// A listening socket at `path`. Connections wait in its queue until accept() takes them.
class fake_socket {
 public:
  explicit fake_socket(const std::string& path, int queue = 16);

  /// The next connection, waited for at most 10 s.
  base::unique_fd accept() const;
  int fd() const { return listener_.get(); }

 private:
  base::unique_fd listener_;
};

/// Reads until `count` lines have come or the other side is silent for `quiet`.
std::string read_lines(int fd, int count,
                       std::chrono::milliseconds quiet = std::chrono::seconds(5));
void write_all(int fd, std::string_view text);

/// Answers each connection's first line with `answer(line)` and closes it, until it is destroyed.
class line_server {
 public:
  line_server(const std::string& path, std::function<std::string(std::string)> answer);
  ~line_server();
  line_server(const line_server&) = delete;
  line_server& operator=(const line_server&) = delete;

 private:
  void serve();

  fake_socket socket_;
  std::function<std::string(std::string)> answer_;
  base::wakeup stop_;
  std::thread thread_;
};

}  // namespace switchyard::tests
