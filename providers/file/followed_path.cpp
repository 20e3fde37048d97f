#include "providers/file/followed_path.hpp"

#include <deque>
#include <system_error>

namespace switchyard::providers::file {

namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;

void prepend(std::deque<fs::path>& rest, const fs::path& path) {
  const std::deque<fs::path> parts(path.begin(), path.end());
  rest.insert(rest.begin(), parts.begin(), parts.end());
}

}  // namespace

followed_path follow(const fs::path& path) {
  followed_path result;
  std::error_code failed;
  std::deque<fs::path> rest;
  prepend(rest, fs::absolute(path, failed));
  fs::path here = "/";
  for (int links = 0; !rest.empty();) {
    const fs::path part = rest.front();
    rest.pop_front();
    if (part.empty() || part == ".") continue;
    if (part.is_absolute() || part == "..") {
      here = part == ".." ? here.parent_path() : fs::path("/");
      continue;
    }
    result.on_the_way[here].insert(part);
    const auto type = fs::symlink_status(here / part, failed).type();
    if (type == fs::file_type::not_found || type == fs::file_type::none) return result;
    if (type != fs::file_type::symlink) {
      here /= part;
      continue;
    }
    const auto link = fs::read_symlink(here / part, failed);
    if (failed || ++links > most_links) return result;
    prepend(rest, link);
  }
  result.target = here;
  return result;
}

}  // namespace switchyard::providers::file
