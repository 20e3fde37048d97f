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

}  // namespace

starting_child::starting_child() {
  const std::lock_guard lock(book().mutex);
  ++book().starting;
}

starting_child::~starting_child() {
  const std::lock_guard lock(book().mutex);
  --book().starting;
}

void claim_child(pid_t pid) {
  const std::lock_guard lock(book().mutex);
  book().claimed.insert(pid);
}

void forget_child(pid_t pid) {
  const std::lock_guard lock(book().mutex);
  auto& claimed = book().claimed;
  if (const auto found = claimed.find(pid); found != claimed.end()) claimed.erase(found);
}

void leave_child(pid_t pid) {
  forget_child(pid);
  const std::lock_guard lock(book().mutex);
  book().left.push_back(pid);
}

void reap_left() {
  const std::lock_guard lock(book().mutex);
  std::erase_if(book().left, reap_now);
}

void reap_orphans() {
  reap_left();
  const std::lock_guard lock(book().mutex);
  if (book().starting > 0) return;
  for (const auto pid : list_children())
    if (!book().claimed.contains(pid)) reap_now(pid);
}

}  // namespace switchyard::base
