#pragma once

// PostgreSQL, switchyard in attached mode as users run it, and one HAProxy that carries both
// systems: switchyard's backends in its own file, the bare loop's in the operator's base file.

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/postgres_server.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests::bench {

class installation {
 public:
  /// Each system's backend under test, and how many servers in maintenance it keeps.
  static constexpr const char* switchyard_backend = "measured";
  static constexpr const char* bare_backend = "bare";
  static constexpr std::size_t servers_in_backend = 100;

  /// Starts everything; throws std::runtime_error with the logs when it does not come up.
  explicit installation(const std::string& switchyard_binary);

  /// Lets the table hold this many servers besides those of the backends under test, in backends of
  /// 100, and waits until HAProxy has them.
  void populate(std::size_t servers);

  std::string dsn() const { return postgres_.dsn("postgres"); }
  std::string runtime_socket() const { return folder_ / "run.sock"; }
  std::uint16_t switchyard_port() const { return switchyard_port_; }
  std::uint16_t bare_port() const { return bare_port_; }

  /// One runtime command and its answer.
  std::string command(const std::string& line) const;
  /// Waits until HAProxy has no such server.
  void wait_until_gone(const std::string& backend, const std::string& server) const;
  /// Waits until the configuration file holds no server of this prefix any more.
  void wait_until_saved_without(const std::string& prefix) const;

  pid_t switchyard_pid() const { return switchyard_->pid(); }
  pid_t haproxy_master() const { return haproxy_->pid(); }
  pid_t haproxy_worker() const;
  std::string versions() const;
  std::string log() const { return read_text(folder_ / "switchyard.log"); }

 private:
  void write_files() const;
  void start_switchyard();
  void start_haproxy();
  std::size_t running_servers() const;

  std::string binary_;
  temp_dir folder_;
  postgres_server postgres_;
  std::uint16_t switchyard_port_ = free_port();
  std::uint16_t bare_port_ = free_port();
  std::size_t population_ = 0;
  std::unique_ptr<background_process> haproxy_;
  std::unique_ptr<background_process> switchyard_;
};

}  // namespace switchyard::tests::bench
