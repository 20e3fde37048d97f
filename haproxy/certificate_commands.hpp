#pragma once

// The runtime commands that change certificates, each with the reply that confirms it (management
// guide, "set ssl cert" and its neighbours; replies measured on 2.6, 3.0, 3.2 and 3.4). What a
// reply means beyond that is certificate_store's affair. Pure. Threading: none.

#include <string_view>

namespace switchyard::haproxy {

struct certificate_command {
  std::string_view name;    ///< its first words: "set ssl cert"
  std::string_view begins;  ///< how a reply that confirms it begins
  std::string_view ends;    ///< and ends

  bool confirmed_by(std::string_view reply) const {
    return reply.starts_with(begins) && reply.ends_with(ends);
  }
};

/// The one that a command line is. nullptr: it changes no certificate.
const certificate_command* find_certificate_command(std::string_view line);

}  // namespace switchyard::haproxy
