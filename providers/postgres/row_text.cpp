#include "providers/postgres/row_text.hpp"

#include "model/json_reader.hpp"

namespace switchyard::providers::postgres {

namespace {

class scanner {
 public:
  explicit scanner(std::string_view text) : text_(text) {}

  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }

  bool take(char wanted) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  /// A name with its quotes; nothing when there is none.
  std::optional<std::string> name() {
    skip_space();
    const auto from = at_;
    if (at_ == text_.size() || text_[at_] != '"' || !skip_string()) return {};
    const auto read = model::parse_json(text_.substr(from, at_ - from));
    if (!read || !read->is_string()) return {};
    return read->get<std::string>();
  }

  /// Up to the comma or the brace that ends the member; nothing when neither comes.
  std::optional<std::string_view> value() {
    skip_space();
    const auto from = at_;
    for (std::size_t depth = 0; at_ < text_.size();) {
      const char c = text_[at_];
      if (depth == 0 && (c == ',' || c == '}')) return text_.substr(from, at_ - from);
      if (c == '"') {
        if (!skip_string()) return {};
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && depth-- == 0) return {};
      ++at_;
    }
    return {};
  }

 private:
  void skip_space() {
    const auto next = text_.find_first_not_of(" \t\r\n", at_);
    at_ = next == std::string_view::npos ? text_.size() : next;
  }

  /// Past the quote that ends the string which begins here; false when there is none.
  bool skip_string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\')
        ++at_;
      else if (text_[at_] == '"')
        return ++at_, true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<text_member>> members_of(std::string_view text) {
  std::vector<text_member> members;
  scanner in(text);
  if (!in.take('{')) return {};
  if (in.take('}')) return in.at_end() ? std::optional(members) : std::nullopt;
  do {
    auto name = in.name();
    if (!name || !in.take(':')) return {};
    const auto value = in.value();
    if (!value) return {};
    members.emplace_back(std::move(*name), *value);
  } while (in.take(','));
  if (!in.take('}') || !in.at_end()) return {};
  return members;
}

}  // namespace switchyard::providers::postgres
