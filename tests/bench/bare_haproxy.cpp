#include "tests/bench/bare_haproxy.hpp"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "haproxy/unix_socket.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests::bench {

namespace {

constexpr std::string_view prompt = "\n> ";
constexpr std::chrono::seconds longest_answer{10};

base::unique_fd connected(const std::string& path) {
  auto fd = haproxy::connect_unix(path, base::deadline(longest_answer));
  if (!fd) throw std::runtime_error(fd.error().message);
  return std::move(fd).value();
}

}  // namespace

bare_haproxy::bare_haproxy(const std::string& runtime_socket, std::string backend)
    : socket_(connected(runtime_socket)), backend_(std::move(backend)) {
  command("prompt\n", 1);
  command("set timeout cli 3600\n", 1);
}

void bare_haproxy::add(const std::string& server, const std::string& at) {
  const auto name = backend_ + "/" + server;
  command("add server " + name + " " + at +
              " weight 100 check inter 2s rise 2 fall 3\nenable health " + name +
              "\nenable server " + name + "\n",
          3);
}

void bare_haproxy::remove(const std::string& server) {
  const auto name = backend_ + "/" + server;
  command("set server " + name + " state maint\n", 1);
  const bool gone = eventually(
      [&] { return command("del server " + name + "\n", 1).find("deleted") != std::string::npos; });
  if (!gone) throw std::runtime_error(name + " cannot be deleted");
}

std::string bare_haproxy::command(const std::string& lines, std::size_t count) {
  const base::deadline until(longest_answer);
  if (const auto sent = haproxy::send_all(socket_.get(), lines, until); !sent)
    throw std::runtime_error(sent.error().message);
  std::string replies;
  std::size_t seen = 0;
  while (count > 0) {
    const auto more = haproxy::receive_some(socket_.get(), replies, until);
    if (!more) throw std::runtime_error(more.error().message);
    if (!*more) throw std::runtime_error("HAProxy closed the conversation");
    for (auto at = replies.find(prompt, seen); at != std::string::npos && count > 0;
         at = replies.find(prompt, seen)) {
      seen = at + prompt.size();
      --count;
    }
  }
  return replies;
}

}  // namespace switchyard::tests::bench
