#include "base/children.hpp"

#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <system_error>
#include <vector>

namespace switchyard::base {

namespace {

struct child_book {
  std::mutex mutex;  // guards all below
  int starting = 0;
  bool reap_later = false;       // orphans had to wait for a start
  std::multiset<pid_t> claimed;  // a number may come back before it is forgotten
  std::vector<pid_t> left;
};

child_book& book() {
  static child_book all;
  return all;
}

/// true: it is none of our children any more.
bool reap_now(pid_t pid) {
  return ::waitpid(pid, nullptr, WNOHANG) != 0;
}

/// All children of this process, those that have ended included.
std::vector<pid_t> list_children() {
  std::vector<pid_t> all;
  std::error_code none;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", none)) {
    std::ifstream list(task.path() / "children");
    for (pid_t pid = 0; list >> pid;) all.push_back(pid);
  }
  return all;
}

void forget(child_book& in, pid_t pid) {
  if (const auto found = in.claimed.find(pid); found != in.claimed.end()) in.claimed.erase(found);
}

void reap_unclaimed(child_book& in) {
  in.reap_later = in.starting > 0;
  if (in.reap_later) return;
  for (const auto pid : list_children())
    if (!in.claimed.contains(pid)) reap_now(pid);
}

}  // namespace

starting_child::starting_child() {
  const std::lock_guard lock(book().mutex);
  ++book().starting;
}

starting_child::~starting_child() {
  const std::lock_guard lock(book().mutex);
  if (--book().starting == 0 && book().reap_later) reap_unclaimed(book());
}

void claim_child(pid_t pid) {
  const std::lock_guard lock(book().mutex);
  book().claimed.insert(pid);
}

void forget_child(pid_t pid) {
  const std::lock_guard lock(book().mutex);
  forget(book(), pid);
}

void leave_child(pid_t pid) {
  const std::lock_guard lock(book().mutex);
  forget(book(), pid);
  book().left.push_back(pid);
}

void reap_left() {
  const std::lock_guard lock(book().mutex);
  std::erase_if(book().left, reap_now);
}

void reap_orphans() {
  reap_left();
  const std::lock_guard lock(book().mutex);
  reap_unclaimed(book());
}

}  // namespace switchyard::base
