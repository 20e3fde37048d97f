#pragma once

// A descriptor of somebody else's, written to without ever waiting for who reads it.
//
// Threading: one thread at a time.

#include <string>

#include "base/fd.hpp"

namespace switchyard::actors {

class outlet {
 public:
  enum class result {
    all,    ///< written, or nobody will ever read it
    later,  ///< the rest once it takes bytes again
    failed  ///< a full disk, for example: it may be written another time
  };

  /// `fd` outlives the outlet and is left as it is: other programs that share it may rely on its
  /// waiting. A pipe or a terminal is opened once more, a socket is asked not to wait. Where that
  /// cannot be (a terminal of another user) a write may wait.
  explicit outlet(int fd);

  /// What is written leaves `text`.
  result write(std::string& text);
  int fd() const { return own_ ? own_.get() : fd_; }

 private:
  int fd_;
  bool is_socket_ = false;
  base::unique_fd own_;
};

}  // namespace switchyard::actors
