#pragma once

// What goes out to the sink: nothing twice.
//
// Threading: one thread.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/known_refusals.hpp"
#include "providers/provider.hpp"

namespace switchyard::providers {

class publisher {
 public:
  explicit publisher(sink& target) : target_(target) {}

  /// Reports unless every part equals what was reported last; of a full view, that it does.
  void report(model::report report);
  /// The full view was looked at, and is what was reported last.
  void unchanged();
  /// The backend as it was last reported; nullptr: there is none.
  const model::backend_event* known(const std::string& name) const;
  /// `note`: what works but not at its best, "" usually.
  void live(std::string note = "");
  void degraded(std::string reason);

 private:
  bool news(const model::report& report) const;
  void remember(const model::report& report);
  void health(model::provider_health health);

  sink& target_;
  bool anything_ = false;  // a full view was reported
  std::map<std::string, model::backend_event> backends_;
  std::optional<std::vector<model::route>> routes_;
  std::set<model::place> refused_routes_;
  std::optional<std::set<model::place>> gone_routes_;
  model::known_refusals refused_;
  model::provider_health health_;  // connecting, as the sink assumes
};

}  // namespace switchyard::providers
