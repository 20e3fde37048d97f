#include "tests/haproxy/gateway_site.hpp"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "haproxy/replies.hpp"
#include "tests/support/server_state.hpp"

namespace switchyard::tests {

namespace {

config::haproxy_settings haproxy_settings_in(const temp_dir& folder, const gateway_options& o) {
  config::haproxy_settings s;
  s.mode = o.managed ? config::haproxy_mode::managed : config::haproxy_mode::attached;
  s.binary = o.unchecked ? "" : haproxy_binary();
  s.config_file = folder / "haproxy.cfg";
  s.runtime_socket = folder / (o.tapped ? "tap.sock" : "run.sock");
  s.master_socket = folder / "master.sock";
  if (!o.managed) s.base_file = folder / "base.cfg";
  s.server_ca_file = o.server_ca_file;
  s.reload.min_interval = std::chrono::milliseconds(0);
  s.reload.hard_stop_after = std::chrono::seconds(20);
  return s;
}

/// The cells of one line of `show stat`.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> result;
  std::istringstream rest(line);
  for (std::string cell; std::getline(rest, cell, ',');) result.push_back(cell);
  return result;
}

void require_success(const base::status& s) {
  if (!s) throw std::runtime_error(s.error().message);
}

}  // namespace

model::server local_server(std::string name, std::uint16_t port) {
  model::server s;
  s.name = std::move(name);
  s.address = "127.0.0.1";
  s.port = port;
  return s;
}

model::backend backend_of(std::string name, std::vector<model::server> servers) {
  model::backend b;
  b.name = std::move(name);
  b.settings.check.type = model::check_type::none;
  b.servers = std::move(servers);
  model::sort_servers(b.servers);
  return b;
}

std::size_t told(const haproxy::apply_report& report, std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      report.notices.begin(), report.notices.end(),
      [&](const haproxy::notice& n) { return n.text.find(text) != std::string::npos; }));
}

std::string words(const haproxy::apply_report& report) {
  std::string all;
  for (const auto& n : report.notices) (all += n.text) += '\n';
  return all;
}

gateway_site::gateway_site(const gateway_options& options) : outside_(options.outside) {
  settings.haproxy = haproxy_settings_in(folder_, options);
  settings.drain_timeout = std::chrono::seconds(5);
  config::frontend_settings frontend;
  frontend.name = "gateway";
  frontend.binds.resize(1);
  frontend.binds[0].address = "127.0.0.1";
  frontend.binds[0].port = free_port();
  frontend.binds.insert(frontend.binds.end(), options.binds.begin(), options.binds.end());
  frontend.default_backend = "web";
  settings.frontends = {frontend};
  if (!options.managed)
    write_text(*settings.haproxy.base_file,
               "global\n    stats socket " + haproxy_socket() +
                   " mode 600 level admin expose-fd listeners\n    hard-stop-after 20s\n");
  if (options.tapped)
    tap_ = std::make_unique<wiretap>(settings.haproxy.runtime_socket, haproxy_socket());
  gateway_ =
      std::make_unique<haproxy::gateway>(settings, outside_ ? outside_(settings.haproxy) : nullptr);
}

gateway_site::~gateway_site() {
  if (gateway_) gateway_->shut_down(std::chrono::milliseconds(0));
}

void gateway_site::begin(const std::vector<model::backend>& desired) {
  haproxy::apply_report report;
  require_success(gateway_->start(now, report));
  haproxy::apply_request request;
  request.revision = ++revision_;
  request.full = true;
  request.complete = true;
  for (const auto& b : desired)
    request.changes.push_back({b.name, std::make_shared<const model::backend>(b)});
  // An attached HAProxy is away still, so that the file takes it all.
  gateway_->apply(request, now);
  if (settings.haproxy.mode == config::haproxy_mode::attached) start_haproxy();
  report = gateway_->reconcile(now);
  if (!report.reachable || !report.waiting.empty())
    throw std::runtime_error("HAProxy is not as desired at the start:\n" + words(report));
}

haproxy::apply_report gateway_site::restart_gateway() {
  gateway_ =
      std::make_unique<haproxy::gateway>(settings, outside_ ? outside_(settings.haproxy) : nullptr);
  haproxy::apply_report report;
  require_success(gateway_->start(now, report));
  return report;
}

haproxy::apply_report gateway_site::apply(const model::backend& backend, bool complete) {
  haproxy::apply_request request;
  request.complete = complete;
  request.changes.push_back({backend.name, std::make_shared<const model::backend>(backend)});
  return apply(request);
}

haproxy::apply_report gateway_site::apply(const haproxy::apply_request& request) {
  auto numbered = request;
  numbered.revision = ++revision_;
  return gateway_->apply(numbered, now);
}

haproxy::apply_report gateway_site::tick_after(std::chrono::milliseconds wait) {
  now += wait;
  return tick();
}

void gateway_site::settle() {
  // When a reload is due is told by the real clock as well.
  const auto until = std::max(now, std::chrono::steady_clock::now()) + std::chrono::seconds(5);
  for (int ticks = 0; gateway_->next_work() && *gateway_->next_work() <= until; ++ticks) {
    if (ticks == 50) throw std::runtime_error("the gateway does not come to rest");
    now = std::max(now, *gateway_->next_work());
    tick();
  }
}

std::string gateway_site::server(std::string_view backend, std::string_view name) const {
  return server_in(command("show servers state " + std::string(backend)), backend, name);
}

std::string gateway_site::stat(std::string_view backend, std::string_view name,
                               std::string_view column) const {
  std::istringstream lines(command("show stat"));
  std::string line;
  std::getline(lines, line);
  const auto titles = cells(line);
  const auto at = std::find(titles.begin(), titles.end(), column) - titles.begin();
  while (std::getline(lines, line)) {
    const auto row = cells(line);
    if (row.size() > 2 && row[0] == backend && row[1] == name)
      return row.at(static_cast<std::size_t>(at));
  }
  return "-";
}

bool gateway_site::backend_exists(std::string_view backend) const {
  std::istringstream lines(command("show backend"));
  for (std::string line; std::getline(lines, line);)
    if (line == backend) return true;
  return false;
}

pid_t gateway_site::worker_pid() const {
  const auto info = haproxy::parse_info(command("show info"));
  return info && !info->stopping ? info->pid : 0;
}

haproxy::master_process gateway_site::processes() const {
  const auto found = haproxy::parse_proc(ask_socket(*settings.haproxy.master_socket, "show proc"));
  return found ? *found : haproxy::master_process{};
}

void gateway_site::reload_by_hand() const {
  const auto before = worker_pid();
  const auto& master = *settings.haproxy.master_socket;
  const auto replaced = [&] {
    const auto there = worker_pid();
    return there != 0 && there != before;
  };
  // Until the old worker stops, it may take new conversations beside the new one.
  const auto stops = [&] {
    if (::kill(before, 0) != 0) return true;
    const auto info = ask_socket(master, "@!" + std::to_string(before) + " show info");
    return info.find("Stopping: 1") != std::string::npos;
  };
  // A master that is still busy with its start takes no command, so it is asked again.
  const bool reloaded = eventually(
      [&] {
        ask_socket(master, "reload");
        return eventually(replaced, std::chrono::seconds(5));
      },
      std::chrono::seconds(30));
  if (!reloaded || !eventually(stops)) throw std::runtime_error("HAProxy was not reloaded");
}

std::vector<std::string> gateway_site::command_line() const {
  return {haproxy_binary(),
          "-W",
          "-S",
          *settings.haproxy.master_socket + ",mode,600",
          "-f",
          *settings.haproxy.base_file,
          "-f",
          settings.haproxy.config_file};
}

void gateway_site::start_haproxy() {
  haproxy_.reset();
  haproxy_ = std::make_unique<background_process>(command_line(), folder_.path() / "haproxy.log");
  // Tens of thousands of servers take long to load where others work beside it.
  const auto answers = [&] { return worker_pid() != 0 && processes().master != 0; };
  if (!eventually(answers, std::chrono::seconds(60)))
    throw std::runtime_error("HAProxy does not start:\n" + read_text(path("haproxy.log")));
}

void gateway_site::hide_sockets() const {
  for (const auto& socket : {haproxy_socket(), *settings.haproxy.master_socket})
    std::filesystem::rename(socket, socket + ".hidden");
}

void gateway_site::show_sockets() const {
  for (const auto& socket : {haproxy_socket(), *settings.haproxy.master_socket})
    std::filesystem::rename(socket + ".hidden", socket);
}

model::backend web_site::web(const std::vector<model::server>& more) {
  std::vector<model::server> servers{local_server("s1"), local_server("s2")};
  servers.insert(servers.end(), more.begin(), more.end());
  return backend_of("web", std::move(servers));
}

}  // namespace switchyard::tests
