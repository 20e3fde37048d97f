#include "tests/support/redis_server.hpp"

#include <csignal>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace switchyard::tests {

namespace {

std::string trimmed(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

redis_server::redis_server(std::string_view more, std::map<std::string, std::string> environment)
    : port_(free_port()), environment_(std::move(environment)) {
  std::string text = "bind 127.0.0.1\nport " + std::to_string(port_) + "\nunixsocket " + socket() +
                     "\ndir " + folder() + "\nsave \"\"\nappendonly no\ndaemonize no\n" +
                     "enable-debug-command yes\n";
  text += more;
  write_text(folder_ / "redis.conf", text + "\n");
  start();
}

redis_server::~redis_server() {
  // A stopped process takes no SIGTERM.
  if (process_) process_->signal(SIGKILL);
}

void redis_server::start() {
  // The kernel's signal at the parent's death is a safety net for a test that is killed.
  process_ = std::make_unique<background_process>(
      std::vector<std::string>{"setpriv", "--pdeathsig", "KILL", "redis-server",
                               folder_ / "redis.conf"},
      folder_ / "log", environment_);
  const auto ready = [&] {
    try {
      const auto said = cli({"PING"});
      return said.starts_with("PONG") || said.starts_with("NOAUTH") || !process_->running();
    } catch (const std::runtime_error&) {
      return !process_->running();
    }
  };
  if (!eventually(ready, std::chrono::seconds(30)) || !process_->running())
    throw std::runtime_error("Redis did not start: " + log());
}

void redis_server::kill() {
  process_->signal(SIGKILL);
  process_->wait(std::chrono::seconds(10));
}

std::string redis_server::url(unsigned database) const {
  return "redis://127.0.0.1:" + std::to_string(port_) + "/" + std::to_string(database);
}

std::string redis_server::cli(const std::vector<std::string>& words, unsigned database) const {
  std::vector<std::string> argv{"redis-cli", "-s", socket(), "-n", std::to_string(database)};
  argv.insert(argv.end(), words.begin(), words.end());
  return trimmed(run_program(argv));
}

std::string redis_server::pipe(std::string_view lines, unsigned database) const {
  const temp_dir scratch;
  write_text(scratch / "commands", lines);
  return trimmed(run_program({"sh", "-c", "exec redis-cli -s \"$0\" -n \"$1\" < \"$2\"", socket(),
                              std::to_string(database), scratch / "commands"}));
}

std::size_t redis_server::clients() const {
  std::istringstream lines(cli({"CLIENT", "LIST"}));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);)
    if (contains(line, " name=switchyard ")) ++count;
  return count;
}

std::size_t redis_server::kill_clients(std::string_view kind) const {
  std::istringstream lines(cli({"CLIENT", "LIST"}));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!contains(line, " name=switchyard ")) continue;
    if (!kind.empty() && !contains(line, kind)) continue;
    const auto id = line.substr(3, line.find(' ') - 3);
    if (cli({"CLIENT", "KILL", "ID", id}) == "1") ++count;
  }
  return count;
}

redis_server& shared_redis() {
  static redis_server server;
  return server;
}

}  // namespace switchyard::tests
