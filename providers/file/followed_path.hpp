#pragma once

// A path followed by hand, so that every folder entry it depends on is known: whoever swaps a
// symbolic link or a folder on the way changes what the path means.

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace switchyard::providers::file {

/// Folder (without links) → the entries of it that matter.
using places = std::map<std::string, std::set<std::string>>;

struct followed_path {
  std::filesystem::path target;  ///< without links; empty when something on the way is missing
  places on_the_way;
};

/// Follows `path` (relative ones from the working folder), at most 40 links as Linux does.
followed_path follow(const std::filesystem::path& path);

}  // namespace switchyard::providers::file
