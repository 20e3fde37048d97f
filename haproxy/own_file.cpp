#include "haproxy/own_file.hpp"

#include <sys/stat.h>

namespace switchyard::haproxy {

std::optional<own_file::stamp> own_file::now() const {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) return std::nullopt;
  return stamp{found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec,
               found.st_mtim.tv_nsec};
}

own_file::state own_file::look() {
  if (!text_) return state::ours;
  const auto seen = now();
  if (seen && seen == unchanged_) return state::ours;
  const auto text = files_.read(path_, limit_);
  if (!text) return text.error().kind == base::errc::not_found ? state::removed : state::ours;
  if (differs(*text)) return state::edited;
  unchanged_ = seen;
  return state::ours;
}

}  // namespace switchyard::haproxy
