#pragma once

// Host names of servers, and the addresses that stand for them in HAProxy, which never resolves a
// name of a server that was added at run time.
//
// The desired state keeps the names as the source has them; on the way to HAProxy this book puts
// addresses in their place. A name that stops resolving keeps its last addresses.
//
// Answers may be partial: one family is lost, a name server tells some of many. So an address that
// is one server of all of its name leaves only after it was missing from all answers for a while
// (HAProxy's `hold obsolete`), and what an earlier run left in HAProxy stays as long after the
// first answer. Evaluated with each answer: as long as there is none, nothing leaves. A server at
// the first address moves at once, unless all addresses of that family are missing.
//
// Pure. Threading: owned by the manager; a value.

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/backend.hpp"
#include "model/unread.hpp"

namespace switchyard::model {

class name_book {
 public:
  /// More addresses of one name than this are not used.
  static constexpr std::size_t most_addresses = 256;
  /// A time to live counts as no longer than this.
  static constexpr std::chrono::minutes longest_ttl{5};

  using clock = std::chrono::steady_clock;

  /// What a look-up gave.
  struct answer {
    std::vector<std::string> addresses;  ///< canonical, in order of preference, at least one
    std::chrono::seconds ttl{0};
  };

  /// How long an address has to be missing from the answers before it leaves; its time to live
  /// where that is longer. 0: it leaves with the first answer that does not have it.
  void hold_obsolete(std::chrono::milliseconds longest) { hold_ = longest; }

  /// A backend as it is desired now; nullptr: not any more. `versions`: what each provider has
  /// under that name; names of those that are not used are followed too, so that one can stand in
  /// at once. Returns whether it has other names now. What is known of those that it has no more
  /// stays until forget_unused().
  bool take(const std::string& backend, const backend_ptr& desired,
            const std::vector<backend_ptr>& versions = {});

  /// Forgets names that nobody has any more. Call when all backends that changed together are
  /// taken: a host may have moved from one to another.
  void forget_unused();

  /// All names that servers have, or had until forget_unused().
  std::set<std::string> names() const;
  bool empty() const { return known_.empty(); }

  /// A look-up of that name gave this. Returns the backends that change by it.
  std::set<std::string> resolved(const std::string& host, const answer& found,
                                 clock::time_point now);
  /// A look-up of that name failed. Returns whether that is news of a name in use.
  bool failed(const std::string& host, const std::string& why);

  /// The backend with addresses in the place of names; `desired` itself when it has no names. A
  /// server whose name was never resolved is left out and added to `unread`, so that HAProxy keeps
  /// what it may have of it; so are addresses that may still come.
  backend_ptr addressed(const backend_ptr& desired, unread& unread) const;

  /// A name in use that does not resolve now.
  struct failure {
    std::string host;
    std::string why;
    std::vector<std::string> addresses;  ///< that stay in use; none: it was never resolved
    std::string backend;                 ///< the first of those that use it

    bool operator==(const failure&) const = default;
  };
  std::vector<failure> failures() const;
  /// Of that name; nothing when it is resolved, or nobody has it.
  std::optional<failure> failure_of(const std::string& host) const;
  /// The addresses of its last answer that are in use, sorted; none: it was never resolved.
  std::vector<std::string> addresses(const std::string& host) const;
  /// Whether it was ever resolved.
  bool known(const std::string& host) const;
  /// Names in use that were never resolved, whether a look-up has failed or not.
  std::vector<std::string> unresolved() const;

 private:
  struct entry {
    std::set<std::string> backends;      // that use it
    std::set<std::string> waiting;       // that would, if another version of them stood in
    std::vector<std::string> addresses;  // sorted
    std::map<std::string, clock::time_point> missing;  // of them, and when each may leave
    std::string preferred;                             // of them
    std::string why;                                   // "" unless it fails now
    bool told = false;                                 // that it fails
    bool settled = false;  // what HAProxy has of it, and no answer had, may leave
    clock::time_point settles_at{};
  };
  struct host_list {
    std::set<std::string> used;
    std::set<std::string> waiting;

    bool operator==(const host_list&) const = default;
  };

  static host_list hosts_in(const backend_ptr& desired, const std::vector<backend_ptr>& versions);
  static std::vector<std::string> present(const entry& e);
  clock::time_point leaves_at(const answer& found, clock::time_point now) const;
  std::vector<std::string> in_use(entry& e, const answer& found, clock::time_point now) const;
  bool add(std::vector<server>& to, const server& named, const backend& whole,
           unread& unread) const;

  std::chrono::milliseconds hold_{0};
  std::map<std::string, entry> known_;         // by host
  std::map<std::string, host_list> hosts_of_;  // by backend
};

/// The failure as an operator would say it.
std::string sentence(const name_book::failure& what);

}  // namespace switchyard::model
