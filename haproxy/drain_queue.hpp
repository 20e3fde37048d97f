#pragma once

// Servers on their way out: drained, then in maintenance, then deleted. Nothing is forgotten until
// it is gone.
//
// Pure: time comes in as a parameter. Threading: one thread.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace switchyard::haproxy {

class drain_queue {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  /// Backend and server.
  using key = std::pair<std::string, std::string>;

  explicit drain_queue(std::chrono::milliseconds drain_timeout) : timeout_(drain_timeout) {}

  /// Who may still come to a server in drain.
  enum class visitors {
    none,
    persistent  ///< clients with its cookie: it stays for the whole drain timeout
  };

  /// Notes that a server was put into drain at `now`. One that is in the queue already keeps its
  /// time.
  void add(const key& server, time_point now, visitors who = visitors::none);
  /// Nobody comes to it any more, not even with its cookie: its whole backend goes.
  void unvisited(const key& server);
  /// The server is gone, or wanted again.
  void forget(const key& server) { entries_.erase(server); }
  void forget_backend(const std::string& backend);
  void clear() { entries_.clear(); }
  void set_timeout(std::chrono::milliseconds drain_timeout) { timeout_ = drain_timeout; }

  bool contains(const key& server) const { return entries_.contains(server); }
  /// The servers of one backend that are on their way out.
  std::vector<std::string> of(const std::string& backend) const;
  std::size_t size() const { return entries_.size(); }
  /// The servers to look at now, by backend.
  std::map<std::string, std::vector<std::string>> due(time_point now) const;
  /// When to look next.
  std::optional<time_point> next() const;

  /// Whether a server with that many connections in use may be deleted: none are left and nobody
  /// comes any more, or its drain timeout has passed (then HAProxy itself refuses as long as there
  /// are any, and we retry).
  bool may_delete(const key& server, std::uint64_t connections, time_point now) const;
  /// Notes a look that did not end in a deletion: the next one comes later, up to a second apart.
  void postpone(const key& server, time_point now);

 private:
  struct entry {
    time_point since;
    time_point next_look;
    std::chrono::milliseconds wait;
    visitors who;
  };

  std::chrono::milliseconds timeout_;
  std::map<key, entry> entries_;
};

}  // namespace switchyard::haproxy
