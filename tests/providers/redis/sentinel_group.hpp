#pragma once

// A master, a replica and three sentinels.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/providers/redis/fixture.hpp"

namespace switchyard::tests {

/// A redis-sentinel on a free port.
class sentinel {
 public:
  explicit sentinel(std::uint16_t master, const std::string& more = "") : port_(free_port()) {
    write_text(folder_ / "sentinel.conf", "bind 127.0.0.1\nport " + std::to_string(port_) +
                                              "\ndir " + folder_.path().string() +
                                              "\nsentinel monitor mymaster 127.0.0.1 " +
                                              std::to_string(master) +
                                              " 2\nsentinel down-after-milliseconds mymaster 1000\n"
                                              "sentinel failover-timeout mymaster 5000\n" +
                                              more);
    process_ = std::make_unique<background_process>(
        std::vector<std::string>{"setpriv", "--pdeathsig", "KILL", "redis-sentinel",
                                 folder_ / "sentinel.conf"},
        folder_ / "log");
  }
  ~sentinel() { process_->signal(SIGKILL); }
  sentinel(const sentinel&) = delete;
  sentinel& operator=(const sentinel&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  pid_t pid() const { return process_->pid(); }
  std::string cli(std::vector<std::string> words) const {
    std::vector<std::string> argv{"redis-cli", "-p", std::to_string(port_)};
    argv.insert(argv.end(), words.begin(), words.end());
    try {
      return run_program(argv);
    } catch (const std::runtime_error&) {
      return "";
    }
  }

 private:
  temp_dir folder_;
  std::uint16_t port_;
  std::unique_ptr<background_process> process_;
};

struct group {
  redis_server one;
  redis_server two;
  std::vector<std::unique_ptr<sentinel>> watching;

  /// With more lines of configuration for each of them.
  explicit group(const std::string& of_one = "", const std::string& of_two = "",
                 const std::string& of_sentinels = "")
      : one(of_one), two("replicaof 127.0.0.1 " + std::to_string(one.port()) + "\n" + of_two) {
    for (int i = 0; i < 3; ++i)
      watching.push_back(std::make_unique<sentinel>(one.port(), of_sentinels));
    const auto knows_all = [](const std::unique_ptr<sentinel>& s) {
      const auto said = s->cli({"SENTINEL", "MASTER", "mymaster"});
      return contains(said, "num-other-sentinels\n2\n") && contains(said, "num-slaves\n1\n") &&
             contains(s->cli({"SENTINEL", "REPLICAS", "mymaster"}), "master-link-status\nok\n");
    };
    BOOST_REQUIRE(eventually([&] { return std::ranges::all_of(watching, knows_all); }, 30s));
  }

  config::redis_settings settings() const {
    config::redis_settings result;
    result.url = "redis:///0";
    result.master = "mymaster";
    for (const auto& s : watching) result.sentinels.push_back(s->address());
    result.resync = 1h;
    return result;
  }
  /// Of somebody who knows of no sentinels.
  config::redis_settings settings_of_one() const {
    config::redis_settings result;
    result.url = one.url();
    result.resync = 1h;
    return result;
  }
  static void enter(const redis_server& server, const std::string& name) {
    server.cli({"HSET", "switchyard:server:api:" + name, "address", "10.0.0.1", "port", "80"});
  }
};

/// A server whose role changes closes its connections, which is no answer yet.
inline bool has_role(const redis_server& server, std::string_view role) {
  try {
    return server.cli({"ROLE"}).starts_with(role);
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace switchyard::tests
