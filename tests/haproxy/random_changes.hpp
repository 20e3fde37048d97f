#pragma once

// A desired state that random changes are made to, as an operator's source would see them.

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "haproxy/apply.hpp"
#include "model/backend.hpp"

namespace switchyard::tests {

/// One change. Numbers that do not fit are taken modulo what there is, so that every list of
/// changes has a meaning.
struct random_change {
  enum class kind {
    add_server,
    remove_server,
    weight,
    state,
    address,
    maxconn,
    backup,
    add_backend,
    remove_backend,
    settings,
    sticky,
    add_route,
    remove_route,
  };
  static constexpr unsigned kinds = 13;

  kind what = kind::weight;
  unsigned backend = 0;
  unsigned server = 0;
  unsigned value = 0;
};

std::ostream& operator<<(std::ostream& out, const random_change& change);

class random_state {
 public:
  /// `ports`: where something answers.
  explicit random_state(std::vector<std::uint16_t> ports);

  std::vector<model::backend> backends() const;
  void make(const random_change& change);
  /// The whole state.
  haproxy::apply_request whole() const;
  /// What changed since the last call of this function, or all of it at the first one.
  haproxy::apply_request changes();

 private:
  model::backend& pick(unsigned number);
  void change_server(const random_change& c);
  void change_settings(model::backend& b, unsigned value);
  void change_routes(const random_change& c);

  std::vector<std::uint16_t> ports_;
  std::map<std::string, model::backend> backends_;
  std::map<std::string, model::route> routes_;
  std::map<std::string, model::backend> told_;
  std::map<std::string, model::route> told_routes_;
};

}  // namespace switchyard::tests
