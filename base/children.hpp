#pragma once

// Which child processes somebody of ours waits for, and the reaping of those that nobody does.
//
// There is one book a process, as its children are the process's own. Threading: any thread.

#include <sys/types.h>

namespace switchyard::base {

/// Around the start of a process: as long as one of these lives, no orphan is reaped, since the
/// child that is just being made is in nobody's name yet.
class starting_child {
 public:
  starting_child();
  ~starting_child();
  starting_child(const starting_child&) = delete;
  starting_child& operator=(const starting_child&) = delete;
};

/// Somebody waits for this child from now on. While a starting_child lives.
void claim_child(pid_t pid);
/// It has been reaped.
void forget_child(pid_t pid);

/// Gives up waiting for a child that does not end: a later reap_left() reaps it.
void leave_child(pid_t pid);
/// Reaps those of them that have ended. Never blocks.
void reap_left();

/// Reaps children that have ended and that nobody waits for: those that were left, and orphans that
/// the system hands to process 1. Never blocks.
void reap_orphans();

}  // namespace switchyard::base
