#pragma once

// What two providers both name, where only one version can be used: that of the provider which is
// configured first. Plain values.

#include <compare>
#include <string>
#include <string_view>

namespace switchyard::model {

enum class contested {
  backend,   ///< the whole backend, which is not under `merge`
  settings,  ///< of a backend under `merge`: both have some, and they differ
  server,    ///< of a backend under `merge`: two servers of the same name
  route,     ///< a host and path that lead to different backends
};

/// "backend", "settings", "server", "route", as in JSON.
std::string_view to_string(contested value);

struct collision {
  std::string backend;  ///< "" for a route
  std::string owner;    ///< the provider whose version is used
  std::string other;    ///< the provider whose version is not
  contested what = contested::backend;
  std::string server{};  ///< the name of the server, "" for another kind
  std::string route{};   ///< its host and path in one, "" for another kind

  bool operator==(const collision&) const = default;
  // The check takes the 0 of a defaulted <=> for a pointer.
  auto operator<=>(const collision&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// For the operator, with what to do about it.
std::string sentence(const collision& what);

}  // namespace switchyard::model
