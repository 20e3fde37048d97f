#pragma once

// inotify(7): which entries of which folders changed.
//
// Threading: one thread. Reading never blocks.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "providers/file/followed_path.hpp"

namespace switchyard::providers::file {

enum class change_kind {
  written,   ///< closed by a writer, moved here or away, or deleted
  altered,   ///< its permissions, times or links changed: it may be readable by now
  created,   ///< a new entry, possibly still empty
  writing,   ///< written to or cut, and not closed yet
  folder,    ///< the entry is a folder, or the watched folder itself went
  overflow,  ///< changes were lost: anything may have changed
};

struct change {
  change_kind kind = change_kind::written;
  std::string folder;  ///< as it was given to watch()
  std::string name;    ///< the entry; empty for the folder itself

  bool operator==(const change&) const = default;
};

class watcher {
 public:
  watcher();

  /// Becomes readable when there are changes; -1 when the system gave no inotify instance, which
  /// watch() asks for again.
  int fd() const { return fd_.get(); }

  /// Watches these folders and no others. Folders that cannot be watched are left out; the failure
  /// of the last one is returned (errc::io), but for folders that are gone or may not be read.
  base::status watch(const places& wanted);

  /// All changes so far, in their order.
  std::vector<change> take();

 private:
  int add(const std::string& folder, base::status& result);
  void append(std::vector<change>& changes, int watch, std::uint32_t mask, const char* name);

  base::unique_fd fd_;
  std::map<std::string, int> watches_;
  std::map<int, std::string> folders_;
};

}  // namespace switchyard::providers::file
