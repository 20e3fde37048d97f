#pragma once

// One URL of a rest provider: when it is asked what, and what its answers mean.
//
// Pure: time and randomness come in as parameters. Threading: none.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "model/event.hpp"
#include "providers/polling_provider.hpp"
#include "providers/rest/identity.hpp"
#include "providers/rest/transfers.hpp"
#include "providers/rest/url.hpp"

namespace switchyard::providers::rest {

class endpoint {
 public:
  using clock = std::chrono::steady_clock;

  /// Between two long polls, so that a source that changes all the time is not asked all the time.
  static constexpr std::chrono::milliseconds least_pause{100};
  /// The same after an answer that came without a change.
  static constexpr std::chrono::milliseconds unchanged_pause{1000};
  /// The longest time without a question that has no conditions, for what a 304 has hidden.
  static constexpr std::chrono::seconds longest_conditional{60};
  /// What a source can ask for with Retry-After.
  static constexpr std::chrono::hours longest_retry_after{1};

  endpoint(const config::rest_settings& settings, location where);

  /// When it wants to be asked.
  clock::time_point due() const { return due_; }
  /// What to ask now.
  request next(const identity& who, clock::time_point now);
  /// What is on its way was given up: it is due again.
  void give_up(clock::time_point now);

  /// What an answer calls for.
  enum class verdict {
    again,    ///< ask at once: it leads elsewhere
    settled,  ///< nothing: there is no news, or a fault
    read,     ///< body() is news: then accept() or reject()
  };
  verdict take(base::outcome<answer> got, clock::time_point now, std::uint32_t random);
  const std::string& body() const { return latest_.body; }
  const std::string& content_type() const { return latest_.content_type; }
  void accept(model::report view, clock::time_point now, std::uint32_t random);
  /// Also for what went wrong before it could be asked. The last good view stays.
  void reject(const std::string& why, clock::time_point now, std::uint32_t random);

  /// The last good view.
  const std::optional<model::report>& view() const { return view_; }
  /// It was asked, and has had an answer or a fault.
  bool settled() const { return settled_; }
  /// Why its last answer did not count; "" when it did.
  const std::string& fault() const { return fault_; }
  const std::string& note() const { return note_; }
  const std::string& shown() const { return where_.shown; }
  /// `text` without what must not be shown.
  std::string masked(std::string text, const identity& who) const;

 private:
  verdict redirected(const answer& got, clock::time_point now, std::uint32_t random);
  verdict refused(const answer& got, clock::time_point now, std::uint32_t random);
  verdict good(clock::time_point now, std::uint32_t random);
  void follow_index(const std::string& told, clock::time_point now);
  std::vector<std::string> conditions() const;
  std::chrono::milliseconds patience() const;

  config::rest_settings settings_;
  location where_;
  location target_;  ///< where_, or where that leads to
  polling_schedule schedule_;
  clock::time_point due_{};
  clock::time_point began_{};  ///< the first request of those that follow redirects
  unsigned redirects_ = 0;
  answer latest_;
  answer good_;                   ///< the one that view_ is of
  clock::time_point whole_at_{};  ///< when it is to be asked without conditions
  std::uint64_t index_ = 0;       ///< of the long poll; 0: none yet
  std::optional<model::report> view_;
  bool settled_ = false;
  std::string fault_;
  std::string note_;
};

}  // namespace switchyard::providers::rest
