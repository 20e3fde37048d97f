#pragma once

// One connection to a Redis: commands and their answers, and what is pushed to a subscriber. The
// only file that knows hiredis, of which it uses the protocol alone.
//
// Threading: one thread. Every call has a deadline and can be interrupted. A connection that was
// lost stays lost: nothing reconnects behind the caller's back, since that would hide lost events.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "providers/redis/reply.hpp"
#include "providers/redis/stream.hpp"

struct redisReader;

namespace switchyard::providers::redis {

/// Failures of all calls mean that the connection must not be used any more: errc::unavailable, it
/// is lost; errc::timeout, no whole answer came in time; errc::protocol, the answer is none of
/// Redis or too long. What Redis refuses is a reply, not a failure.
class connection {
 public:
  /// `interrupt` may be null; it must outlive the connection.
  static base::outcome<std::unique_ptr<connection>> open(const endpoint& to, const tls_files& files,
                                                         const base::wakeup* interrupt,
                                                         std::chrono::milliseconds longest);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Sends all commands at once and waits for an answer to each, `longest` for all of them.
  base::outcome<std::vector<reply>> ask(const std::vector<command>& commands,
                                        std::chrono::milliseconds longest);
  /// Sends and does not wait for answers, which arrived() and await() give.
  base::status send(const command& one, std::chrono::milliseconds longest);
  /// What has arrived and nobody has taken. Does not wait, and leaves the rest for the next call
  /// once it has a great many.
  base::outcome<std::vector<reply>> arrived();
  /// The next that arrives.
  base::outcome<reply> await(const base::deadline& until);

  /// Readable when something may have arrived, or the connection was lost; after arrived() only.
  int socket() const { return stream_->socket(); }

 private:
  struct free_reader {
    void operator()(redisReader* reader) const noexcept;
  };

  explicit connection(std::unique_ptr<stream> opened);
  base::outcome<bool> take(reply& next);
  base::status feed(std::string_view bytes);

  std::unique_ptr<stream> stream_;
  std::unique_ptr<redisReader, free_reader> reader_;
};

}  // namespace switchyard::providers::redis
