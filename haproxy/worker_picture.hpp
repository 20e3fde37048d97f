#pragma once

// A picture of an HAProxy worker: what its runtime API shows, and what commands make of it.
//
// For a preview: taken from a running worker by reading alone, or imagined from a configuration
// file. It answers the questions that the gateway asks and takes every command that could succeed;
// what a real HAProxy would refuse for reasons of its own is not in it. Threading: one thread.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "haproxy/commands.hpp"
#include "haproxy/configuration.hpp"
#include "haproxy/conversation.hpp"
#include "haproxy/replies.hpp"
#include "haproxy/routes.hpp"

namespace switchyard::haproxy {

class worker_picture {
 public:
  /// Asks for everything once, with `show` and `help`. `map`: the routes' map; `ours`: the backends
  /// of the file that the worker may have read. Errors are those of the conversation, and of
  /// replies that cannot be read.
  static base::outcome<worker_picture> of(conversation& session, const std::string& map,
                                          const std::set<std::string>& ours);

  /// A worker that starts on `file`, with these entries in the routes' map, on an HAProxy of which
  /// nothing but the version ("2.6.12") is known.
  static worker_picture started(const std::string& version, const configuration& file,
                                const route_entries& entries, const std::string& map);

  /// The worker that a reload puts in the place of this one: it has `file`, the operator's
  /// backends, the entries when HAProxy reads a map of ours, and no open connection. Servers that
  /// are down stay so.
  worker_picture reloaded(const configuration& file, const route_entries& entries) const;

  /// The one after a reload that does not make HAProxy read our file.
  worker_picture again() const;

  pid_t pid() const { return info_.pid; }
  /// Whether the process has read our file.
  bool knows_us() const { return !layout_.empty(); }

  /// The reply to a command that is not in the table of haproxy/commands.hpp. errc::invalid: one
  /// that a picture cannot answer.
  base::outcome<std::string> answer(std::string_view command);

  /// Takes a command. errc::refused: what it names is not there.
  base::status carry_out(const command& c);

 private:
  struct pictured_server {
    runtime_server now;  ///< `up` is whether its checks find it up, or would
    bool backup = false;
    std::uint32_t maxconn = 0;
    std::uint64_t connections = 0;
  };
  struct pictured_backend {
    std::map<std::string, pictured_server> servers;
    bool published = true;
  };

  pid_t next_pid() const;
  void load(const configuration& file);
  base::status read_servers(conversation& session);
  base::status read_connections(conversation& session);

  // -- replies (worker_picture_replies.cpp) --
  std::string info() const;
  std::string names() const;
  std::string servers_state(const std::string& only) const;
  std::string servers_conn(const std::string& only) const;
  std::string stat() const;
  std::string show_map() const;
  std::string prepare_map();

  // -- commands (worker_picture_commands.cpp) --
  base::status add_server(const std::string& backend, const std::string& name,
                          std::string_view words);
  base::status change_server(const command& c, std::string_view words);
  static void set(pictured_server& s, command_kind kind, std::string_view words);
  base::status change_map(const command& c, std::string_view words);
  base::status change_backend(const command& c, std::string_view words);

  process_info info_;
  std::string help_;
  std::string layout_;
  std::map<std::string, pictured_backend> backends_;
  std::set<std::string> ours_;
  std::string map_name_;
  std::optional<route_entries> map_;
  unsigned map_versions_ = 0;
  std::map<std::string, route_entries> prepared_;  ///< by version
};

}  // namespace switchyard::haproxy
