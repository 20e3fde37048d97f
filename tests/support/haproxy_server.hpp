#pragma once

// A real HAProxy in master-worker mode for tests, in a temporary folder.
//
// Its runtime socket has level admin and `expose-fd listeners`; its master socket is open too. The
// master, and with it every worker, ends with the object, by process id.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/support.hpp"

namespace switchyard::tests {

/// Connects to a Unix socket, sends `line` and returns everything up to the end of the answer;
/// "" when nobody answers within `longest`. Usable on both of HAProxy's sockets.
std::string ask_socket(const std::string& socket, std::string_view line,
                       std::chrono::milliseconds longest = std::chrono::seconds(10));

/// The HAProxy to test with: the environment's HAPROXY_UNDER_TEST, else the one in PATH.
std::string haproxy_binary();

/// Whether that HAProxy adds and deletes backends at run time (3.4 and later).
bool haproxy_adds_backends();

class haproxy_server {
 public:
  /// Starts HAProxy on a `global` section with the sockets, a `defaults` section for HTTP with
  /// short timeouts, and `sections`; waits until both of its sockets answer. Throws
  /// std::runtime_error with HAProxy's log when it does not come up.
  explicit haproxy_server(std::string_view sections);

  std::string config_file() const { return folder_ / "haproxy.cfg"; }
  std::string runtime_socket() const { return folder_ / "run.sock"; }
  std::string master_socket() const { return folder_ / "master.sock"; }
  std::string pid_file() const { return folder_ / "haproxy.pid"; }
  std::string folder() const { return folder_.path().string(); }
  std::string log() const { return read_text(folder_ / "log"); }

  /// Writes a new configuration for the next reload, with the same sockets.
  void configure(std::string_view sections);

  /// One command to the worker, or to the master, and the answer as it came.
  std::string command(std::string_view line) const { return ask_socket(runtime_socket(), line); }
  std::string master_command(std::string_view line) const {
    return ask_socket(master_socket(), line);
  }

  pid_t master_pid() const { return process_->pid(); }
  /// The worker that answers on the runtime socket; 0 when none does.
  pid_t worker_pid() const;
  background_process& process() { return *process_; }

 private:
  temp_dir folder_;
  std::unique_ptr<background_process> process_;
};

/// The `global` and `defaults` sections that haproxy_server writes, with this runtime socket.
std::string haproxy_head(const std::string& runtime_socket);

/// A frontend on a port of 127.0.0.1 and the backend it leads to, with these server lines.
std::string haproxy_site(std::uint16_t port, std::string_view backend, std::string_view servers);

}  // namespace switchyard::tests
