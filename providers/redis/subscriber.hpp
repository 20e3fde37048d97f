#pragma once

// The connection that hears of changes. Threading: one thread.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "providers/redis/connection.hpp"

namespace switchyard::providers::redis {

class subscriber {
 public:
  /// Failures as those of connection, after which the subscriber must not be used any more.
  subscriber(std::unique_ptr<connection> session, std::chrono::milliseconds timeout)
      : session_(std::move(session)), timeout_(timeout) {}

  /// Subscribes to the channels that begin with this. errc::refused: Redis said no.
  base::status subscribe(const std::string& channel_prefix);

  /// The names of the channels, without the prefix, of what has arrived since. Does not wait.
  base::outcome<std::vector<std::string>> take();
  /// The same of all that Redis has published until now.
  base::outcome<std::vector<std::string>> take_all();

  /// Asks for a sign of life; errc::timeout when the one that was asked for `timeout` ago has not
  /// come.
  base::status beat(std::chrono::steady_clock::time_point now);

  int socket() const { return session_->socket(); }

 private:
  void sort(const reply& pushed, std::vector<std::string>& into);

  std::unique_ptr<connection> session_;
  std::chrono::milliseconds timeout_;
  std::string prefix_;
  std::size_t asked_ = 0;     // signs of life
  std::size_t answered_ = 0;  // likewise
  std::chrono::steady_clock::time_point asked_at_{};
};

}  // namespace switchyard::providers::redis
