#pragma once

// Whether events can be relied on: judges what CONFIG GET says of notify-keyspace-events, and what
// came of setting it. Pure: answers in, the next command or a verdict out. Threading: one thread.

#include <optional>
#include <string>

#include "config/settings.hpp"
#include "providers/redis/flags.hpp"
#include "providers/redis/reply.hpp"

namespace switchyard::providers::redis {

class notifications {
 public:
  explicit notifications(config::redis_notifications how) : how_(how) {}

  /// Whether a subscription makes sense.
  bool wanted() const { return how_ != config::redis_notifications::off; }
  /// The command whose answer tells the flags; nothing when they are not asked for.
  std::optional<command> question() const;
  /// Takes the answer to question(); returns the command that adds what is missing, nothing when
  /// nothing is or when it may not be asked for.
  std::optional<command> heard(const reply& answer);
  /// Takes the answer to that command.
  void added(const reply& answer);
  /// After a refusal nothing more is asked until this is called.
  void try_again() { denied_ = false; }
  /// A subscription was not permitted.
  void unsubscribed(std::string why);

  /// Whether every change is told of; if not, why().
  bool reliable() const { return wanted() && why_.empty(); }
  const std::string& why() const { return why_; }

 private:
  config::redis_notifications how_;
  bool deaf_ = false;    // no subscription
  bool denied_ = false;  // asking or adding was refused
  std::string why_;
};

}  // namespace switchyard::providers::redis
