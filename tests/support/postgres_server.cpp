#include "tests/support/postgres_server.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace switchyard::tests {

namespace {

namespace fs = std::filesystem;

/// Programs of the newest installed version; Debian keeps them out of PATH.
std::string program(const std::string& name) {
  std::string best = name;
  int newest = 0;
  std::error_code none;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
    const int number = std::atoi(version.path().filename().c_str());
    if (number <= newest || !fs::exists(version.path() / "bin" / name)) continue;
    newest = number;
    best = version.path() / "bin" / name;
  }
  return best;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) result.push_back(line);
  return result;
}

constexpr std::string_view configuration = R"(
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
max_connections = 40
shared_buffers = 16MB
wal_level = replica
)";

}  // namespace

std::vector<std::string> postgres_server::as_owner(std::vector<std::string> command) const {
  // The kernel's signal at the parent's death is a safety net for a test that is killed.
  std::vector<std::string> argv{"setpriv", "--pdeathsig", "QUIT"};
  if (::geteuid() == 0)
    argv.insert(argv.end(), {"--reuid=postgres", "--regid=postgres", "--init-groups"});
  argv.insert(argv.end(), command.begin(), command.end());
  return argv;
}

void postgres_server::own_folder() const {
  if (::geteuid() != 0) return;
  const auto* owner = ::getpwnam("postgres");
  if (owner == nullptr || ::chown(folder_.path().c_str(), owner->pw_uid, owner->pw_gid) != 0)
    throw std::runtime_error("PostgreSQL needs a user that is not root: no user postgres");
}

postgres_server::postgres_server() : port_(free_port()) {
  own_folder();
  run_program(as_owner({program("initdb"), "-D", folder_ / "data", "-U", "postgres", "--auth=trust",
                        "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C.UTF-8"}));
  write_text(folder_ / "data/postgresql.conf", configuration);
  start();
}

postgres_server::postgres_server(standby_of source) : port_(free_port()) {
  own_folder();
  run_program(as_owner({program("pg_basebackup"), "-D", folder_ / "data", "-h",
                        source.primary.folder(), "-p", std::to_string(source.primary.port()), "-U",
                        "postgres", "--no-sync", "--checkpoint=fast", "--write-recovery-conf"}));
  start();
}

postgres_server::~postgres_server() {
  try {
    stop();
  } catch (const std::exception&) {
    // The process object ends it the hard way.
  }
}

std::unique_ptr<postgres_server> postgres_server::make_standby() const {
  return std::unique_ptr<postgres_server>(new postgres_server(standby_of{*this}));
}

void postgres_server::start() {
  process_ =
      std::make_unique<background_process>(as_owner({program("postgres"), "-D", folder_ / "data",
                                                     "-k", folder(), "-p", std::to_string(port_)}),
                                           folder_ / "log");
  const auto ready = [&] {
    try {
      return psql("postgres", "SELECT 1") == "1\n";
    } catch (const std::runtime_error&) {
      return !process_->running();
    }
  };
  if (!eventually(ready, std::chrono::seconds(60)) || !process_->running())
    throw std::runtime_error("PostgreSQL did not start: " + log());
}

void postgres_server::stop(mode how) {
  if (!process_) return;
  process_->signal(how == mode::immediate ? SIGQUIT : SIGINT);
  if (!process_->wait(std::chrono::seconds(10))) process_->signal(SIGKILL);
  process_.reset();
}

std::string postgres_server::create_database() {
  static std::atomic<int> count{0};
  auto name = "db" + std::to_string(++count);
  psql("postgres", "CREATE DATABASE " + name);
  return name;
}

std::string postgres_server::dsn(std::string_view database, std::string_view user) const {
  return "host=" + folder() + " port=" + std::to_string(port_) +
         " dbname=" + std::string(database) + " user=" + std::string(user);
}

std::string postgres_server::tcp_dsn(std::string_view database, std::uint16_t port) const {
  return "host=127.0.0.1 port=" + std::to_string(port) + " user=postgres sslmode=disable " +
         "gssencmode=disable dbname=" + std::string(database);
}

std::string postgres_server::psql(std::string_view database, std::string_view sql,
                                  std::string_view user) const {
  const temp_dir scratch;
  write_text(scratch / "script.sql", sql);
  return run_program({program("psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
                      "-v", "ON_ERROR_STOP=1", "-f", scratch / "script.sql", dsn(database, user)});
}

std::vector<pid_t> postgres_server::sessions(std::string_view database) const {
  std::vector<pid_t> found;
  for (const auto& line :
       lines(psql(database,
                  "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                  "AND application_name = 'switchyard'")))
    found.push_back(static_cast<pid_t>(std::atoi(line.c_str())));
  return found;
}

std::size_t postgres_server::terminate_sessions(std::string_view database) const {
  return lines(psql(database,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                    "datname = current_database() AND application_name = 'switchyard'"))
      .size();
}

postgres_server& shared_postgres() {
  static postgres_server server;
  return server;
}

}  // namespace switchyard::tests
