#include "tests/support/http_api.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

namespace switchyard::tests {

namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

base::unique_fd listen_at(const sockaddr* address, socklen_t size) {
  base::unique_fd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), address, size) != 0) throw_errno("bind");
  if (::listen(fd.get(), SOMAXCONN) != 0) throw_errno("listen");
  return fd;
}

base::unique_fd listen_at(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return listen_at(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

base::unique_fd connect_to(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  base::unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw_errno("connect");
  return fd;
}

base::unique_fd listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return listen_at(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

http_api::request parse(const std::string& head) {
  const auto first = head.find(' ');
  const auto second = head.find(' ', first + 1);
  return {head.substr(0, first), head.substr(first + 1, second - first - 1), head};
}

}  // namespace

std::string http_api::request::field(std::string_view name) const {
  const auto wanted = "\r\n" + std::string(name) + ":";
  const auto at = std::search(head.begin(), head.end(), wanted.begin(), wanted.end(),
                              [](char a, char b) { return lower(a) == lower(b); });
  if (at == head.end()) return "";
  auto value = std::string(at + static_cast<std::ptrdiff_t>(wanted.size()), head.end());
  value.resize(value.find('\r'));
  return value.substr(std::min(value.find_first_not_of(' '), value.size()));
}

/// The server's side of TLS.
class http_api::tls_context {
 public:
  explicit tls_context(const options& how) : context_(::SSL_CTX_new(::TLS_server_method())) {
    write_text(folder_ / "server.pem", how.certificate->pem());
    const auto file = folder_ / "server.pem";
    if (::SSL_CTX_use_certificate_chain_file(context_.get(), file.c_str()) != 1 ||
        ::SSL_CTX_use_PrivateKey_file(context_.get(), file.c_str(), SSL_FILETYPE_PEM) != 1)
      throw std::runtime_error("the server's certificate cannot be used");
    if (how.client_authority.empty()) return;
    ::SSL_CTX_load_verify_locations(context_.get(), how.client_authority.c_str(), nullptr);
    ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         nullptr);
  }
  SSL_CTX* get() const { return context_.get(); }

 private:
  struct closer {
    void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
  };
  temp_dir folder_;
  std::unique_ptr<SSL_CTX, closer> context_;
};

/// One connection, plain or TLS.
class http_api::stream {
 public:
  stream(int fd, const tls_context* tls) : fd_(fd) {
    if (tls == nullptr) return;
    ssl_.reset(::SSL_new(tls->get()));
    ::SSL_set_fd(ssl_.get(), fd);
    open_ = ::SSL_accept(ssl_.get()) == 1;
  }

  bool open() const { return open_; }
  /// "" at the end.
  std::string read() {
    std::array<char, 16384> buffer;
    const auto n = ssl_ ? ::SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()))
                        : static_cast<int>(::recv(fd_.get(), buffer.data(), buffer.size(), 0));
    return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : "";
  }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ssl_ ? ::SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                          : static_cast<int>(::send(fd_.get(), bytes.data(), bytes.size(), 0));
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  int fd() const { return fd_.get(); }

 private:
  struct closer {
    void operator()(SSL* ssl) const { ::SSL_free(ssl); }
  };
  base::unique_fd fd_;
  std::unique_ptr<SSL, closer> ssl_;
  bool open_ = true;
};

http_api::http_api(handler answer) : http_api(std::move(answer), options{}) {}

http_api::http_api(handler answer, const options& how)
    : answer_(std::move(answer)), tunnels_to_(how.tunnels_to) {
  if (how.certificate) tls_ = std::make_unique<tls_context>(how);
  if (how.socket.empty()) port_ = free_port();
  listener_ = how.socket.empty() ? listen_at(port_) : listen_at(how.socket);
  thread_ = std::thread([this] { serve(); });
}

http_api::~http_api() {
  stop_.notify();
  thread_.join();
  for (auto& one : conversations_) one.join();
}

std::string http_api::url(std::string_view path) const {
  return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) +
         std::string(path);
}

std::vector<http_api::request> http_api::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

http_api::reply http_api::answer(int status, std::string_view body, std::string_view fields) {
  return {"HTTP/1.1 " + std::to_string(status) +
              " Whatever\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
              std::string(fields) + "\r\n" + std::string(body),
          {},
          false,
          false};
}

void http_api::serve() {
  for (;;) {
    const auto woken = base::wait_either(listener_.get(), stop_, std::chrono::hours(1));
    if (woken && *woken == base::woken::notified) return;
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++accepted_;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conversations_.emplace_back([this, fd] { converse(fd); });
  }
}

void http_api::converse(int fd) {
  // Who goes away must not end the test; blocked, the signal ends with this thread.
  sigset_t broken_pipe;
  ::sigemptyset(&broken_pipe);
  ::sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  // A client that says nothing must not keep this thread past the end of the test.
  const timeval longest{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
  stream client(fd, tls_.get());
  std::string text;
  while (client.open()) {
    const auto end = text.find("\r\n\r\n");
    if (end != std::string::npos) {
      auto asked = parse(text.substr(0, end + 2));
      text.erase(0, end + 4);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(asked);
      }
      if (tunnels_to_ != 0 && asked.method == "CONNECT") return tunnel(client, text);
      if (!send(client, answer_(asked))) return;
      continue;
    }
    if (text.empty()) {
      const auto woken = base::wait_either(client.fd(), stop_, std::chrono::hours(1));
      if (!woken || *woken == base::woken::notified) return;
    }
    const auto more = client.read();
    if (more.empty()) return;
    text += more;
  }
}

/// Passes on what both sides say until one of them ends. `first`: what the client has said already.
void http_api::tunnel(stream& client, const std::string& first) const {
  stream server(connect_to(tunnels_to_).release(), nullptr);
  if (!client.write("HTTP/1.1 200 Connection established\r\n\r\n") || !server.write(first)) return;
  std::array<pollfd, 3> ends{
      {{client.fd(), POLLIN, 0}, {server.fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
  while (::poll(ends.data(), ends.size(), -1) > 0 && ends[2].revents == 0) {
    if (ends[0].revents != 0) {
      const auto said = client.read();
      if (said.empty() || !server.write(said)) return;
    }
    if (ends[1].revents != 0) {
      const auto said = server.read();
      if (said.empty() || !client.write(said)) return;
    }
  }
}

/// false: that was the last thing on this connection.
bool http_api::send(stream& to, const reply& what) {
  if (what.byte_pause.count() == 0) {
    if (!to.write(what.bytes)) return false;
  } else {
    for (const char byte : what.bytes) {
      const auto stopped = base::wait_readable(stop_.fd(), base::deadline(what.byte_pause));
      if (!stopped || *stopped || !to.write({&byte, 1})) return false;
    }
  }
  for (std::uint64_t i = 0; i < what.blocks; ++i) {
    if (!to.write(what.block)) return false;
    streamed_ += what.block.size();
  }
  if (what.hold)
    static_cast<void>(base::wait_readable(stop_.fd(), base::deadline(std::chrono::hours(1))));
  return !what.close && !what.hold;
}

}  // namespace switchyard::tests
