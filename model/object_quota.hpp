#pragma once

// How many objects (backends, servers and routes together) one provider may have.
//
// A report that would take the provider past its quota is not taken, and what was taken before
// stays: more than anybody meant is a mistake of the source, and half of it would be one, too. What
// is not taken is remembered, so that it is there as soon as the source fits again; meanwhile
// changes that need no more room go on.
//
// Pure. Threading: one thread. Costs follow the size of what a report names.

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "model/event.hpp"

namespace switchyard::model {

/// How many objects a backend is as the event leaves it. `before`: as how many it counts now.
std::size_t objects_in(const backend_event& event, std::size_t before);
/// Likewise the routes of a report that has them. Of a list that is not whole, those that the
/// source is known to have.
std::size_t routes_in(const report& incoming);

class object_quota {
 public:
  /// At most `most` objects; 0: no limit.
  explicit object_quota(std::size_t most) : most_(most) {}

  /// What is to be taken in the place of the report; nothing: nothing is.
  std::optional<report> take(report incoming);
  /// The source has more than may be taken.
  bool over() const { return refused_.has_value(); }
  /// How many objects the source has, taken or not.
  std::size_t count() const;
  std::size_t most() const { return most_; }

 private:
  struct sizes {
    std::map<std::string, std::size_t> backends;  // by name, with their servers
    std::size_t routes = 0;
    std::size_t total = 0;
  };

  std::size_t size_after(const report& incoming) const;
  bool fits(const report& incoming) const;
  std::optional<report> pass(report incoming);

  std::size_t most_;
  sizes taken_;
  std::optional<report> refused_;  // all that came since the first report that was not taken
};

}  // namespace switchyard::model
