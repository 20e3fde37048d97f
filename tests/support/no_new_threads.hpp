#pragma once

// A process that gets no more threads, as at the limit of its cgroup or user.

#include <pthread.h>

#include <cstddef>
#include <stdexcept>

namespace switchyard::tests {

/// While it lives, every new thread of this process is refused (EAGAIN): it would get a stack that
/// is larger than the address space.
class no_new_threads {
 public:
  no_new_threads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_getattr_default_np(&huge);
    pthread_attr_setstacksize(&huge, std::size_t{1} << 50);
    const int failed = pthread_setattr_default_np(&huge);
    pthread_attr_destroy(&huge);
    if (failed != 0) throw std::runtime_error("threads cannot be refused");
  }
  ~no_new_threads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  no_new_threads(const no_new_threads&) = delete;
  no_new_threads& operator=(const no_new_threads&) = delete;

 private:
  pthread_attr_t before_{};
};

}  // namespace switchyard::tests
