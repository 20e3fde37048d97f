#include "base/stand_back.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace switchyard::base {

namespace {

constexpr std::chrono::nanoseconds turn = std::chrono::milliseconds(100);

/// Version 0 of what sched_setattr(2) takes, which C libraries before glibc 2.41 do not declare.
struct scheduling {
  std::uint32_t size = sizeof(scheduling);
  std::uint32_t policy = SCHED_BATCH;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;  ///< nanoseconds
};
static_assert(sizeof(scheduling) == 48);

}  // namespace

void stand_back(int nicer) {
  if (::sched_getscheduler(0) == SCHED_IDLE) return;  // comes after all others already
  const auto self = ::gettid();
  scheduling wish;
  wish.nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(self)) + nicer;
  wish.runtime = static_cast<std::uint64_t>(turn.count());
  if (::syscall(SYS_sched_setattr, self, &wish, 0) == 0) return;
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH, &none);
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(self), wish.nice);
}

}  // namespace switchyard::base
