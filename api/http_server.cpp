#include "api/http_server.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

#include "api/exchange.hpp"
#include "base/stand_back.hpp"

namespace switchyard::api {

namespace {

using namespace std::chrono_literals;

constexpr int nicer = 10;        // than the rest of switchyard: traffic comes first
constexpr auto farewell = 2s;    // for a client to read the last answer
constexpr auto patience = 2s;    // with answers under way when the server stops
constexpr auto respite = 100ms;  // when no client can be taken
constexpr std::chrono::milliseconds shortest_look = 250ms;  // how soon what waits notices the end
constexpr auto sign_of_life = 15s;  // between two bytes of a long-lived answer
constexpr unsigned at_once = 4;     // new clients in a `breath`: a burst of them is spread
constexpr unsigned at_most = 16;    // where so many come that they fill the queue
constexpr auto breath = 5ms;
constexpr auto idle = 2s;  // how long a thread is kept for the next connection

}  // namespace

struct http_server::connection {
  connection(base::unique_fd fd, const std::shared_ptr<tls_context>& tls)
      : io(std::move(fd), tls) {}

  transport io;
  // Guarded by the server's mutex, like the two below it:
  bool waiting = true;  ///< for its client
  clock::time_point since = clock::now();
  bool cut = false;
};

http_server::http_server(server_settings settings, const router& routes)
    : settings_(std::move(settings)), routes_(routes), threads_(idle) {}

http_server::~http_server() {
  stop();
}

base::status http_server::start() {
  if (auto opened = listener_.open(settings_.listen); !opened) return opened;
  stopping_ = false;
  stop_.clear();
  try {
    acceptor_ = std::thread([this] { accept_loop(); });
  } catch (const std::system_error& why) {
    listener_.close();
    return base::error{base::errc::io, std::string("no thread can be started: ") + why.what()};
  }
  return {};
}

void http_server::stop() {
  if (!acceptor_.joinable()) return;
  stopping_ = true;
  stop_.notify();
  acceptor_.join();
  listener_.close();
  {
    std::unique_lock lock(mutex_);
    for (auto& [id, c] : connections_)
      if (c->waiting) cut(*c);
    ended_.wait_for(lock, patience, [&] { return connections_.empty(); });
    for (auto& [id, c] : connections_) c->io.interrupt();
  }
  threads_.stop();
}

// The threads of connections begin as this one is, so that not even their start is in the way.
void http_server::accept_loop() {
  base::stand_back(nicer);
  auto begun = clock::now();
  for (unsigned taken = 0; !stopping_;) {
    const auto what = base::wait_either(listener_.fd(), stop_, 1s);
    threads_.join_ended();
    if (!what) std::this_thread::sleep_for(respite);
    if (!what || *what != base::woken::readable) continue;
    auto client = listener_.accept();
    // No descriptor is left for it, say: it stays in the queue, and readable.
    if (!client) wait_for_the_end(respite);
    for (; client && !stopping_; client = listener_.accept()) {
      admit(std::move(*client));
      if (++taken < at_once || (taken < at_most && listener_.crowded())) continue;
      wait_for_the_end(breath - (clock::now() - begun));
      threads_.join_ended();
      begun = clock::now();
      taken = 0;
    }
  }
}

/// Returns at the server's end, or after so long, which may be negative.
void http_server::wait_for_the_end(clock::duration longest) {
  if (longest <= 0ms) return;
  static_cast<void>(base::wait_readable(
      stop_.fd(), base::deadline(std::chrono::ceil<std::chrono::milliseconds>(longest))));
}

/// Cuts the connection that has waited longest for its client.
void http_server::make_room() {
  connection* longest = nullptr;
  for (auto& [id, c] : connections_)
    if (!c->cut && c->waiting && (longest == nullptr || c->since < longest->since))
      longest = c.get();
  if (longest == nullptr) return;
  cut(*longest);
}

/// With the mutex held, so that no request is being answered by then.
void http_server::cut(connection& c) {
  c.cut = true;
  c.io.interrupt();
}

void http_server::admit(base::unique_fd client) {
  const std::lock_guard lock(mutex_);
  if (connections_.size() >= settings_.limits.connections) make_room();
  // Those that were cut end in a moment; until then a few more are let in.
  if (connections_.size() >= settings_.limits.connections * 5 / 4) return;
  const auto id = next_id_++;
  try {
    auto& c =
        *connections_.emplace(id, std::make_unique<connection>(std::move(client), settings_.tls))
             .first->second;
    threads_.run([this, id, &c] { run(id, c); });
  } catch (const std::exception&) {
    // The system gives no thread or no memory. This client is turned away; the next one may find
    // the place of one that does nothing.
    connections_.erase(id);
    make_room();
  }
}

/// The whole life of a connection.
void http_server::run(std::uint64_t id, connection& c) {
  try {
    serve(c);
  } catch (const std::exception&) {
    c.io.interrupt();  // no memory is left: this client's connection ends, and nothing else
  }
  decltype(connections_)::node_type ended;  // goes without the mutex
  const std::lock_guard lock(mutex_);
  ended = connections_.extract(id);
  ended_.notify_all();
}

/// Whether its request is to be answered: nobody would have the answer of one that has been cut.
bool http_server::begin_answer(connection& c) {
  const std::lock_guard lock(mutex_);
  c.waiting = false;
  return !c.cut;
}

void http_server::serve(connection& c) {
  // As long as a request may take, and no longer than the server runs and its client is there.
  const auto wait_for = [&](auto& from) {
    const base::deadline until(settings_.limits.request);
    auto taken = from.take(std::min(until.left(), shortest_look));
    while (!taken && !until.passed() && !stopping_ && !c.io.hung_up())
      taken = from.take(std::min(until.left(), shortest_look));
    return taken;
  };
  const exchange_setting setting{settings_.access,
                                 routes_,
                                 settings_.limits,
                                 [&] { return begin_answer(c); },
                                 [this] { return streams_.take(0ms); },
                                 [&] { return wait_for(large_bodies_); },
                                 [&] { return wait_for(turn_); }};
  for (unsigned n = 1; !stopping_; ++n) {
    auto done = answer_one(c.io, setting, n >= settings_.limits.requests);
    if (done.stream) send_pieces(c, done.stream);
    if (!done.keep) break;
    const std::lock_guard lock(mutex_);
    c.since = clock::now();
    c.waiting = true;
  }
  {
    const std::lock_guard lock(mutex_);
    c.waiting = true;  // for it to read the answer
  }
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
