#pragma once

// Asks the real HAProxy, and keeps what it answered and how that is read: the table of a version in
// tests/haproxy/replies/.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/commands.hpp"
#include "haproxy/runtime.hpp"
#include "tests/support/haproxy_server.hpp"

namespace switchyard::tests {

/// One entry of the table.
struct reply_entry {
  std::string title;
  std::string text;  ///< the command, how its reply is read, and the reply
};

/// A HAProxy with a frontend, of which "/held" leads to the backend "held" and what map() says
/// elsewhere; a backend "web" with servers of each kind, "busy" with the upstream, "static" whose
/// balance is fixed, and a profile.
class reply_asker {
 public:
  reply_asker();

  /// "3.2".
  std::string version() const;
  /// Sends the command and adds an entry.
  void ask(const std::string& title, const base::outcome<haproxy::command>& c);
  /// Lets this talk, and adds an entry of what it sent, what it was answered, and what it makes of
  /// that.
  void converse(const std::string& title,
                const std::function<std::string(haproxy::conversation&)>& talk);
  /// Not part of the table: brings HAProxy into the state that a case needs.
  std::string prepare(const std::string& line);

  std::string map() const { return folder_ / "map"; }
  /// A folder of certificates that a bind has: a.pem, and kept.pem that another bind has as well.
  std::string certificates() const { return folder_ / "certificates"; }
  haproxy_server& haproxy() { return haproxy_; }
  std::uint16_t port() const { return port_; }
  http_upstream& upstream() { return upstream_; }
  const std::vector<reply_entry>& entries() const { return entries_; }
  /// Successes and refusals.
  const std::map<haproxy::command_kind, std::pair<int, int>>& counts() const { return counts_; }

 private:
  std::string sections_in_own_folder();
  std::string stable(std::string text) const;
  std::string indented(const std::string& reply) const;

  temp_dir folder_;
  std::uint16_t port_ = free_port();
  http_upstream upstream_;
  haproxy_server haproxy_;
  std::optional<haproxy::runtime> session_;
  std::vector<reply_entry> entries_;
  std::map<haproxy::command_kind, std::pair<int, int>> counts_;
};

/// The table as a file.
std::string table_of(const std::vector<reply_entry>& entries);
/// The entries of such a file, by their titles.
std::map<std::string, std::string> read_table(const std::string& text);

}  // namespace switchyard::tests
