#pragma once

// The desired state: the merge of every provider's last good view, with a revision that only grows.
//
// A backend belongs to the first provider that names it. One whose version has no servers, and of
// which everything could be read, gives way to the next that has some: a name alone takes nobody's
// traffic away. A backend that is united has the servers of all providers that name it, and the
// settings of the first (model/uniting.hpp). A host and path belong to the first provider that has
// a route for them.
//
// Functional core of the manager: no I/O, no clock. Costs follow the size of what a report names,
// not of what is known. Threading: owned by one actor; the backends it hands out are immutable.

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/backend.hpp"
#include "model/collision.hpp"
#include "model/event.hpp"
#include "model/uniting.hpp"
#include "model/unread.hpp"

namespace switchyard::model {

/// What folding one report changed.
struct fold_result {
  std::set<std::string>
      changed;  ///< backends whose desired version, or what is unread, differs now
  std::set<std::string>
      versions;  ///< backends of which some provider's version, or its reading, differs
  bool routes_changed = false;  ///< likewise
  std::vector<collision> new_collisions;
  std::vector<collision> ended_collisions;
};

/// A backend and whose version it is.
struct owned_backend {
  backend_ptr value;
  std::vector<std::string>
      origins;           ///< the owner, and the others whose servers are united with its
  std::size_t held = 0;  ///< of its servers, those that the guard keeps (model/guard.hpp)

  bool operator==(const owned_backend&) const = default;
};

/// A route and whose it is.
struct owned_route {
  route value;
  std::string owner;

  bool operator==(const owned_route&) const = default;
};

/// Desired backends by name, a part of them.
struct backend_page {
  std::vector<owned_backend> backends;
  std::string next;  ///< the name to go on after; "" at the end
};

/// How much one provider's view holds.
struct view_summary {
  bool reported = false;  ///< it has given a full view
  std::size_t backends = 0;
  std::size_t servers = 0;
  std::size_t serving = 0;  ///< of the servers, those that take new traffic
  std::size_t routes = 0;

  bool operator==(const view_summary&) const = default;
};

/// `current` as the event leaves it: refused parts keep their last good version. nullptr when the
/// backend is gone, or when it was never known and its settings are refused. `current` itself when
/// the event changes nothing.
backend_ptr apply_event(const backend_ptr& current, const backend_event& event);

class desired_state {
 public:
  /// `providers` by precedence, the first wins. `united`: backends that have the servers of all.
  explicit desired_state(std::vector<std::string> providers, std::set<std::string> united = {});

  /// Folds a provider's report. A report of a provider that is not configured changes nothing.
  fold_result fold(const std::string& provider, const report& report);

  /// Takes other lists: new providers start empty and unreported, the views of those that are gone
  /// are dropped.
  fold_result configure(std::vector<std::string> providers, std::set<std::string> united);
  /// Whether the provider is one of them. O(providers).
  bool configured(const std::string& provider) const { return find_view(provider) != nullptr; }
  /// The backends that have the servers of all providers that name them.
  const std::set<std::string>& united() const { return united_; }

  /// The desired version, nullptr when there is none.
  backend_ptr find(const std::string& backend) const;
  /// All desired backends, by name.
  const std::map<std::string, backend_ptr>& backends() const { return merged_; }
  /// All routes, sorted; a host and path that two providers name belongs to the first.
  std::vector<route> routes() const;
  /// At most `most` desired backends that come after that name, of one provider or of all (""). At
  /// most a hundred times as many are looked at, so that a page may have fewer and not be the last.
  backend_page page(const std::string& after, const std::string& provider, std::size_t most) const;
  /// All routes, as routes() gives them.
  std::vector<owned_route> owned_routes() const;
  /// Every provider's version of a backend, by precedence.
  std::vector<backend_ptr> versions_of(const std::string& backend) const;
  /// What of a backend could not be read by the providers whose versions are used; of one that is
  /// not desired, by any of them.
  unread unread_of(const std::string& backend) const;
  /// What of it that provider could not read.
  unread unread_in(const std::string& provider, const std::string& backend) const;
  /// Backends that are not desired since their settings could not be read.
  std::set<std::string> unread_backends() const;
  /// Host and path of routes that could not be read and have no last good version.
  std::set<std::pair<std::string, std::string>> unread_routes() const;
  /// Those of one provider.
  const std::set<std::pair<std::string, std::string>>& unread_routes_in(
      const std::string& provider) const;
  /// How many servers all desired backends have.
  std::size_t server_count() const { return server_count_; }
  /// How many routes all views hold. O(providers).
  std::size_t route_count() const;
  /// The last good view of a provider, empty for one that is not configured. Of two providers that
  /// name the same backend or route, each has its own version here. O(providers).
  const std::map<std::string, backend_ptr>& backends_of(const std::string& provider) const;
  const std::vector<route>& routes_of(const std::string& provider) const;  ///< sorted
  /// What would be desired of a backend if that provider had none.
  backend_ptr without(const std::string& provider, const std::string& backend) const;
  /// How much a provider's view holds; zeros for one that is not configured. O(providers).
  view_summary summary(const std::string& provider) const;
  /// Every configured provider has given a full view: what is in nobody's view may be removed.
  bool complete() const;
  /// Configured providers that have not given a full view yet.
  std::vector<std::string> missing() const;
  /// The provider whose version is used, of a united backend the first; empty when there is none.
  /// O(providers).
  std::string owner(const std::string& backend) const;
  /// The owner, and of a united backend all that name it, by precedence. O(providers).
  std::vector<std::string> origins(const std::string& backend) const;
  /// The provider that the desired server of that name is from; empty when there is none.
  std::string origin(const std::string& backend, const std::string& server) const;
  /// The versions that the desired one is made of, by precedence: one, of a united backend all.
  std::vector<provided> versions(const std::string& backend) const;
  const std::set<collision>& collisions() const { return collisions_; }
  /// Those of one backend.
  std::vector<collision> collisions_of(const std::string& backend) const;
  /// How many a provider has a part in, whether its version is used or not.
  std::size_t collision_count(const std::string& provider) const;
  /// Grows by one with every fold that changes something.
  std::uint64_t revision() const { return revision_; }
  /// Goes on behind a revision that one before this had.
  void continue_from(std::uint64_t revision) { revision_ = std::max(revision_, revision); }
  /// Grows whenever owned_routes() or some provider's routes_of() may differ, also where routes()
  /// stays the same.
  std::uint64_t routes_revision() const { return routes_revision_; }

 private:
  struct view {
    std::string provider;
    bool reported = false;
    std::map<std::string, backend_ptr> backends;
    std::size_t servers = 0;  // of all backends
    std::size_t serving = 0;  // of the servers
    std::vector<route> routes;
    std::map<std::string, unread> unread_parts;  // those that have any
    std::set<std::pair<std::string, std::string>> unread_places;
  };

  static bool note_unread(view& v, const std::string& backend, unread now);
  std::vector<provided> named_by(const std::string& backend) const;
  desired_version decide(const std::string& backend, const std::vector<provided>& versions) const;
  unread unread_of_united(const std::string& backend) const;
  void merge(const std::string& backend, fold_result& result);
  void note_collisions(const std::string& backend, std::vector<collision> found,
                       fold_result& result);
  void merge_routes(fold_result& result);
  void set_routes(view& v, const report& report, fold_result& result);
  static void replace(view& v, const std::string& backend, backend_ptr next);
  view* find_view(const std::string& provider);
  const view* find_view(const std::string& provider) const;

  std::vector<view> views_;  // by precedence
  std::set<std::string> united_;
  std::map<std::string, backend_ptr> merged_;
  std::size_t server_count_ = 0;  // of merged_
  std::set<collision> collisions_;
  std::map<std::string, std::size_t> collision_counts_;  // by provider
  std::uint64_t revision_ = 0;
  std::uint64_t routes_revision_ = 0;
};

}  // namespace switchyard::model
