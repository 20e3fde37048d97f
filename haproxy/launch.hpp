#pragma once

// How a managed HAProxy is started, and the files of its sockets.
//
// Threading: free functions, for one thread at a time.

#include <string>

#include "base/outcome.hpp"
#include "base/subprocess.hpp"
#include "config/settings.hpp"

namespace switchyard::haproxy {

/// Makes the folder of `file`, and those above it, for ourselves and our group (0750). errc::io.
base::status make_folder_of(const std::string& file);

/// Removes the file of a socket; leaves anything else alone.
void remove_socket(const std::string& path);

/// Starts HAProxy in master-worker mode on the configuration file, with what it may know of our
/// environment. Stale socket files are removed first, in folders that are made when missing.
///
/// It never waits for a reader. Its standard error is the FIFO of haproxy/messages.hpp or, where
/// that cannot be had, ours; its standard output, for access logs of the operator's (`log stdout`),
/// is ours. Either is opened for it alone, where that can be, so as not to wait.
/// errc::not_found: no binary; errc::invalid: a path that HAProxy cannot take; errc::io.
base::outcome<base::child> launch(const config::haproxy_settings& settings);

}  // namespace switchyard::haproxy
