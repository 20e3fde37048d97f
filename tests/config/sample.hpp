#pragma once

// Settings texts for tests, and what the loader says to them.

#include <boost/test/unit_test.hpp>
#include <string>

#include "config/load.hpp"

namespace switchyard::tests {

/// The least that a settings file must have; it ends in a newline.
inline const std::string least = "providers: [{name: files, type: file, path: /b.d}]\n";

/// Settings with one provider whose text begins at 2:5.
inline std::string provider(const std::string& text) {
  return "providers:\n  - " + text + "\n";
}

/// Reads settings of a file /etc/sy/s.yaml that must be fine.
inline config::settings good(const std::string& text, const config::environment& variables = {}) {
  auto read = config::parse(text, "/etc/sy/s.yaml", variables);
  BOOST_REQUIRE_MESSAGE(read, text << (read ? "" : read.error().message));
  return *std::move(read);
}

/// What is said about a file s.yaml that must not be fine: all lines of it.
inline std::string bad(const std::string& text, const config::environment& variables = {}) {
  const auto read = config::parse(text, "s.yaml", variables);
  if (read) return "taken";
  BOOST_TEST((read.error().kind == base::errc::invalid));
  return read.error().message;
}

}  // namespace switchyard::tests
