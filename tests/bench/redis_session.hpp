#pragma once

// One connection to Redis by plain hiredis, as a user's own program would have it.
//
// Threading: one thread. Every failure is thrown as std::runtime_error with Redis' words.

#include <hiredis/hiredis.h>

#include <memory>
#include <string>
#include <vector>

namespace switchyard::tests::bench {

class redis_session {
 public:
  explicit redis_session(const std::string& socket);

  /// One command and its answer as text: a string, or the strings of a list with blanks between
  /// them; "" for nothing.
  std::string ask(const std::vector<std::string>& words);
  /// What has been pushed to a subscribed connection, its strings each, without waiting.
  std::vector<std::vector<std::string>> pushed();
  int fd() const { return session_->fd; }

 private:
  struct closer {
    void operator()(redisContext* session) const { ::redisFree(session); }
  };
  std::unique_ptr<redisContext, closer> session_;
};

}  // namespace switchyard::tests::bench
