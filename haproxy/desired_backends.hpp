#pragma once

// What is desired of HAProxy's backends, as far as the gateway was told, and what may be taken
// away.
//
// What is not desired may go only once every provider has had its say, and only where the source
// could be read: what an earlier run left in HAProxy stays until then. Pure. Threading: one thread
// (the writer's).

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "haproxy/apply.hpp"

namespace switchyard::haproxy {

class desired_backends {
 public:
  /// Fewer servers that left are remembered without a look at whether they are still there.
  static constexpr std::size_t few_dismissed = 1024;

  using names = std::set<std::string>;
  using by_name = std::map<std::string, model::backend_ptr>;

  struct taken {
    names touched;            ///< backends to plan anew
    bool for_routes = false;  ///< a backend has come, gone, or changed its mode
  };
  /// The servers that HAProxy or its file have of a backend.
  using servers_of = std::function<names(const std::string& backend)>;
  taken take(const apply_request& request, const servers_of& present);

  /// nullptr: nobody desires it.
  model::backend_ptr find(const std::string& backend) const;
  bool contains(const std::string& backend) const { return backends_.contains(backend); }
  const by_name& all() const { return backends_; }
  bool complete() const { return complete_; }
  std::uint64_t revision() const { return revision_; }

  /// Whether a backend that is not desired may be taken away, and from a desired one all servers
  /// that it does not have.
  bool may_go(const std::string& backend) const;
  /// Whether that one of them may.
  bool may_go(const std::string& backend, const std::string& server) const;
  /// How many servers are remembered since they left while not all had reported: at most twice as
  /// many as were still present when they were looked through, or few_dismissed.
  std::size_t dismissed() const { return dismissed_.size(); }
  /// Whether the source has the backend, or servers of it, that could not be read.
  bool unread(const std::string& backend) const {
    const auto parts = unread_.find(backend);
    return parts != unread_.end() && parts->second.lacking();
  }

 private:
  void drop_all_but(const apply_request& request, taken& result);
  void take_unread(const apply_request& request, names& touched);
  void forget_gone(const servers_of& present);

  by_name backends_;
  std::map<std::string, model::unread> unread_;  // those that have any
  std::set<std::pair<std::string, std::string>>
      dismissed_;  // while not complete: servers that left the desired state in this run
  std::size_t most_dismissed_ = few_dismissed;  // with more, those that are gone are forgotten
  std::uint64_t revision_ = 0;
  bool complete_ = false;
};

}  // namespace switchyard::haproxy
