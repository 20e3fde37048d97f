#include "api/http_server.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "api/exchange.hpp"

namespace switchyard::api {

namespace {

using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int nicer = 10;              // than the rest of switchyard: traffic comes first
constexpr auto farewell = 2s;          // for a client to read the last answer
constexpr auto shortest_look = 250ms;  // how soon a long-lived answer notices its end
constexpr auto sign_of_life = 15s;     // between two bytes of a long-lived answer

}  // namespace

struct http_server::connection {
  connection(base::unique_fd fd, const std::shared_ptr<tls_context>& tls)
      : io(std::move(fd), tls) {}

  transport io;
  std::atomic<bool> waiting{true};  ///< for its client
  clock::time_point since = clock::now();
  bool cut = false;
  std::thread thread;
};

http_server::http_server(server_settings settings, const router& routes)
    : settings_(std::move(settings)), routes_(routes) {}

http_server::~http_server() {
  stop();
}

base::status http_server::start() {
  if (auto opened = listener_.open(settings_.listen); !opened) return opened;
  stopping_ = false;
  stop_.clear();
  acceptor_ = std::thread([this] { accept_loop(); });
  return {};
}

void http_server::stop() {
  if (!acceptor_.joinable()) return;
  stopping_ = true;
  stop_.notify();
  acceptor_.join();
  listener_.close();
  std::map<std::uint64_t, std::unique_ptr<connection>> rest;
  {
    const std::lock_guard lock(mutex_);
    rest = std::exchange(connections_, {});
    ended_.clear();
  }
  for (auto& [id, c] : rest)
    if (c->waiting) c->io.interrupt();
  for (auto& [id, c] : rest) c->thread.join();
}

// The threads of connections have its priority from this one (sched(7), setpriority(2): on Linux it
// is the thread's own, and new threads begin with it), so that not even their start is in the way.
void http_server::accept_loop() {
  const auto self = static_cast<id_t>(::gettid());
  ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + nicer);
  while (!stopping_) {
    const auto what = base::wait_either(listener_.fd(), stop_, 1s);
    reap();
    if (!what || *what != base::woken::readable) continue;
    while (auto client = listener_.accept()) admit(std::move(*client));
  }
}

/// Joins the threads that are done.
void http_server::reap() {
  std::vector<std::unique_ptr<connection>> done;
  {
    const std::lock_guard lock(mutex_);
    for (const auto id : std::exchange(ended_, {}))
      if (auto node = connections_.extract(id)) done.push_back(std::move(node.mapped()));
  }
  for (auto& c : done) c->thread.join();
}

/// Cuts the connection that has waited longest for its client.
void http_server::make_room() {
  connection* longest = nullptr;
  for (auto& [id, c] : connections_)
    if (!c->cut && c->waiting && (longest == nullptr || c->since < longest->since))
      longest = c.get();
  if (longest == nullptr) return;
  longest->cut = true;
  longest->io.interrupt();
}

void http_server::admit(base::unique_fd client) {
  reap();
  const std::lock_guard lock(mutex_);
  if (connections_.size() >= settings_.limits.connections) make_room();
  // Those that were cut end in a moment; until then a few more are let in.
  if (connections_.size() >= settings_.limits.connections * 5 / 4) return;
  const auto id = next_id_++;
  auto& c =
      *connections_.emplace(id, std::make_unique<connection>(std::move(client), settings_.tls))
           .first->second;
  c.thread = std::thread([this, id, &c] {
    serve(c);
    const std::lock_guard done(mutex_);
    ended_.push_back(id);
  });
}

void http_server::serve(connection& c) {
  const auto may_stream = [this] {
    if (streams_.fetch_add(1) < settings_.limits.streams) return true;
    streams_.fetch_sub(1);
    return false;
  };
  const exchange_setting setting{settings_.access, routes_, settings_.limits,
                                 [&c] { c.waiting = false; }, may_stream};
  for (unsigned n = 1; !stopping_; ++n) {
    auto done = answer_one(c.io, setting, n >= settings_.limits.requests);
    if (done.stream) {
      send_pieces(c, done.stream);
      streams_.fetch_sub(1);
    }
    if (!done.keep) break;
    const std::lock_guard lock(mutex_);
    c.since = clock::now();
    c.waiting = true;
  }
  c.waiting = true;  // for it to read the answer
  c.io.close(base::deadline(farewell));
}

void http_server::send_pieces(connection& c, const pieces& next) {
  auto heard = clock::now();
  while (!stopping_ && !c.io.hung_up()) {
    auto piece = next(shortest_look);
    if (!piece) return;
    if (piece->empty()) {
      if (clock::now() - heard < sign_of_life) continue;
      *piece = ":\n\n";  // a comment of server-sent events
    }
    if (!c.io.write(*piece, base::deadline(settings_.limits.answer))) return;
    heard = clock::now();
  }
}

}  // namespace switchyard::api
