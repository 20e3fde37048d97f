#include "model/collision.hpp"

namespace switchyard::model {

std::string_view to_string(contested value) {
  switch (value) {
    case contested::backend:
      return "backend";
    case contested::settings:
      return "settings";
    case contested::server:
      return "server";
    case contested::route:
      return "route";
  }
  return "";
}

std::string sentence(const collision& what) {
  const auto kept = what.owner + " keeps it, that of " + what.other + " is not used; ";
  switch (what.what) {
    case contested::backend:
      return "backend " + what.backend + " is named by two providers: " + kept +
             "rename one of them, or list the backend under merge to unite their servers";
    case contested::settings:
      return "backend " + what.backend + " has other settings in " + what.other + " than in " +
             what.owner + ", which is listed first: those of " + what.owner +
             " are used; make them equal, or leave them out of " + what.other;
    case contested::server:
      return "server " + what.server + " of backend " + what.backend +
             " is named by two providers: " + kept + "rename one of them";
    case contested::route:
      return "route " + what.route + " leads to another backend in " + what.other + " than in " +
             what.owner + ", which is listed first: that of " + what.owner +
             " is used; make them equal, or leave it out of one of them";
  }
  return "";
}

}  // namespace switchyard::model
