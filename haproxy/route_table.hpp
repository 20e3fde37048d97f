#pragma once

// The routes of one HAProxy: what is desired, what its map has, what the map's file has.
//
// Threading: one thread (the writer's). Talks to HAProxy in the conversation that it is given;
// touches the disk in load() and save().

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.hpp"
#include "base/files.hpp"
#include "base/outcome.hpp"
#include "haproxy/conversation.hpp"
#include "haproxy/own_file.hpp"
#include "haproxy/routes.hpp"

namespace switchyard::haproxy {

class route_table {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using routes_ptr = std::shared_ptr<const std::vector<model::route>>;

  /// Changes of more entries than this, and of more than half of what the map is to have, replace
  /// it as a whole, in one step for those who ask. Fewer would not be worth the cost of the others.
  static constexpr std::size_t most_single_changes = 256;

  /// Fewer routes that left are remembered without a look at whether they are still there.
  static constexpr std::size_t few_dismissed = 1024;

  static constexpr std::size_t largest_map = 1U << 30;

  /// `map`: the path of the map's file, which names the map on the runtime API as well.
  /// `files` outlives the table.
  explicit route_table(std::string map, base::files& files = base::files_on_disk())
      : map_(std::move(map)), files_(files), text_(map_, files_, largest_map) {}

  const std::string& map() const { return map_; }

  /// Reads the file, or makes an empty one, since HAProxy does not start without it. errc::invalid:
  /// it is somebody else's; errc::io.
  base::status load();

  using places = std::set<std::pair<std::string, std::string>>;

  /// These are the routes from now on. Entries of an earlier run stay as well: until `complete` all
  /// of them, later those of the host and path of a route that could not be read. So do, until
  /// `complete`, routes that were wanted before and are missing now `by_settings`, since no source
  /// has taken them back.
  void want(routes_ptr routes, bool complete, const places& unread = {}, bool by_settings = false);

  /// What somebody else has done to the file since load().
  own_file::state look_at_file() { return text_.look(); }
  /// Writes the file anew as it was.
  base::status rewrite();

  /// Reads the map of a worker. A worker that has no such map has no routes to converge.
  base::status read(conversation& session);
  /// The worker's map is not known any more.
  void forget() { actual_.reset(); }
  /// HAProxy has got or lost backends: routes that waited for one may have their turn.
  void backends_changed() { due_ = unsaved_ = true; }

  struct changes {
    std::size_t made = 0;
    std::size_t failed = 0;
    std::string failure;               ///< the first one
    std::vector<route_change> each{};  ///< of those that were made, unless they are many
    bool again = false;                ///< nothing but another try of what had failed
  };
  /// Brings the worker's map in line; what failed is tried again after a while, at once only with
  /// something new. An error is the end of the conversation.
  base::outcome<changes> converge(conversation& session, const presence_of& presence,
                                  time_point now, std::uint32_t random);

  /// Backends that take the requests of routes whose own backend is not there yet, and those.
  using stand_ins = std::map<std::string, std::set<std::string>>;
  stand_ins standing_in(const presence_of& presence) const;

  /// Whether the map is small enough to be read back after each change; a large one is compared at
  /// the next reconcile.
  bool small() const { return actual_ && actual_->size() <= 5000; }

  /// How many routes are remembered since they left while not all providers had reported: at most
  /// twice as many as HAProxy or the file still had when they were looked through, or
  /// few_dismissed.
  std::size_t dismissed() const { return dismissed_.size(); }

  bool loaded() const { return actual_.has_value(); }
  /// HAProxy has refused a change, which is tried again after a while.
  bool refused() const { return again_at_.has_value(); }
  bool any() const { return !routes_->empty(); }

  /// Whether save() has something to write.
  bool unsaved() const { return unsaved_; }
  base::status save(const presence_of& presence);

 private:
  void note_dismissed(const std::vector<model::route>& next);
  void keep_earlier(route_entries& wanted, const route_entries& earlier) const;
  void ended(const changes& done, time_point now, std::uint32_t random);
  base::outcome<changes> change(conversation& session, const route_entries& wanted);
  base::outcome<changes> replace(conversation& session, const route_entries& wanted);
  base::status write(const route_entries& entries);

  std::string map_;
  base::files& files_;
  own_file text_;  ///< of the map's file
  routes_ptr routes_ = std::make_shared<const std::vector<model::route>>();
  bool complete_ = false;
  std::set<std::string> unread_;     ///< keys
  std::set<std::string> dismissed_;  ///< while not complete: keys of this run that are no more
  std::size_t most_dismissed_ = few_dismissed;  ///< with more, those that are gone are forgotten
  route_entries file_;
  std::optional<route_entries> actual_;  ///< nothing: the worker has no such map, or none is known
  bool due_ = false;
  bool unsaved_ = false;
  std::optional<time_point> again_at_;  ///< nothing: no change has failed
  base::backoff backoff_{
      {std::chrono::seconds(1), std::chrono::seconds(60), std::chrono::seconds(60)}};
};

}  // namespace switchyard::haproxy
