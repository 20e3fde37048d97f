#include "tests/support/haproxy_server.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/subprocess.hpp"

namespace switchyard::tests {

std::string ask_socket(const std::string& socket, std::string_view line,
                       std::chrono::milliseconds longest) {
  const base::deadline until(longest);
  const base::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) throw std::runtime_error("too long: " + socket);
  socket.copy(address.sun_path, socket.size());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return "";
  const auto text = std::string(line) + "\n";
  if (::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return "";
  ::shutdown(fd.get(), SHUT_WR);
  std::string answer;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto ready = base::wait_readable(fd.get(), until);
    if (!ready || !*ready) return "";
    const auto n = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (n <= 0) return answer;
    answer.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

std::string haproxy_binary() {
  const char* chosen = std::getenv("HAPROXY_UNDER_TEST");
  return chosen != nullptr ? chosen : "haproxy";
}

bool haproxy_adds_backends() {
  const auto said = base::run({{haproxy_binary(), "-v"}, {}, std::chrono::seconds(10)});
  if (!said) throw std::runtime_error(said.error().message);
  const auto at = said->output.find("version ") + 8;
  unsigned major = 0;
  unsigned minor = 0;
  if (std::sscanf(said->output.c_str() + at, "%u.%u", &major, &minor) != 2)
    throw std::runtime_error("no version: " + said->output);
  return std::pair(major, minor) >= std::pair(3U, 4U);
}

std::string haproxy_head(const std::string& runtime_socket) {
  return "global\n    stats socket " + runtime_socket +
         " mode 600 level admin expose-fd listeners\n"
         "    stats timeout 60s\n    hard-stop-after 5s\n    log stderr local0 err\n"
         "defaults\n    mode http\n    timeout connect 2s\n    timeout client 10s\n"
         "    timeout server 10s\n    option idle-close-on-response\n";
}

std::string haproxy_site(std::uint16_t port, std::string_view backend, std::string_view servers) {
  std::string text = "frontend f" + std::to_string(port) +
                     "\n    bind 127.0.0.1:" + std::to_string(port) + "\n    default_backend ";
  text.append(backend).append("\nbackend ").append(backend).append("\n    balance roundrobin\n");
  return text.append(servers).append(servers.ends_with('\n') ? "" : "\n");
}

haproxy_server::haproxy_server(std::string_view sections) {
  configure(sections);
  process_ = std::make_unique<background_process>(
      std::vector<std::string>{haproxy_binary(), "-W", "-S", master_socket() + ",mode,600", "-p",
                               pid_file(), "-f", config_file()},
      folder_ / "log");
  // 2.6 opens its master socket a moment after its worker has begun to answer.
  const bool answers = eventually(
      [&] {
        return (worker_pid() > 0 && !master_command("show proc").empty()) || !process_->running();
      },
      std::chrono::seconds(30));
  if (!answers || !process_->running())
    throw std::runtime_error("HAProxy did not come up:\n" + log());
}

void haproxy_server::configure(std::string_view sections) {
  write_text(config_file(), haproxy_head(runtime_socket()).append(sections));
}

pid_t haproxy_server::worker_pid() const {
  const auto info = command("show info");
  constexpr std::string_view label = "\nPid: ";
  const auto at = info.find(label);
  return at == std::string::npos ? 0 : std::atoi(info.c_str() + at + label.size());
}

}  // namespace switchyard::tests
