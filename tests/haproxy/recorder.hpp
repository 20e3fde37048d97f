#pragma once

// The real surroundings of a gateway, with everything that is done to HAProxy written down as a
// preview writes it.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/rehearsal.hpp"
#include "tests/haproxy/passing_surroundings.hpp"

namespace switchyard::tests {

using deeds = std::vector<haproxy::rehearsed>;

/// Passes on what it is given, and notes what does not only ask.
class noting_conversation final : public haproxy::conversation {
 public:
  noting_conversation(std::unique_ptr<haproxy::conversation> real, std::shared_ptr<deeds> notes)
      : real_(std::move(real)), notes_(std::move(notes)) {}

  base::outcome<std::string> execute_raw(std::string_view command) override {
    if (!haproxy::only_asks(command)) note(command);
    return real_->execute_raw(command);
  }
  base::outcome<std::string> execute_payload(std::string_view command,
                                             std::string_view payload) override {
    note(command);
    return real_->execute_payload(command, payload);
  }
  std::vector<base::status> execute(std::span<const haproxy::command> commands) override {
    for (const auto& c : commands) note(c.line);
    return real_->execute(commands);
  }
  int fd() const override { return real_->fd(); }
  bool broken() const override { return real_->broken(); }

 private:
  void note(std::string_view line) {
    notes_->push_back({haproxy::rehearsed::deed::command, std::string(line)});
  }

  std::unique_ptr<haproxy::conversation> real_;
  std::shared_ptr<deeds> notes_;
};

class recorder final : public passing_surroundings {
 public:
  recorder(const settings& s, std::shared_ptr<deeds> notes)
      : passing_surroundings(haproxy::real_surroundings(s)), notes_(std::move(notes)) {}

  base::outcome<haproxy::way> reach_worker(const settings& s,
                                           const haproxy::incumbent& known) override {
    auto found = passing_surroundings::reach_worker(s, known);
    if (found)
      found->conversation =
          std::make_unique<noting_conversation>(std::move(found->conversation), notes_);
    return found;
  }
  base::outcome<haproxy::reload_result> reload(const settings& s,
                                               const haproxy::capabilities& can) override {
    notes_->push_back({haproxy::rehearsed::deed::reload, ""});
    return passing_surroundings::reload(s, can);
  }
  base::outcome<haproxy::reload_result> reload_by_signal(const settings& s,
                                                         pid_t old_worker) override {
    notes_->push_back({haproxy::rehearsed::deed::reload, ""});
    return passing_surroundings::reload_by_signal(s, old_worker);
  }
  base::status ensure_running(std::chrono::milliseconds longest) override {
    if (!alive()) notes_->push_back({haproxy::rehearsed::deed::start, ""});
    return passing_surroundings::ensure_running(longest);
  }

 private:
  std::shared_ptr<deeds> notes_;
};

}  // namespace switchyard::tests
