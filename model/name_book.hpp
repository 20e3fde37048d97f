#pragma once

// Host names of servers, and the addresses that stand for them in HAProxy, which never resolves a
// name of a server that was added at run time.
//
// The desired state keeps the names as the source has them; on the way to HAProxy this book puts
// addresses in their place. A name that stops resolving keeps its last addresses. Pure. Threading:
// owned by the manager; a value.

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

  /// A backend as it is desired now; nullptr: not any more. Returns whether names came or went.
  bool take(const std::string& backend, const backend_ptr& desired);

  /// All names that servers have.
  std::set<std::string> names() const;
  bool empty() const { return known_.empty(); }

  /// What a look-up of that name gave: canonical addresses in order of preference, at least one.
  /// Returns the backends that change by it.
  std::set<std::string> resolved(const std::string& host, std::vector<std::string> addresses);
  /// A look-up of that name failed. Returns whether that is news.
  bool failed(const std::string& host, const std::string& why);

  /// The backend with addresses in the place of names; `desired` itself when it has no names. A
  /// server whose name was never resolved is left out and added to `unread`, so that HAProxy keeps
  /// what it may have of it.
  backend_ptr addressed(const backend_ptr& desired, unread& unread) const;

  /// A name that does not resolve now.
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
  /// What it was resolved to last, sorted; none: never.
  std::vector<std::string> addresses(const std::string& host) const;
  /// Names that were never resolved, whether a look-up has failed or not.
  std::vector<std::string> unresolved() const;

 private:
  struct entry {
    std::set<std::string> backends;      // that use it
    std::vector<std::string> addresses;  // sorted
    std::string preferred;               // of them
    std::string why;                     // "" unless it fails now
  };
  void add(std::vector<server>& to, const server& named, const backend& whole,
           unread& unread) const;

  std::map<std::string, entry> known_;                     // by host
  std::map<std::string, std::set<std::string>> hosts_of_;  // by backend
};

/// The failure as an operator would say it.
std::string sentence(const name_book::failure& what);

}  // namespace switchyard::model
