#pragma once

// What is known to be refused of one provider, by key.
//
// Found by what it belongs to as well: what changes cost follows the size of their report, not how
// much else is refused. Plain values; threading: none.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/event.hpp"

namespace switchyard::model {

class known_refusals {
 public:
  /// Of one key, as the source names objects: more than one when two of them are shown alike.
  using list = std::vector<refusal>;

  known_refusals() = default;
  explicit known_refusals(const list& refused);

  const std::map<std::string, list>& by_key() const { return by_key_; }
  /// nullptr: nothing of that key is refused.
  const list* find(const std::string& key) const;
  /// Replaces what is known of that key; an empty list forgets it.
  void put(const std::string& key, list now);
  /// Whether these changes show that any is gone or mended.
  bool settled_by(const report& changes) const;
  /// Forgets those. Returns the keys of which nothing is left.
  std::vector<std::string> settle(const report& changes);

  bool operator==(const known_refusals&) const = default;

 private:
  std::set<std::string> named_by(const report& changes) const;

  std::map<std::string, list> by_key_;
  std::map<std::string, std::set<std::string>> by_backend_;  // → keys
  std::set<std::string> routes_;                             // keys
};

}  // namespace switchyard::model
