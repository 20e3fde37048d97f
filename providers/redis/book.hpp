#pragma once

// All keys as they were read last, and the reports that follow from them.
//
// One changed key costs the assembling of its backend, not the reading of others. Pure. Threading:
// one thread.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "model/event.hpp"
#include "providers/redis/keys.hpp"
#include "providers/redis/values.hpp"

namespace switchyard::providers::redis {

class book {
 public:
  /// `prefix` is for showing keys to operators; all keys below are without it. `depth`: of objects
  /// and lists in one another in one value, at most.
  explicit book(std::string prefix, std::size_t depth = 32)
      : prefix_(std::move(prefix)), depth_(depth) {}

  /// A key as it was read now.
  void put(const std::string& key, const content& value);

  /// What changed since the last report of either kind; backends as a whole. Nothing in it when
  /// nothing did.
  model::report changes();
  /// The full view.
  model::report everything();
  /// The backend of that name alone, whether it changed or not.
  model::report only(const std::string& backend) const;

  /// The keys that are there, whatever they hold.
  const std::set<std::string>& keys() const { return keys_; }

 private:
  /// Settings or a server: as decoded, or why not.
  template <class T>
  struct reading {
    std::optional<T> value;
    std::string reason;

    bool operator==(const reading&) const = default;
  };
  struct entry {
    std::optional<reading<model::backend_settings>> settings;  // nothing: no key
    std::map<std::string, reading<model::server>> servers;
  };
  struct route_entry {
    std::optional<model::route> value;
    std::optional<std::pair<std::string, std::string>>
        place;  // in its stored form, where it has one
    std::string reason;

    bool operator==(const route_entry&) const = default;
  };

  void put_settings(const key_name& name, const content& value);
  void put_server(const key_name& name, const content& value);
  void put_route(const std::string& key, const key_name& name, const content& value);
  void put_stray(const std::string& key, const content& value, const std::string& reason);
  void add_backend(const std::string& name, model::report& into) const;
  void refuse_route(model::report& into, const std::string& key, const std::string& reason) const;
  void add_routes(model::report& into) const;
  std::string shown(std::string_view kind, const std::string& rest) const;

  std::string prefix_;
  std::size_t depth_;
  std::set<std::string> keys_;
  std::map<std::string, entry> backends_;
  std::map<std::string, route_entry> routes_;  // by key
  std::map<std::string, std::string> strays_;  // keys that name nothing → why
  std::set<std::string> changed_backends_;
  std::set<std::string> changed_strays_;
  bool routes_changed_ = false;
};

}  // namespace switchyard::providers::redis
