#pragma once

// A real PostgreSQL for tests: a cluster of its own in a temporary folder.
//
// Listens on a Unix socket there and on 127.0.0.1. The server ends with the object, by its process
// id, and with the test's main thread should that die first. Since PostgreSQL refuses to run as
// root, it runs as the user postgres then. Its superuser is "postgres", without a password.

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/support.hpp"

namespace switchyard::tests {

class postgres_server {
 public:
  /// Makes the cluster and starts it. Throws std::runtime_error with the server's log when it does
  /// not come up.
  postgres_server();
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  /// Starts a stopped server and waits until it answers.
  void start();
  /// Ends the server: at once, as a crash would, or after closing its sessions in order.
  enum class mode { immediate, fast };
  void stop(mode how = mode::immediate);

  /// Makes an empty database and returns its name.
  std::string create_database();

  /// A connection string, by the Unix socket.
  std::string dsn(std::string_view database, std::string_view user = "postgres") const;
  /// The same by TCP, to this server's port or another (a proxy's).
  std::string tcp_dsn(std::string_view database, std::uint16_t port) const;
  std::uint16_t port() const { return port_; }

  /// Runs statements in one session (each commits alone unless it says BEGIN) and returns the rows,
  /// unaligned. Throws with psql's output when one fails.
  std::string psql(std::string_view database, std::string_view sql,
                   std::string_view user = "postgres") const;

  /// Sessions of programs that call themselves "switchyard".
  std::vector<pid_t> sessions(std::string_view database) const;
  /// Ends those sessions and returns how many there were.
  std::size_t terminate_sessions(std::string_view database) const;

  /// The postmaster, which accepts sessions.
  pid_t pid() const { return process_->pid(); }
  std::string log() const { return read_text(folder_ / "log"); }
  std::string folder() const { return folder_.path().string(); }

  /// A second server that follows this one and refuses writes, by a base backup.
  std::unique_ptr<postgres_server> make_standby() const;

 private:
  struct standby_of {
    const postgres_server& primary;
  };
  explicit postgres_server(standby_of source);
  std::vector<std::string> as_owner(std::vector<std::string> command) const;
  void own_folder() const;

  temp_dir folder_;
  std::uint16_t port_;
  std::unique_ptr<background_process> process_;
};

/// One server for all tests of an executable; ended when it exits.
postgres_server& shared_postgres();

}  // namespace switchyard::tests
