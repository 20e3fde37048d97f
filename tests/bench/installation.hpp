#pragma once

// switchyard in attached mode as users run it, and one HAProxy that carries all that is measured:
// switchyard's backends in its own file, the bare loop's in the operator's base file.
//
// Each backend under test has a frontend of its own, and servers in maintenance beside those that
// samples bring in.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/support.hpp"

namespace switchyard::tests::bench {

class installation {
 public:
  static constexpr const char* bare_backend = "bare";
  /// Of the memory provider: gets its servers through the API, after the start.
  static constexpr const char* backend_by_hand = "manual";
  /// What every backend under test has, in maintenance.
  static constexpr std::size_t servers_in_backend = 100;

  /// Starts both; throws std::runtime_error with the logs when they do not come up. `providers`:
  /// the entries of the settings, which give each of `backends` its servers.
  installation(const std::string& switchyard_binary, const std::string& providers,
               const std::vector<std::string>& backends);

  std::string runtime_socket() const { return folder_ / "run.sock"; }
  /// Of switchyard's API.
  std::uint16_t api_port() const { return api_port_; }
  /// The frontend that leads to this backend, or to bare_backend.
  std::uint16_t port_of(const std::string& backend) const { return ports_.at(backend); }

  /// One runtime command and its answer.
  std::string command(const std::string& line) const;
  /// Waits until HAProxy has this many servers of switchyard's.
  void wait_for_servers(std::size_t wanted) const;
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
  void start_switchyard();
  void start_haproxy();
  std::size_t running_servers() const;

  std::string binary_;
  std::uint16_t api_port_ = free_port();
  temp_dir folder_;
  std::map<std::string, std::uint16_t> ports_;  // by backend
  std::unique_ptr<background_process> haproxy_;
  std::unique_ptr<background_process> switchyard_;
};

}  // namespace switchyard::tests::bench
