#pragma once

// What the changes of folder entries mean for the files that are read: which ones to read again,
// and which ones somebody is writing at the moment and are better left alone.
//
// Pure but for a look at the size of new files. Threading: none.

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "providers/file/watcher.hpp"

namespace switchyard::providers::file {

/// A document of a folder: ends in .json, .yaml or .yml, neither hidden nor temporary ("x~").
bool is_document_name(std::string_view name);

class changes {
 public:
  using clock = std::chrono::steady_clock;

  /// How long a file that was written to and not closed is left alone after the last write.
  static constexpr std::chrono::seconds patience{10};
  /// And this long after the first one, however often it is written to: some programs never close.
  static constexpr std::chrono::seconds longest_writing{30};

  /// `wanted`: the entries that matter; in `folder` (empty: none) every document does, too.
  void expect(places wanted, std::string folder);

  void note(const std::vector<change>& list, clock::time_point now);

  /// How many things are to be looked at.
  std::size_t due() const { return touched_.size() + (everything_ ? 1 : 0); }
  /// Whether the file at this path (without links) changed.
  bool touched(const std::string& path) const { return everything_ || touched_.contains(path); }
  /// Whether somebody is writing the file at this path (without links).
  bool being_written(const std::string& path) const { return writing_.contains(path); }
  /// Forgets what is due, after it was looked at.
  void done();

  /// Files whose writers are silent past `patience`, or take longer than `longest_writing`, are
  /// due.
  void expire(clock::time_point now);
  /// When expire() has something to do next.
  std::optional<clock::time_point> next_expiry() const;

 private:
  bool matters(const change& c) const;
  void note(const change& c, clock::time_point now);

  places wanted_;
  std::string folder_;
  bool everything_ = false;
  std::set<std::string> touched_;
  struct writing {
    clock::time_point first;
    clock::time_point last;

    /// When the file is to be looked at all the same.
    clock::time_point until() const { return std::min(first + longest_writing, last + patience); }
  };
  std::map<std::string, writing> writing_;
};

}  // namespace switchyard::providers::file
