#pragma once

// A change of the configuration file as one step: all of it or nothing.
//
// begin() copies (sections are shared, so that is cheap); edits touch only the copy; commit()
// validates and replaces the file; without commit() nothing happened. Threading: one thread.

#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "haproxy/config_store.hpp"
#include "haproxy/configuration.hpp"
#include "model/backend.hpp"

namespace switchyard::haproxy {

class transaction {
 public:
  static transaction begin(const configuration& current) { return transaction(current); }

  /// Adds the backend or replaces it whole. errc::invalid: a value that cannot be written.
  base::status upsert_backend(const model::backend& backend, std::string_view ca_file = system_ca);
  /// Replaces the server lines of a backend, whose settings stay. errc::not_found: no such backend;
  /// errc::invalid: a value that cannot be written.
  base::status replace_servers(const model::backend& backend);
  /// errc::not_found: there is none of that name.
  base::status remove_backend(const std::string& name);
  /// Adds a server to a backend or replaces it. errc::not_found: no such backend.
  base::status upsert_server(const std::string& backend, const model::server& server);
  base::status remove_server(const std::string& backend, const std::string& server);
  /// Replaces everything before the backends.
  void set_head(std::string head);

  /// The edited copy.
  const configuration& draft() const { return draft_; }
  /// Whether anything differs from what begin() was given.
  bool changed() const;
  /// Whether more than server lines differ.
  bool changes_layout() const;

  enum class purpose {
    load,    ///< HAProxy is going to be loaded with it: gets its profiles and a layout of its own
    record,  ///< tells what HAProxy has already: the layout it was loaded with stays
  };
  enum class previous { keep, leave };
  /// Validates, replaces the file and ends the transaction. `haproxy -c` is asked unless nothing
  /// but server lines changed for the record. previous::keep: the file before this one can be put
  /// back (config_store::restore_previous()). On failure the file is untouched and the transaction
  /// is still open.
  base::outcome<configuration> commit(config_store& store, purpose why, previous before);
  /// Drops all edits.
  void rollback();

 private:
  explicit transaction(const configuration& current) : before_(current), draft_(current) {}

  configuration before_;
  configuration draft_;
};

}  // namespace switchyard::haproxy
