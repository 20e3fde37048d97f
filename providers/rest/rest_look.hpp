#pragma once

// One look at all URLs of a rest provider: asks those that are due, reads what they answer, merges.
//
// Threading: one thread.

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "providers/polling_provider.hpp"
#include "providers/rest/endpoint.hpp"
#include "providers/rest/transfers.hpp"

namespace switchyard::providers::rest {

class rest_look {
 public:
  /// `settings` are those that check() takes.
  explicit rest_look(const config::rest_settings& settings);

  /// Comes back when something was answered, or failed; the first time when every URL was heard of.
  /// There is a view once every URL has been read: one that is missing is not empty.
  base::outcome<polled> operator()(const base::wakeup* stop);

 private:
  using clock = endpoint::clock;

  bool ask_those_due();
  bool take(transfers::finished&& ended, const base::wakeup* stop);
  void read(endpoint& from, const base::wakeup* stop);
  void renew_connections();
  clock::time_point next_due() const;
  polled result();
  std::uint32_t dice() { return static_cast<std::uint32_t>(random_()); }

  config::rest_settings settings_;
  std::vector<endpoint> endpoints_;
  std::optional<transfers> transfers_;
  identity who_;
  std::string stamps_;  ///< of the files that TLS uses
  bool news_ = false;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace switchyard::providers::rest
