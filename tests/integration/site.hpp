#pragma once

// A whole installation for tests: PostgreSQL, switchyard as users run it, HAProxy, and upstreams.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/haproxy_server.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

/// The PostgreSQL server of this test executable, started with the first use.
postgres_server& database();

/// A schema of its own in database(), with switchyard's tables and a channel of its own.
class schema {
 public:
  schema();

  const std::string& name() const { return name_; }
  /// Runs SQL with the schema in front of the search path; throws with psql's words when it fails.
  void sql(std::string_view statements) const;
  /// The entry under `providers:`.
  std::string provider_yaml(std::string_view more = "") const;

 private:
  std::string name_;
};

/// `INSERT INTO servers …` for one upstream.
std::string insert_server(std::string_view backend, std::string_view name, std::uint16_t port);
/// A backend with settings that no other one has: it takes a reload on every HAProxy.
std::string insert_backend_of_its_own_kind(std::string_view name);

/// Further settings for tests whose source loses on purpose what is in use.
inline const std::string guard_off = "guard: {max_removed: 100%, keep_last_server: false}\n";

struct site_options {
  bool managed = true;
  bool pid_file = false;  ///< attached: reload by SIGUSR2 instead of the master socket
  std::string default_backend = "api-backend";
  std::string base;  ///< text of a base_file in managed mode; "" for none, @FOLDER@ for the site's
                     ///< folder and @PORT@ for its port
  bool frontend = true;                     ///< one on the site's port; else the base_file has it
  std::string frontends;                    ///< further entries under `frontends:`, each a line
  std::string more;                         ///< further top-level settings
  std::string listen = "127.0.0.1:@PORT@";  ///< of the API; @PORT@ for a free port, @FOLDER@ for
                                            ///< the site's folder
  std::string api;  ///< further settings of the section `api`, such as "token_file: t"
  std::string reload = "{min_interval: 100ms, hard_stop_after: 20s}";  ///< @FOLDER@ as in `base`
  std::string reconcile = "1s";
  std::string sockets_in;  ///< a folder for HAProxy's sockets inside the site's own; "" for none
  std::string config_in;   ///< an absolute folder for haproxy.cfg; "" for the site's own
  std::map<std::string, std::string> environment;          ///< more of it, for switchyard
  std::map<std::string, std::string> haproxy_environment;  ///< likewise for an attached HAProxy
};

/// A running switchyard with its HAProxy.
class site {
 public:
  /// Writes the settings and starts everything; waits until HAProxy answers on the frontend's port.
  site(const std::string& providers_yaml, const site_options& options = {});
  ~site();

  std::uint16_t port() const { return port_; }
  std::uint16_t api_port() const { return api_port_; }
  std::string file(std::string_view name) const { return folder_ / name; }
  std::string settings_file() const { return folder_ / "switchyard.yaml"; }
  std::string config_file() const { return config_in_ + "/haproxy.cfg"; }
  std::string runtime_socket() const { return sockets_in_ + "/run.sock"; }
  std::string master_socket() const { return sockets_in_ + "/master.sock"; }
  std::string config_text() const { return read_text(config_file()); }
  std::string log() const { return read_text(folder_ / "switchyard.log"); }
  /// Whether the log comes to tell how a new backend got into HAProxy.
  bool tells_of_backend(const std::string& name) const;
  bool log_has(std::string_view text) const { return log().find(text) != std::string::npos; }
  /// How often a text stands in the log.
  std::size_t log_count(std::string_view text) const;

  /// Starts switchyard (again). stop(): SIGTERM, and its exit code.
  void start_switchyard();
  int stop_switchyard();
  background_process& switchyard() { return *switchyard_; }
  /// Attached mode: the HAProxy of the test.
  background_process& haproxy() { return *haproxy_; }
  void start_haproxy();
  /// The same on the base file alone, with this text added to it: our file is not read.
  void start_haproxy(const std::string& without_ours);

  std::string command(std::string_view line) const { return ask_socket(runtime_socket(), line); }
  /// 0 while HAProxy is away.
  pid_t worker_pid() const;
  pid_t master_pid() const;
  /// Reloads HAProxy behind switchyard's back, and waits for the new worker. A master that is still
  /// busy with its start takes no command, so it is asked again.
  bool reload_by_hand() const;
  /// "address:port weight admin-state" of a server as HAProxy has it; "" when it has none of that
  /// name.
  std::string server(std::string_view backend, std::string_view name) const;
  /// Waits for it.
  bool server_becomes(std::string_view backend, std::string_view name,
                      std::string_view wanted) const;
  bool backend_exists(std::string_view backend) const;
  /// Waits until requests to the frontend are answered by exactly these names, each at least once.
  bool answered_by(const std::vector<std::string>& names) const;

 private:
  temp_dir folder_;
  bool managed_;
  std::uint16_t port_;
  std::uint16_t api_port_;
  std::string sockets_in_;
  std::string config_in_;
  std::map<std::string, std::string> environment_;
  std::map<std::string, std::string> haproxy_environment_;
  std::unique_ptr<background_process> haproxy_;
  std::unique_ptr<background_process> switchyard_;
};

}  // namespace switchyard::tests
