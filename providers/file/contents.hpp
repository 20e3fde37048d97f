#pragma once

// The documents that files hold: the last good content of each, merged into one view.
//
// Pure. Threading: none.

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/outcome.hpp"
#include "model/event.hpp"

namespace switchyard::providers::file {

class contents {
 public:
  /// `most_bytes`: of all files together. `depth`: of maps and lists in one another.
  explicit contents(std::size_t most_bytes = 64U << 20U, std::size_t depth = 32)
      : most_bytes_(most_bytes), depth_(depth) {}

  /// Takes what a file holds now; its name ends in .json, .yaml or .yml. What cannot be read as a
  /// document is a fault, and the last good content stays; so is what is too much beside the other
  /// files. true: the merged view may differ.
  bool set(const std::string& file, std::string text);
  /// The file is there and will be read later: until then the view is not whole.
  void expect(const std::string& file) { files_.try_emplace(file); }
  /// The file is there and cannot be read, or it is missed: its last good content stays.
  void fail(const std::string& file, std::string reason);
  /// The file is gone, and so is what it held. true: the merged view may differ.
  bool remove(const std::string& file);

  /// Of the good contents of all files.
  std::size_t bytes() const { return bytes_; }
  /// Of the good content of one; 0 when there is none.
  std::size_t bytes_of(const std::string& file) const;
  /// The files whose fault is that they are too much beside the others.
  std::vector<std::string> crowded_out() const;

  /// The names of all files that are known.
  std::set<std::string> files() const;
  /// Every file has been readable: what no file holds is in nobody's view.
  bool whole() const;
  /// One sentence for each file that cannot be read now.
  std::vector<std::string> faults() const;
  /// The merged view: when whole() full, else with no more than is known of backends and routes. A
  /// backend, or a place of a route, that two files name belongs to the first by name; it is
  /// refused for the other. Keys: "file: JSON pointer".
  model::report merge() const;

 private:
  struct entry {
    bool good = false;  ///< text, view and pointers are set
    std::string text;
    model::report view;
    std::map<std::string, std::string> pointers;  ///< of the backends, by name
    std::string fault;
    bool crowded_out = false;  ///< that is why there is a fault
  };

  base::status take(const std::string& file, const std::string& text, entry& target) const;
  static void merge_backends(model::report& into, const std::string& file, const entry& from,
                             std::map<std::string, std::string>& owners);

  std::size_t most_bytes_;
  std::size_t depth_;
  std::size_t bytes_ = 0;
  std::map<std::string, entry> files_;
};

}  // namespace switchyard::providers::file
