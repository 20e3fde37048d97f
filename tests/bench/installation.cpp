#include "tests/bench/installation.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "haproxy/replies.hpp"
#include "providers/postgres/schema.hpp"
#include "tests/bench/bare_loop.hpp"
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

std::string settings_text(const std::string& dsn, std::uint16_t port) {
  return "haproxy:\n  mode: attached\n  config_file: haproxy.cfg\n  base_file: base.cfg\n"
         "  runtime_socket: run.sock\n  master_socket: master.sock\n"
         "frontends:\n  - name: gateway\n    binds: [{address: 127.0.0.1, port: " +
         std::to_string(port) + "}]\n    default_backend: " + installation::switchyard_backend +
         "\nproviders:\n  - {name: db, type: postgres, dsn: \"" + dsn +
         "\"}\napi: {listen: \"127.0.0.1:" + std::to_string(free_port()) +
         "\"}\nstate_dir: state\n"
         "guard: {max_removed: 100%, keep_last_server: false}\n";  // the one server comes and goes
}

/// Servers that nobody asks: without checks, which would cost HAProxy more than all that is
/// measured here.
std::string population_sql(std::size_t first_backend, std::size_t last_backend) {
  const auto range = "generate_series(" + std::to_string(first_backend) + ", " +
                     std::to_string(last_backend - 1) + ")";
  return "BEGIN; INSERT INTO backends (name, options) SELECT 'population-' || b, "
         "'{\"check\": {\"type\": \"none\"}}' FROM " +
         range +
         " AS b; INSERT INTO servers (backend, name, ip, port) SELECT 'population-' || b, 's' || "
         "s, "
         "'127.0.0.1', 9 FROM " +
         range + " AS b, generate_series(1, " + std::to_string(installation::servers_in_backend) +
         ") AS s; COMMIT;";
}

}  // namespace

installation::installation(const std::string& switchyard_binary) : binary_(switchyard_binary) {
  write_files();
  postgres_.psql("postgres", providers::postgres::schema_sql("public", "switchyard"));
  postgres_.psql("postgres", bare_loop::schema_sql());
  postgres_.psql("postgres", "INSERT INTO servers (backend, name, ip, port, state) SELECT '" +
                                 std::string(switchyard_backend) +
                                 "', 's' || s, '127.0.0.1', 9, 'maint' FROM generate_series(1, " +
                                 std::to_string(servers_in_backend) + ") AS s");
  // HAProxy wants all its files; switchyard makes this one.
  start_switchyard();
  start_haproxy();
}

void installation::write_files() const {
  write_text(folder_ / "base.cfg", base_text(runtime_socket(), bare_port_));
  write_text(folder_ / "switchyard.yaml", settings_text(dsn(), switchyard_port_));
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
  if (!eventually([&] { return running_servers() == servers_in_backend; }, patience))
    throw std::runtime_error("HAProxy did not get its servers:\n" + log() +
                             read_text(folder_ / "haproxy.log"));
}

void installation::populate(std::size_t servers) {
  const auto backends = servers / servers_in_backend;
  if (backends > population_) postgres_.psql("postgres", population_sql(population_, backends));
  population_ = std::max(population_, backends);
  const auto wanted = (population_ + 1) * servers_in_backend;
  if (!eventually([&] { return running_servers() == wanted; }, patience))
    throw std::runtime_error("HAProxy has " + std::to_string(running_servers()) + " servers, not " +
                             std::to_string(wanted) + ":\n" + log());
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
         ", " + field(command("show info"), "\nNbthread") +
         " threads\nPostgreSQL: " + postgres_.psql("postgres", "SHOW server_version");
}

}  // namespace switchyard::tests::bench
