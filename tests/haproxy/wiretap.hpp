#pragma once

// A socket between the gateway and HAProxy: it passes everything on, remembers the commands, and
// breaks a conversation exactly where a test wants it.

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "tests/haproxy/fake_socket.hpp"

namespace switchyard::tests {

class wiretap {
 public:
  /// Listens at `path`; every connection leads to `target`, or is closed when nobody is there.
  wiretap(const std::string& path, std::string target);
  ~wiretap();
  wiretap(const wiretap&) = delete;
  wiretap& operator=(const wiretap&) = delete;

  /// How many commands began with this so far.
  std::size_t count(std::string_view command) const;

  enum class cut {
    before,  ///< HAProxy never sees the command; what came before it is answered
    after,   ///< HAProxy carries the command out, and nobody hears its answer
  };
  /// Breaks the next conversation in which a command begins with this, once.
  void break_at(cut where, std::string command);

  /// Answers the next command that begins with this, once, in HAProxy's place: it never sees it.
  void answer_with(std::string command, std::string text);

  /// Does this, once, before HAProxy gets the next command that begins so; whoever waits for its
  /// answer waits for that too. It must not talk through the tap.
  void meanwhile(std::string command, std::function<void()> what);

 private:
  struct conversation;
  struct trap {
    cut where;
    std::string command;
  };
  struct errand {
    std::string command;
    std::function<void()> what;
  };

  struct lie {
    std::string command;
    std::string answer;
  };

  void serve();
  void accept(std::vector<conversation>& open) const;
  void from_client(conversation& c);
  static void from_haproxy(conversation& c);
  std::optional<cut> note(const std::string& line);
  std::function<void()> take_errand(const std::string& line);
  std::optional<std::string> take_answer(const std::string& line);

  fake_socket socket_;
  std::string target_;
  base::wakeup stop_;
  mutable std::mutex mutex_;
  std::vector<std::string> commands_;  // guarded by mutex_
  std::optional<trap> trap_;           // guarded by mutex_
  std::optional<errand> errand_;       // guarded by mutex_
  std::optional<lie> lie_;             // guarded by mutex_
  std::thread thread_;
};

}  // namespace switchyard::tests
