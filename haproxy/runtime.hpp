#pragma once

// The runtime API: one conversation with an HAProxy worker over its stats socket
// (HAProxy management guide, "Unix Socket commands").
//
// A conversation uses prompt mode on one connection. It is bound to the worker that accepted it:
// after a reload the old worker goes on answering here and its changes are lost, so open a new one.
// A reply past 64 kB is taken at 16 kB a millisecond at most, for half of its time limit, so that
// HAProxy serves others meanwhile. Threading: one thread at a time. Every wait has a deadline.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "haproxy/commands.hpp"
#include "haproxy/conversation.hpp"

namespace switchyard::haproxy {

class runtime final : public conversation {
 public:
  struct limits {
    std::chrono::milliseconds connect{2'000};
    std::chrono::milliseconds reply{10'000};  ///< for one reply, read whole
    std::size_t reply_bytes = 512U << 20;
  };

  /// Connects and switches to prompt mode. errc::unavailable names the socket and the cause
  /// (absent, refused, not permitted, path too long), errc::timeout, errc::protocol.
  static base::outcome<runtime> connect(const std::string& socket_path, limits l);
  static base::outcome<runtime> connect(const std::string& socket_path) {
    return connect(socket_path, limits{});
  }

  /// The same with a worker behind its master's socket (`@!PID`; management guide, "Master CLI").
  /// It ends with every reload, since the master starts itself anew, and every command costs about
  /// 0.4 ms. Same errors; errc::unavailable as well when the master has no such worker.
  static base::outcome<runtime> connect_behind(const std::string& master_socket, pid_t worker,
                                               limits l);
  static base::outcome<runtime> connect_behind(const std::string& master_socket, pid_t worker) {
    return connect_behind(master_socket, worker, limits{});
  }

  base::outcome<std::string> execute_raw(std::string_view command) override;
  base::outcome<std::string> execute_payload(std::string_view command,
                                             std::string_view payload) override;
  std::vector<base::status> execute(std::span<const command> commands) override;

  /// `set server B/S addr A port P` and `set server B/S state …` in one go.
  base::status set_server_addr_and_state(std::string_view backend, const model::server& server);

  int fd() const override { return fd_.get(); }
  bool broken() const override { return broken_; }

 private:
  runtime(base::unique_fd fd, limits l) : fd_(std::move(fd)), limits_(l) {}
  static base::outcome<runtime> open(const std::string& path, pid_t worker, limits l);

  base::outcome<std::string> greeted(std::string_view line, const base::deadline& until);
  base::status send(std::string_view bytes);
  base::status ready();
  base::outcome<std::string> receive(bool last);
  bool take_reply(std::size_t seen, bool last, std::string& into);

  base::unique_fd fd_;
  limits limits_;
  std::string prompt_ = "\n> ";  // ends every reply (src/cli.c, cli_io_handler)
  std::string unread_;           // bytes past the reply read last
  bool broken_ = false;
};

}  // namespace switchyard::haproxy
