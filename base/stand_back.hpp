#pragma once

// A thread that does not hold up the others.

namespace switchyard::base {

/// Lets the calling thread, and those that it starts from now on, have a processor after all
/// others: for what must get done but is never urgent.
///
/// - `nicer` (0 to 39) is added to its nice value, which is a thread's own on Linux
/// (setpriority(2))
///   and its share of a busy processor; at most 19.
/// - SCHED_BATCH (sched(7)): it takes no processor from a thread that runs.
/// - A turn of 100 ms, the longest that can be asked for: a thread with a shorter one, as all
/// others
///   have it, takes the processor from it at once, and waits for no tick, which would be 4 ms with
///   the usual 250 a second. Since Linux 6.12, which schedules by turns; kernels before it let a
///   thread that wakes have its processor anyhow, and leave the wish alone.
///
/// Never fails: a kernel or sandbox that knows no such thing leaves the thread as it is.
void stand_back(int nicer);

}  // namespace switchyard::base
