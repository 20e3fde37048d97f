#include "tests/bench/installation.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "haproxy/replies.hpp"
#include "tests/bench/machine.hpp"
#include "tests/support/haproxy_server.hpp"

namespace switchyard::tests::bench {

namespace {

constexpr std::chrono::seconds patience{120};

/// The same settings as switchyard renders, so that both backends cost HAProxy the same.
std::string base_text(const std::string& runtime_socket, std::uint16_t port) {
  std::string text = "global\n  stats socket " + runtime_socket +
                     " mode 600 level admin expose-fd listeners\n  hard-stop-after 20s\n"
                     "defaults bare-http\n  mode http\n  option redispatch\n  retries 3\n"
                     "  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n"
                     "  timeout http-request 10s\n  timeout http-keep-alive 10s\n"
                     "frontend bare-gateway from bare-http\n  no log\n  bind 127.0.0.1:" +
                     std::to_string(port) +
                     "\n  option idle-close-on-response\n  option forwardfor\n  default_backend " +
                     installation::bare_backend + "\nbackend " + installation::bare_backend +
                     " from bare-http\n  balance roundrobin\n";
  for (std::size_t i = 0; i < installation::servers_in_backend; ++i)
    text += "  server s" + std::to_string(i) +
            " 127.0.0.1:9 weight 100 check inter 2s rise 2 fall 3 disabled\n";
  return text;
}

std::string settings_text(const std::string& providers,
                          const std::map<std::string, std::uint16_t>& ports,
                          std::uint16_t api_port) {
  std::string text =
      "haproxy:\n  mode: attached\n  config_file: haproxy.cfg\n  base_file: base.cfg\n"
      "  runtime_socket: run.sock\n  master_socket: master.sock\nfrontends:\n";
  for (const auto& [backend, port] : ports)
    if (backend != installation::bare_backend)
      text += "  - {name: to-" + backend +
              ", binds: [{address: 127.0.0.1, port: " + std::to_string(port) +
              "}], default_backend: " + backend + "}\n";
  return text + "providers:\n" + providers +
         "api: {listen: \"127.0.0.1:" + std::to_string(api_port) +
         "\"}\nstate_dir: state\n"
         "guard: {max_removed: 100%, keep_last_server: false}\n";  // the one server comes and goes
}

}  // namespace

installation::installation(const std::string& switchyard_binary, const std::string& providers,
                           const std::vector<std::string>& backends)
    : binary_(switchyard_binary) {
  for (const auto& backend : backends) ports_[backend] = free_port();
  ports_[bare_backend] = free_port();
  write_text(folder_ / "base.cfg", base_text(runtime_socket(), ports_.at(bare_backend)));
  write_text(folder_ / "switchyard.yaml", settings_text(providers, ports_, api_port_));
  // HAProxy wants all its files; switchyard makes this one.
  start_switchyard();
  start_haproxy();
}

void installation::start_switchyard() {
  switchyard_ = std::make_unique<background_process>(
      std::vector<std::string>{binary_, "run", "--config", folder_ / "switchyard.yaml"},
      folder_ / "switchyard.log");
  if (!eventually([&] { return !read_text(folder_ / "haproxy.cfg").empty(); }, patience))
    throw std::runtime_error("switchyard wrote no configuration:\n" + log());
}

void installation::start_haproxy() {
  haproxy_ = std::make_unique<background_process>(
      std::vector<std::string>{haproxy_binary(), "-W", "-S", folder_ / "master.sock,mode,600", "-f",
                               folder_ / "base.cfg", "-f", folder_ / "haproxy.cfg"},
      folder_ / "haproxy.log");
  wait_for_servers((ports_.size() - 1 - ports_.count(backend_by_hand)) * servers_in_backend);
}

void installation::wait_for_servers(std::size_t wanted) const {
  if (!eventually([&] { return running_servers() == wanted; }, patience))
    throw std::runtime_error("HAProxy has " + std::to_string(running_servers()) + " servers, not " +
                             std::to_string(wanted) + ":\n" + log() +
                             read_text(folder_ / "haproxy.log"));
}

std::string installation::command(const std::string& line) const {
  return ask_socket(runtime_socket(), line);
}

void installation::wait_until_gone(const std::string& backend, const std::string& server) const {
  const bool gone = eventually([&] {
    const auto state = haproxy::parse_servers_state(command("show servers state " + backend));
    return state && state->contains(backend) && !state->at(backend).contains(server);
  });
  if (!gone) throw std::runtime_error(backend + "/" + server + " stays:\n" + log());
}

void installation::wait_until_saved_without(const std::string& prefix) const {
  const bool saved = eventually([&] {
    return read_text(folder_ / "haproxy.cfg").find("    server " + prefix) == std::string::npos;
  });
  if (!saved) throw std::runtime_error("the last sample stays in the file:\n" + log());
}

/// Those that come from switchyard.
std::size_t installation::running_servers() const {
  const auto state = haproxy::parse_servers_state(command("show servers state"));
  std::size_t count = 0;
  if (!state) return count;
  for (const auto& [backend, servers] : *state)
    if (backend != bare_backend) count += servers.size();
  return count;
}

pid_t installation::haproxy_worker() const {
  const auto info = haproxy::parse_info(command("show info"));
  return info ? info->pid : 0;
}

std::string installation::versions() const {
  std::string answer = run_program({binary_, "version"});
  answer.resize(std::min(answer.find('\n'), answer.size()));
  return "switchyard: " + answer + "\nHAProxy:    " + field(command("show info"), "\nVersion") +
         ", " + field(command("show info"), "\nNbthread") + " threads\n";
}

}  // namespace switchyard::tests::bench
