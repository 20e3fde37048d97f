#include "tests/bench/bare_loop.hpp"

#include <cstdio>
#include <stdexcept>
#include <utility>

namespace switchyard::tests::bench {

bare_loop::bare_loop(std::unique_ptr<bare_source> source, const std::string& runtime_socket,
                     std::string backend)
    : source_(std::move(source)), haproxy_(runtime_socket, std::move(backend)) {
  thread_ = std::thread([this] { run(); });
}

bare_loop::~bare_loop() {
  stopping_ = true;
  stop_.notify();
  thread_.join();
}

void bare_loop::run() {
  try {
    while (!stopping_) {
      const auto woken = base::wait_either(source_->socket(), stop_, std::chrono::hours(1));
      if (!woken) throw std::runtime_error(woken.error().message);
      for (const auto& server : source_->notifications()) follow(server);
    }
  } catch (const std::exception& e) {
    // The sample that waits for it fails by its deadline.
    std::fprintf(stderr, "bare loop: %s\n", e.what());
  }
}

void bare_loop::follow(const std::string& server) {
  const auto at = source_->read(server);
  if (at.empty())
    haproxy_.remove(server);
  else
    haproxy_.add(server, at);
}

}  // namespace switchyard::tests::bench
