#include "providers/file/changes.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace switchyard::providers::file {

namespace fs = std::filesystem;

bool is_document_name(std::string_view name) {
  return !name.starts_with('.') &&
         (name.ends_with(".json") || name.ends_with(".yaml") || name.ends_with(".yml"));
}

void changes::expect(places wanted, std::string folder) {
  wanted_ = std::move(wanted);
  folder_ = std::move(folder);
}

bool changes::matters(const change& c) const {
  const auto found = wanted_.find(c.folder);
  if (found == wanted_.end()) return false;
  return c.name.empty() || found->second.contains(c.name) ||
         (c.folder == folder_ && is_document_name(c.name));
}

void changes::note(const std::vector<change>& list, clock::time_point now) {
  for (const auto& c : list) {
    if (c.kind == change_kind::overflow) {
      // The closing of a file may be among what was lost.
      writing_.clear();
      everything_ = true;
    } else if (matters(c)) {
      note(c, now);
    }
  }
}

void changes::note(const change& c, clock::time_point now) {
  const auto path = (fs::path(c.folder) / c.name).string();
  switch (c.kind) {
    case change_kind::overflow:
    case change_kind::folder:
      everything_ = true;
      return;
    case change_kind::writing:
      writing_.try_emplace(path, writing{now, now}).first->second.last = now;
      return;
    case change_kind::created: {
      // A hard link has its content at once, what is empty will be written.
      std::error_code failed;
      const auto status = fs::symlink_status(path, failed);
      if (status.type() == fs::file_type::regular && fs::file_size(path, failed) == 0)
        writing_.insert_or_assign(path, writing{now, now});
      else
        touched_.insert(path);
      return;
    }
    case change_kind::written:
      writing_.erase(path);
      touched_.insert(path);
      return;
    case change_kind::altered:
      // Whoever writes may set its mode before all is there.
      if (!writing_.contains(path)) touched_.insert(path);
      return;
  }
}

void changes::done() {
  everything_ = false;
  touched_.clear();
}

void changes::expire(clock::time_point now) {
  std::erase_if(writing_, [&](const auto& entry) {
    const bool over = now >= entry.second.until();
    if (over) touched_.insert(entry.first);
    return over;
  });
}

std::optional<changes::clock::time_point> changes::next_expiry() const {
  std::optional<clock::time_point> next;
  for (const auto& entry : writing_)
    next = std::min(next.value_or(clock::time_point::max()), entry.second.until());
  return next;
}

}  // namespace switchyard::providers::file
