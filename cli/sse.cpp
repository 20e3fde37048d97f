#include "cli/sse.hpp"

namespace switchyard::cli {

std::vector<sse_event> sse_parser::feed(std::string_view bytes) {
  std::vector<sse_event> done;
  unread_ += bytes;
  std::size_t from = 0;
  for (auto end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n', from)) {
    auto text = std::string_view(unread_).substr(from, end - from);
    if (text.ends_with('\r')) text.remove_suffix(1);
    line(text, done);
    from = end + 1;
  }
  unread_.erase(0, from);
  return done;
}

void sse_parser::forget_partial() {
  unread_.clear();
  id_ = last_id_;
  name_.clear();
  data_.clear();
  has_data_ = false;
}

void sse_parser::line(std::string_view text, std::vector<sse_event>& done) {
  if (text.empty()) {
    last_id_ = id_;
    if (has_data_) done.push_back({last_id_, name_.empty() ? "message" : name_, data_});
    name_.clear();
    data_.clear();
    has_data_ = false;
    return;
  }
  const auto colon = text.find(':');
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "event") {
    name_ = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
  }
}

}  // namespace switchyard::cli
