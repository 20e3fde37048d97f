#pragma once

// Reading keys, each batch in one transaction of Redis, and noticing what no event tells of.
//
// FLUSHDB, FLUSHALL and SWAPDB raise no event for the keys that go or change. But they touch keys
// that a connection watches (WATCH), and the next EXEC of that connection then answers nil. So one
// known key is watched at all times, and every EXEC, of a reading or of a beat, is also the
// question whether the database was replaced.
//
// A hash is read as a whole or not at all. One of hundreds of megabytes would cost the connection,
// and Redis as much memory again; so its size is asked for first.
//
// Threading: one thread.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/outcome.hpp"
#include "providers/redis/connection.hpp"
#include "providers/redis/values.hpp"

namespace switchyard::providers::redis {

/// Keys without the prefix → what they hold.
using contents = std::map<std::string, content>;

/// Failures of all calls: those of connection, after which it must not be used any more, and
/// errc::refused: Redis said no (not permitted, still loading), and the connection goes on.
class reader {
 public:
  /// `between` is called between the parts of long readings; its failure ends them. `most_bytes`:
  /// of what one reading gives.
  reader(std::unique_ptr<connection> session, std::string prefix, std::chrono::milliseconds timeout,
         std::size_t most_bytes, std::function<base::status()> between = {});

  /// The names of all keys with the prefix, without it. What was remembered of others is forgotten.
  base::outcome<std::set<std::string>> names();
  /// What these keys hold; keys that are not there have content::type::none.
  base::outcome<contents> read(const std::set<std::string>& keys);

  /// Runs `more` after a transaction that reads nothing.
  base::outcome<std::vector<reply>> beat(const std::vector<command>& more);

  /// The key that is watched from the next transaction on; nothing: none is known.
  void watch(std::optional<std::string> key) { watched_ = std::move(key); }
  const std::optional<std::string>& watched() const { return watched_; }
  /// Whether the watched key was touched, or was not there, since this was asked last.
  bool take_disturbed() { return std::exchange(disturbed_, false); }
  /// What Redis does not permit and what follows from it, for the operator; "" for nothing.
  std::string remarks() const;

  /// The connection's, for noticing that it was closed.
  int socket() const { return session_->socket(); }

 private:
  base::outcome<std::vector<reply>> transaction(const std::vector<command>& inner,
                                                const std::vector<command>& after = {});
  base::outcome<std::optional<std::vector<reply>>> attempt(const std::vector<command>& inner,
                                                           const std::vector<command>& after);
  void arm(std::vector<reply>& answers);
  bool read_as_text(const std::string& key) const;
  command reading_of(const std::string& key) const;
  base::status ask_sizes(const std::vector<std::string>& keys);
  const std::string* large_size(const std::string& key) const;
  base::status read_some(const std::vector<std::string>& keys, contents& into,
                         std::vector<std::string>& again);

  std::unique_ptr<connection> session_;
  std::string prefix_;
  std::chrono::milliseconds timeout_;
  std::size_t most_bytes_;
  std::function<base::status()> between_;
  std::size_t bytes_ = 0;        // of the reading so far
  std::set<std::string> texts_;  // keys of backends and servers that hold strings
  /// Of the part that is being read: hashes that are not, and what they have.
  std::map<std::string, std::string> too_large_;
  std::optional<std::string> watched_;
  bool armed_ = false;        // a WATCH is in force
  bool memory_full_ = false;  // the last transaction was refused for it
  bool disturbed_ = false;
  std::string without_watch_;  ///< why keys cannot be watched, "" when they can
  std::string without_sizes_;  ///< why Redis does not tell how large a hash is, "" when it does
};

}  // namespace switchyard::providers::redis
