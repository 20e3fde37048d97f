#pragma once

// What tests of the API's server share: a server with a few endpoints, and a client that is written
// and read by hand.

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "api/http_server.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

/// A connection that is written and read by hand.
class raw_client {
 public:
  explicit raw_client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  }

  void send(std::string_view text) const {
    BOOST_TEST(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0);
  }

  /// All that comes until `part` has come, the end, or the deadline.
  std::string read_until(std::string_view part,
                         std::chrono::milliseconds longest = std::chrono::seconds(10)) {
    const base::deadline until(longest);
    while (!contains(text_, part)) {
      const auto ready = base::wait_readable(fd_.get(), until);
      if (!ready || !*ready) break;
      std::array<char, 4096> block{};
      const auto n = ::recv(fd_.get(), block.data(), block.size(), 0);
      if (n <= 0) {
        ended_ = true;
        break;
      }
      text_.append(block.data(), static_cast<std::size_t>(n));
    }
    return std::exchange(text_, {});
  }

  /// Is gone from now on, with a reset.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }

  bool ends(std::chrono::milliseconds longest = std::chrono::seconds(10)) {
    read_until("\x01", longest);
    return ended_;
  }

 private:
  base::unique_fd fd_;
  std::string text_;
  bool ended_ = false;
};

struct served {
  std::uint16_t port = free_port();
  api::router routes;
  std::atomic<int> pieces_sent{0};
  std::unique_ptr<api::http_server> server;
  api::server_settings settings;

  served() {
    routes.add("GET", "/hello/{name}", [](const api::request& r) {
      api::reply answer;
      answer.body = nlohmann::json{{"name", r.parameter("name")}}.dump();
      return answer;
    });
    routes.add("PUT", "/echo", [](const api::request& r) {
      api::reply answer;
      answer.body = r.body;
      return answer;
    });
    routes.add("GET", "/throws",
               [](const api::request&) -> api::reply { throw std::runtime_error("the inside"); });
    routes.add("GET", "/stream", [this](const api::request&) {
      api::reply answer;
      answer.type = "text/event-stream";
      answer.stream = [this](std::chrono::milliseconds) -> std::optional<std::string> {
        const int n = ++pieces_sent;
        return n <= 3 ? "data: " + std::to_string(n) + "\n\n" : "";
      };
      return answer;
    });
    settings.listen = "127.0.0.1:" + std::to_string(port);
  }

  void start() {
    server = std::make_unique<api::http_server>(settings, routes);
    const auto started = server->start();
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(started), (started ? "" : started.error().message));
  }
};

inline const std::string ordinary = "GET /hello/you HTTP/1.1\r\nHost: localhost\r\n\r\n";

}  // namespace switchyard::tests
