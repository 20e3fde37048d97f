#pragma once

// A gateway and its HAProxy without actors around them: the test says what happens, and when.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "haproxy/gateway.hpp"
#include "tests/haproxy/wiretap.hpp"
#include "tests/support/haproxy_server.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

/// A server on 127.0.0.1.
model::server local_server(std::string name, std::uint16_t port = 1);
/// A backend of these servers, without health checks.
model::backend backend_of(std::string name, std::vector<model::server> servers);

/// How many notices of a report hold a text.
std::size_t told(const haproxy::apply_report& report, std::string_view text);
/// All notices, for the log of a test.
std::string words(const haproxy::apply_report& report);

struct gateway_options {
  bool managed = false;                        ///< else attached
  bool tapped = false;                         ///< the gateway's conversations go through tap()
  bool unchecked = false;                      ///< attached, with no program for `haproxy -c`
  std::vector<config::bind_settings> binds{};  ///< further ones of the frontend
  std::optional<std::string> server_ca_file{};
  /// What the gateway has around it; the real ones when this is not set.
  std::function<std::unique_ptr<haproxy::surroundings>(const config::haproxy_settings&)> outside{};
};

class gateway_site {
 public:
  using time_point = haproxy::gateway::time_point;

  explicit gateway_site(const gateway_options& options = {});
  /// Ends HAProxy.
  ~gateway_site();
  gateway_site(const gateway_site&) = delete;
  gateway_site& operator=(const gateway_site&) = delete;

  /// Starts the gateway, gives it this as all that is desired, and brings HAProxy up with it.
  void begin(const std::vector<model::backend>& desired);

  haproxy::gateway& gateway() { return *gateway_; }
  /// A gateway that knows nothing, as after a restart of switchyard; it has had its start(). Around
  /// it is what the options say.
  haproxy::apply_report restart_gateway();
  /// Ends the gateway for good, as when switchyard is killed; HAProxy goes on for somebody else.
  void end_gateway() { gateway_.reset(); }

  /// The calls of the gateway, at `now`.
  haproxy::apply_report apply(const model::backend& backend, bool complete = true);
  haproxy::apply_report apply(const haproxy::apply_request& request);
  haproxy::apply_report reconcile() { return gateway_->reconcile(now); }
  haproxy::apply_report tick() { return gateway_->tick(now); }
  /// Lets this long pass, and ticks.
  haproxy::apply_report tick_after(std::chrono::milliseconds wait);
  /// Lets what is due within five seconds happen: drains, reloads, and saves, which come less often
  /// where they take long.
  void settle();

  /// What HAProxy has: "address:port weight state" of a server, "" when there is none of that name.
  std::string server(std::string_view backend, std::string_view name) const;
  /// One column of a server in `show stat` ("slim", "bck", "status"); "-" when there is no server.
  std::string stat(std::string_view backend, std::string_view name, std::string_view column) const;
  bool backend_exists(std::string_view backend) const;
  std::string command(std::string_view line) const { return ask_socket(haproxy_socket(), line); }
  pid_t worker_pid() const;
  haproxy::master_process processes() const;
  std::string file() const { return read_text(settings.haproxy.config_file); }
  bool file_has(std::string_view text) const { return file().find(text) != std::string::npos; }

  /// Reloads HAProxy behind the gateway's back and waits for the new worker; whoever talks to the
  /// old one keeps it alive.
  void reload_by_hand() const;
  /// Attached: how HAProxy is started.
  std::vector<std::string> command_line() const;
  /// Attached: starts HAProxy (again).
  void start_haproxy();
  background_process& haproxy_process() { return *haproxy_; }
  /// Puts both sockets out of reach of new conversations, and back.
  void hide_sockets() const;
  void show_sockets() const;

  wiretap& tap() { return *tap_; }
  std::uint16_t port() const { return settings.frontends.front().binds.front().port; }
  std::string path(std::string_view name) const { return folder_ / name; }

  haproxy::gateway_settings settings;
  time_point now = std::chrono::steady_clock::now();

 private:
  std::string haproxy_socket() const { return folder_ / "run.sock"; }

  temp_dir folder_;
  std::unique_ptr<background_process> haproxy_;
  std::unique_ptr<wiretap> tap_;
  decltype(gateway_options::outside) outside_;
  std::unique_ptr<haproxy::gateway> gateway_;
  std::uint64_t revision_ = 0;
};

/// Attached, with a backend "web" of s1 and s2.
struct web_site : gateway_site {
  explicit web_site(const gateway_options& options = {}) : gateway_site(options) { begin({web()}); }

  /// The backend "web" of s1, s2 and these.
  static model::backend web(const std::vector<model::server>& more = {});
};

struct tapped_web_site : web_site {
  tapped_web_site() : web_site({.tapped = true}) {}
};

}  // namespace switchyard::tests
