#pragma once

// The files of the operator's that HAProxy reads when it loads: whether the running HAProxy has
// other versions of them, and what they leave to us.
//
// Threading: one thread. Reads the disk.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "config/settings.hpp"

namespace switchyard::haproxy {

/// One of them.
class operators_file {
 public:
  /// HAProxy has just loaded it as it is now.
  void loaded(const std::optional<std::string>& path);
  /// HAProxy was there before us: what changed since `loaded_at` it may not have.
  void met(const std::optional<std::string>& path, std::chrono::system_clock::time_point loaded_at);
  /// Compares.
  void look(const std::optional<std::string>& path);

  /// What was found last.
  bool changed() const { return changed_; }

 private:
  std::size_t print_ = 0;  ///< of the text that was loaded; 0: none, or it is not known
  bool changed_ = false;
};

/// Those that the settings name.
class operators_files {
 public:
  explicit operators_files(const config::haproxy_settings& settings) { configure(settings); }

  /// Other settings, or a base_file with another text: looks what it leaves to us.
  void configure(const config::haproxy_settings& settings);
  /// A worker has just loaded them as they are now.
  void loaded(const config::haproxy_settings& settings);
  /// A worker was there before us, `started` then. What it was started with is no reason for a
  /// reload: base_file counts from the second after that on, server_ca_file, on which clients'
  /// safety hangs, from the one before.
  void met(const config::haproxy_settings& settings, std::chrono::system_clock::time_point started);
  /// Another server_ca_file is named, which is a change of those backends that verify by it.
  void renamed_ca_file(const std::optional<std::string>& path) { ca_.loaded(path); }
  /// Compares.
  void look(const config::haproxy_settings& settings);

  /// What was found last.
  bool base_changed() const { return base_.changed(); }
  bool ca_changed() const { return ca_.changed(); }
  /// HAProxy reads our server-state file, and not one that base_file names.
  bool leave_server_state() const { return server_state_; }

 private:
  operators_file base_;
  operators_file ca_;
  bool server_state_ = false;
};

}  // namespace switchyard::haproxy
