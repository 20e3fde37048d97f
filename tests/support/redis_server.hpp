#pragma once

// A Redis of the tests: on a free port and a Unix socket in a temporary folder, nothing saved.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/support.hpp"

namespace switchyard::tests {

class redis_server {
 public:
  /// Starts it with more lines of configuration and more of an environment. Throws
  /// std::runtime_error with its log when it does not come up.
  explicit redis_server(std::string_view more = "",
                        std::map<std::string, std::string> environment = {});
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  /// Starts a stopped server, empty, and waits until it answers.
  void start();
  /// Ends it at once, as a crash would.
  void kill();

  std::uint16_t port() const { return port_; }
  pid_t pid() const { return process_->pid(); }
  std::string folder() const { return folder_.path().string(); }
  std::string socket() const { return folder_ / "redis.sock"; }
  std::string log() const { return read_text(folder_ / "log"); }
  std::string url(unsigned database = 0) const;

  /// What redis-cli prints for one command on the socket (raw, without the last line's end). An
  /// error's words are printed too.
  std::string cli(const std::vector<std::string>& words, unsigned database = 0) const;
  /// Sends lines of commands (as a user types them) in one go through redis-cli.
  std::string pipe(std::string_view lines, unsigned database = 0) const;
  /// Connections of programs that call themselves "switchyard".
  std::size_t clients() const;
  /// Closes them and returns how many there were.
  std::size_t kill_clients(std::string_view kind = "") const;

 private:
  temp_dir folder_;
  std::uint16_t port_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<background_process> process_;
};

/// One server for all tests of an executable; ended when it exits.
redis_server& shared_redis();

}  // namespace switchyard::tests
