#include "base/yaml_positions.hpp"

namespace switchyard::base {

namespace {

/// A part of a JSON pointer as the key that it stands for.
std::string unescaped(std::string_view part) {
  std::string token;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const bool escape = part[i] == '~' && i + 1 < part.size();
    token += !escape ? part[i] : part[++i] == '1' ? '/' : '~';
  }
  return token;
}

}  // namespace

void yaml_positions::set_root(text_position where) {
  if (size_ != 0) return;
  root_ = where;
  size_ = 1;
}

yaml_positions::id yaml_positions::add(id parent, std::string token, text_position where) {
  const auto [at, first] =
      members_.try_emplace({parent, std::move(token)}, member{members_.size() + 1, where});
  if (first) ++size_;
  return at->second.self;
}

text_position yaml_positions::at(std::string_view pointer) const {
  auto here = root;
  auto where = root_;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    const auto part = pointer.substr(0, pointer.find('/'));
    const auto found = members_.find({here, unescaped(part)});
    if (found == members_.end()) break;
    here = found->second.self;
    where = found->second.where;
    pointer.remove_prefix(part.size());
  }
  return where;
}

}  // namespace switchyard::base
