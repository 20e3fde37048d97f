#pragma once

// A process that may have few descriptors for a while. Threading: of the whole process.

#include <sys/resource.h>

#include <stdexcept>

namespace switchyard::tests {

/// Those that are open stay; new ones begin at `most` and cannot be had.
class fewer_descriptors {
 public:
  explicit fewer_descriptors(rlim_t most) {
    if (::getrlimit(RLIMIT_NOFILE, &before_) != 0) throw std::runtime_error("getrlimit");
    auto now = before_;
    now.rlim_cur = most;
    if (::setrlimit(RLIMIT_NOFILE, &now) != 0) throw std::runtime_error("setrlimit");
  }
  ~fewer_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  fewer_descriptors(const fewer_descriptors&) = delete;
  fewer_descriptors& operator=(const fewer_descriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace switchyard::tests
