#include "haproxy/apply.hpp"

namespace switchyard::haproxy {

std::string_view to_string(matter what) {
  switch (what) {
    case matter::haproxy:
      return "haproxy";
    case matter::server:
      return "server";
    case matter::backend:
      return "backend";
    case matter::routes:
      return "routes";
    case matter::certificate:
      return "certificate";
    case matter::reload:
      return "reload";
    case matter::file:
      return "file";
  }
  return "haproxy";
}

}  // namespace switchyard::haproxy
