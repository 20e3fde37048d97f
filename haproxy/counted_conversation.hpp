#pragma once

// A conversation whose commands are counted, by kind and by what became of them.
//
// Only those of haproxy/commands.hpp count: the others ask, or belong to a certificate's
// transaction, which is told of as a whole. Threading: one thread.

#include <cstdint>
#include <map>
#include <memory>
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

using command_tally = std::map<command_kind, command_results>;

class counted_conversation final : public conversation {
 public:
  /// `tally` must outlive this.
  counted_conversation(std::unique_ptr<conversation> inner, command_tally& tally)
      : inner_(std::move(inner)), tally_(tally) {}

  base::outcome<std::string> execute_raw(std::string_view command) override {
    return inner_->execute_raw(command);
  }
  base::outcome<std::string> execute_payload(std::string_view command,
                                             std::string_view payload) override {
    return inner_->execute_payload(command, payload);
  }
  std::vector<base::status> execute(std::span<const command> commands) override;
  int fd() const override { return inner_->fd(); }
  bool broken() const override { return inner_->broken(); }

 private:
  std::unique_ptr<conversation> inner_;
  command_tally& tally_;
};

/// How many commands of each kind were confirmed since `before` was taken; those of which none were
/// are left out.
std::map<command_kind, std::uint64_t> done_since(const command_tally& before,
                                                 const command_tally& now);

}  // namespace switchyard::haproxy
