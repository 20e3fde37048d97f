#include "tests/integration/site.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>

#include "haproxy/replies.hpp"
#include "providers/postgres/schema.hpp"
#include "tests/support/server_state.hpp"

namespace switchyard::tests {

namespace {

struct places {
  std::string config_file, runtime_socket, master_socket, api;
};

std::string settings_text(const site_options& o, const places& at, std::uint16_t port,
                          const std::string& providers) {
  std::string haproxy = "haproxy:\n  mode: ";
  haproxy += o.managed ? "managed\n" : "attached\n";
  haproxy += "  binary: " + haproxy_binary() + "\n  config_file: " + at.config_file +
             "\n  runtime_socket: " + at.runtime_socket + "\n";
  if (!o.managed && o.pid_file)
    haproxy += "  pid_file: haproxy.pid\n";
  else
    haproxy += "  master_socket: " + at.master_socket + "\n";
  if (!o.managed || !o.base.empty()) haproxy += "  base_file: base.cfg\n";
  haproxy += "  reload: " + o.reload + "\n";
  const auto gateway =
      "  - name: gateway\n    binds: [{address: 127.0.0.1, port: " + std::to_string(port) +
      "}]\n    default_backend: " + o.default_backend + "\n";
  const auto frontends = (o.frontend ? gateway : "") + o.frontends;
  return haproxy + (frontends.empty() ? "" : "frontends:\n" + frontends) + "providers:\n" +
         providers + "reconcile: {interval: " + o.reconcile + "}\napi: {listen: \"" + at.api +
         "\"" + (o.api.empty() ? "" : ", " + o.api) + "}\nstate_dir: state\n" + o.more;
}

/// What an operator's own haproxy.cfg has in attached mode.
std::string operator_base(const std::string& runtime_socket) {
  return "global\n  stats socket " + runtime_socket +
         " mode 600 level admin expose-fd listeners\n  hard-stop-after 20s\n";
}

std::string filled(std::string text, std::string_view place, const std::string& with) {
  for (auto at = text.find(place); at != std::string::npos; at = text.find(place, at + with.size()))
    text.replace(at, place.size(), with);
  return text;
}

std::string binary() {
  return SWITCHYARD_BINARY;
}

}  // namespace

postgres_server& database() {
  return shared_postgres();
}

schema::schema() {
  static std::atomic<int> next{1};
  name_ = "s" + std::to_string(next++);
  database().psql("postgres", "CREATE SCHEMA " + name_);
  database().psql("postgres", providers::postgres::schema_sql(name_, name_));
}

void schema::sql(std::string_view statements) const {
  database().psql("postgres",
                  "SET search_path = " + name_ + ", public; " + std::string(statements));
}

std::string schema::provider_yaml(std::string_view more) const {
  return "  - {name: db, type: postgres, dsn: \"" + database().dsn("postgres") +
         "\", schema: " + name_ + ", channel: " + name_ + (more.empty() ? "" : ", ") +
         std::string(more) + "}\n";
}

std::string insert_backend_of_its_own_kind(std::string_view name) {
  return "INSERT INTO backends (name, balance) VALUES ('" + std::string(name) + "', 'leastconn');";
}

std::string insert_server(std::string_view backend, std::string_view name, std::uint16_t port) {
  return "INSERT INTO servers (backend, name, ip, port) VALUES ('" + std::string(backend) + "', '" +
         std::string(name) + "', '127.0.0.1', " + std::to_string(port) + "); ";
}

bool site::tells_of_backend(const std::string& name) const {
  return eventually([&] {
    return log_has("new backend " + name) || log_has("backend " + name + " added without a reload");
  });
}

site::site(const std::string& providers_yaml, const site_options& options)
    : managed_(options.managed),
      port_(free_port()),
      api_port_(free_port()),
      sockets_in_(options.sockets_in.empty() ? folder_.path().string()
                                             : folder_ / options.sockets_in),
      config_in_(options.config_in.empty() ? folder_.path().string() : options.config_in),
      environment_(options.environment),
      haproxy_environment_(options.haproxy_environment) {
  const auto listen = filled(filled(options.listen, "@PORT@", std::to_string(api_port_)),
                             "@FOLDER@", folder_.path().string());
  const places files{config_file(), runtime_socket(), master_socket(), listen};
  auto filled_options = options;
  filled_options.reload = filled(options.reload, "@FOLDER@", folder_.path().string());
  write_text(settings_file(), settings_text(filled_options, files, port_, providers_yaml));
  std::filesystem::create_directories(sockets_in_);
  if (managed_) {
    const auto base = filled(filled(options.base, "@FOLDER@", folder_.path().string()), "@PORT@",
                             std::to_string(port_));
    if (!base.empty()) write_text(file("base.cfg"), base);
    start_switchyard();
  } else {
    write_text(file("base.cfg"), operator_base(runtime_socket()));
    // HAProxy wants all its files; switchyard fills this one.
    start_switchyard();
    if (!eventually([&] { return !config_text().empty(); }))
      throw std::runtime_error("no configuration file was written:\n" + log());
    start_haproxy();
  }
  if (!eventually([&] { return http_get(port_).status != 0; }, std::chrono::seconds(20)))
    throw std::runtime_error("the frontend does not answer:\n" + log());
}

site::~site() {
  const auto master = managed_ ? master_pid() : 0;
  switchyard_.reset();
  haproxy_.reset();
  // A switchyard that was killed leaves its HAProxy running; that is what users want, and no test
  // does.
  if (master > 0 && ::kill(master, SIGTERM) == 0) {
    if (!eventually([&] { return ::kill(master, 0) != 0; }, std::chrono::seconds(5)))
      ::kill(master, SIGKILL);
  }
}

std::size_t site::log_count(std::string_view text) const {
  const auto all = log();
  std::size_t n = 0;
  for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++n;
  return n;
}

void site::start_switchyard() {
  switchyard_ = std::make_unique<background_process>(
      std::vector<std::string>{binary(), "run", "--config", settings_file()},
      folder_.path() / "switchyard.log", environment_);
}

int site::stop_switchyard() {
  switchyard_->signal(SIGTERM);
  return switchyard_->wait(std::chrono::seconds(30)).value_or(-1);
}

void site::start_haproxy() {
  haproxy_.reset();
  haproxy_ = std::make_unique<background_process>(
      std::vector<std::string>{haproxy_binary(), "-W", "-S", master_socket() + ",mode,600", "-p",
                               file("haproxy.pid"), "-f", file("base.cfg"), "-f", config_file()},
      folder_.path() / "haproxy.log", haproxy_environment_);
}

pid_t site::worker_pid() const {
  const auto info = haproxy::parse_info(command("show info"));
  return info ? info->pid : 0;
}

pid_t site::master_pid() const {
  const auto proc = haproxy::parse_proc(ask_socket(master_socket(), "show proc"));
  return proc ? proc->master : 0;
}

void site::start_haproxy(const std::string& without_ours) {
  haproxy_.reset();
  write_text(file("alone.cfg"), read_text(file("base.cfg")) + without_ours);
  haproxy_ = std::make_unique<background_process>(
      std::vector<std::string>{haproxy_binary(), "-W", "-S", master_socket() + ",mode,600", "-f",
                               file("alone.cfg")},
      folder_.path() / "haproxy.log");
}

bool site::reload_by_hand() const {
  const auto before = worker_pid();
  return eventually(
      [&] {
        ask_socket(master_socket(), "reload");
        return eventually(
            [&] {
              const auto there = worker_pid();
              return there != 0 && there != before;
            },
            std::chrono::seconds(5));
      },
      std::chrono::seconds(30));
}

std::string site::server(std::string_view backend, std::string_view name) const {
  return server_in(command("show servers state " + std::string(backend)), backend, name);
}

bool site::server_becomes(std::string_view backend, std::string_view name,
                          std::string_view wanted) const {
  return eventually([&] { return server(backend, name) == wanted; });
}

bool site::backend_exists(std::string_view backend) const {
  std::istringstream lines(command("show backend"));
  for (std::string line; std::getline(lines, line);)
    if (line == backend) return true;
  return false;
}

bool site::answered_by(const std::vector<std::string>& names) const {
  const std::set<std::string> wanted(names.begin(), names.end());
  return eventually([&] {
    std::set<std::string> seen;
    for (const auto& [name, count] : sample(port_, static_cast<int>(names.size()) * 3 + 3))
      seen.insert(name);
    return seen == wanted;
  });
}

}  // namespace switchyard::tests
