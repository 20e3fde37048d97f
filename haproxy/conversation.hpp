#pragma once

// A conversation on HAProxy's runtime API, as those who talk see it.
//
// haproxy/runtime.hpp is the one with a worker; a preview (haproxy/preview.hpp) holds one with a
// picture of it. Threading: one thread at a time.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/outcome.hpp"
#include "haproxy/commands.hpp"

namespace switchyard::haproxy {

class conversation {
 public:
  virtual ~conversation() = default;

  /// Sends one command and returns its reply without the prompt and without surrounding newlines.
  /// `command` must be one line of HAProxy's grammar made by haproxy/commands.hpp, or an operator's
  /// own; errc::invalid when it is empty, `prompt` or `quit`, begins with `@`, holds a newline, an
  /// unescaped `;` or `<<`, or exceeds 16,000 bytes.
  /// After errc::timeout, errc::protocol or errc::unavailable the conversation is over.
  virtual base::outcome<std::string> execute_raw(std::string_view command) = 0;

  /// Sends one command that takes a payload: `command` as above, without the `<<` that opens the
  /// payload; `payload` is lines of printable ASCII, each ended and none empty (an empty line ends
  /// the payload, and HAProxy 2.6 takes what follows as commands). errc::invalid: it is not, or
  /// both exceed 16,000 bytes. The other errors are the same.
  virtual base::outcome<std::string> execute_payload(std::string_view command,
                                                     std::string_view payload) = 0;

  /// Sends commands in order, pipelined, and returns one verdict each: the reply was the one that
  /// haproxy/commands.hpp expects, or errc::refused with HAProxy's words. When the conversation
  /// breaks, the commands from there on get that error: whether they took effect is unknown.
  virtual std::vector<base::status> execute(std::span<const command> commands) = 0;

  /// Becomes readable when HAProxy closes the conversation (it sends nothing on its own).
  virtual int fd() const = 0;
  virtual bool broken() const = 0;

 protected:
  conversation() = default;
  conversation(const conversation&) = default;
  conversation(conversation&&) = default;
  conversation& operator=(const conversation&) = default;
  conversation& operator=(conversation&&) = default;
};

}  // namespace switchyard::haproxy
