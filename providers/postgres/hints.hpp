#pragma once

// What notifications ask to be read again.
//
// A payload is a hint, never data: a valid backend name, one of the words below, or anything else,
// which asks for everything. The words have a character that no valid name has. Pure.

#include <set>
#include <string>
#include <string_view>

#include "model/backend.hpp"

namespace switchyard::providers::postgres {

constexpr std::string_view hint_everything = "*";
constexpr std::string_view hint_routes = "/routes";
/// Begins the tokens by which a switchyard proves its channel; they ask for nothing.
constexpr std::string_view proof_prefix = "/proof/";

/// Past so many names everything is read instead.
constexpr std::size_t most_named_backends = 5000;

struct hints {
  bool everything = false;
  bool routes = false;
  std::set<std::string> backends;

  bool empty() const { return !everything && !routes && backends.empty(); }

  void add(std::string_view payload) {
    if (payload.starts_with(proof_prefix)) return;
    if (payload == hint_routes)
      routes = true;
    else if (model::valid_name(payload) && backends.size() < most_named_backends)
      backends.emplace(payload);
    else
      everything = true;
  }
};

}  // namespace switchyard::providers::postgres
