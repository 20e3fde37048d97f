#pragma once

// The far end of a bare loop: one runtime socket that is kept, and nothing that checks or repairs.
//
// Threading: one thread. Every failure is thrown as std::runtime_error.

#include <string>

#include "base/fd.hpp"

namespace switchyard::tests::bench {

class bare_haproxy {
 public:
  bare_haproxy(const std::string& runtime_socket, std::string backend);

  /// The commands that switchyard sends for a new server, in one go. `at`: "address:port".
  void add(const std::string& server, const std::string& at);
  void remove(const std::string& server);

 private:
  /// Sends the lines at once and waits for as many prompts.
  std::string command(const std::string& lines, std::size_t count);

  base::unique_fd socket_;
  std::string backend_;
};

}  // namespace switchyard::tests::bench
