#pragma once

// What the manager remembers for /v1/status: how providers fare, what the writer did last.
//
// Pure: time comes in as a parameter. Bounded: the last passes and reloads, the first names of
// each. Threading: owned by the manager.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/pass_kind.hpp"
#include "actors/refusal_log.hpp"
#include "api/status.hpp"
#include "config/settings.hpp"
#include "haproxy/apply.hpp"
#include "model/desired_state.hpp"

namespace switchyard::actors {

class status_book {
 public:
  using steady_time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kept_passes = 20;
  static constexpr std::size_t kept_reloads = 20;
  static constexpr std::size_t kept_names = 20;    ///< backends of a pass, reasons of a reload
  static constexpr std::size_t kept_objects = 20;  ///< refusals of a provider, collisions

  /// Another list of providers; those that stay keep what is known of them.
  void configure(const config::settings& settings);
  void reported(const std::string& provider, api::wall_time now);
  /// Until it reports, the view of that time stands in for it.
  void serves_last_good(const std::string& provider, api::wall_time as_of);
  /// What was known before, where this is something else.
  std::optional<model::provider_health> health(const std::string& provider,
                                               const model::provider_health& health,
                                               steady_time now);
  /// A pass of the writer over `backends` (none: all).
  void passed(pass_kind kind, const haproxy::apply_report& report,
              const std::vector<std::string>& backends, api::wall_time now);

  /// Everything but the actors, at that moment by both clocks. `read`: how long ago providers read
  /// their full views.
  api::status view(const model::desired_state& desired, const refusal_log& refusals,
                   api::wall_time now, steady_time steady_now,
                   const std::map<std::string, std::chrono::seconds>& read) const;

 private:
  struct entry {
    std::string type;
    model::provider_health health;
    std::optional<api::wall_time> last_report;
    std::optional<api::wall_time> last_good;
    std::optional<steady_time> left;  // when it was live last; nothing: it is
  };

  static void tell_age(api::provider_status& of, const entry& known, api::wall_time now,
                       steady_time steady_now, std::optional<std::chrono::seconds> read);

  api::status base_;
  std::vector<std::string> order_;
  std::map<std::string, entry> providers_;
  std::deque<api::apply_status> recent_;
  std::deque<api::reload_status> reloads_;
};

}  // namespace switchyard::actors
