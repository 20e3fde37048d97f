#pragma once

// A conversation whose commands are counted, by kind and by what became of them.
//
// Those of haproxy/commands.hpp and haproxy/certificate_commands.hpp count; the others ask, and
// change nothing. Threading: one thread.

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "haproxy/conversation.hpp"

namespace switchyard::haproxy {

/// What became of commands of one kind.
struct command_results {
  std::uint64_t done = 0;     ///< HAProxy confirmed it
  std::uint64_t refused = 0;  ///< HAProxy refused it
  std::uint64_t lost = 0;     ///< the conversation broke: nobody knows

  bool operator==(const command_results&) const = default;
};

/// By the kind's name as logs and metrics have it: "add server", "set ssl cert".
using command_tally = std::map<std::string_view, command_results>;

class counted_conversation final : public conversation {
 public:
  /// `tally` must outlive this.
  counted_conversation(std::unique_ptr<conversation> inner, command_tally& tally)
      : inner_(std::move(inner)), tally_(tally) {}

  base::outcome<std::string> execute_raw(std::string_view command) override;
  base::outcome<std::string> execute_payload(std::string_view command,
                                             std::string_view payload) override;
  std::vector<base::status> execute(std::span<const command> commands) override;
  int fd() const override { return inner_->fd(); }
  bool broken() const override { return inner_->broken(); }

 private:
  void count(std::string_view command, const base::outcome<std::string>& reply);

  std::unique_ptr<conversation> inner_;
  command_tally& tally_;
};

/// How many commands of each kind were confirmed since `before` was taken; those of which none were
/// are left out.
std::map<std::string_view, std::uint64_t> done_since(const command_tally& before,
                                                     const command_tally& now);

}  // namespace switchyard::haproxy
