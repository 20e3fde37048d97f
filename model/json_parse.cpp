// parse_json: nlohmann's SAX parser (which needs no stack for nesting) fills a value, so that depth
// and duplicate keys are refused while the text is read, not after.

#include <algorithm>

#include "model/json_reader.hpp"

namespace switchyard::model {

namespace {

using nlohmann::json;

std::string line_and_column(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto lines = std::ranges::count(before, '\n');
  const auto start = before.rfind('\n');
  const auto column = start == std::string_view::npos ? offset : offset - start - 1;
  return std::to_string(lines + 1) + ":" + std::to_string(std::max<std::size_t>(column, 1));
}

class builder : public nlohmann::json_sax<json> {
 public:
  explicit builder(std::size_t depth) : depth_(depth) {}

  json take() { return std::move(root_); }
  const std::string& failure() const { return failure_; }
  std::size_t failed_at() const { return failed_at_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& value) override { return add(json::binary(std::move(value))); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    frame& top = stack_.back();
    top.key = std::move(name);
    if (!top.value->contains(top.key)) return true;
    failure_ =
        "duplicate key " + model::quoted(top.key) + " in the object at " + model::quoted(pointer());
    return false;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    failed_at_ = position;
    failure_ = summary(error.what());
    return false;
  }

 private:
  struct frame {
    json* value;
    std::string key;
  };

  /// The middle of "[json.exception…] parse error at line 1, column 2: what; last read: 'text'":
  /// the text read last may be of any length.
  static std::string summary(std::string what) {
    if (const auto start = what.find(": "); start != std::string::npos) what.erase(0, start + 2);
    if (const auto rest = what.find("; last read"); rest != std::string::npos) {
      const auto expected = what.rfind("; expected");
      what = what.substr(0, rest) +
             (expected != std::string::npos && expected > rest ? what.substr(expected) : "");
    }
    // Number overflow quotes the number, of whatever length.
    if (what.size() > 200) what.resize(200);
    return what;
  }

  /// The object or list being filled: the keys and indexes on the way to it.
  std::string pointer() const {
    std::string path;
    for (std::size_t i = 0; i + 1 < stack_.size(); ++i) {
      const frame& f = stack_[i];
      path = pointer_to(path, f.value->is_object() ? f.key : std::to_string(f.value->size() - 1));
    }
    return path;
  }

  json* place_value(json&& value) {
    if (stack_.empty()) return &(root_ = std::move(value));
    frame& top = stack_.back();
    if (top.value->is_object()) return &((*top.value)[top.key] = std::move(value));
    top.value->push_back(std::move(value));
    return &top.value->back();
  }

  bool add(json&& value) {
    place_value(std::move(value));
    return true;
  }

  bool open(json&& empty) {
    if (stack_.size() >= depth_) {
      failure_ = "nested deeper than " + std::to_string(depth_) + " levels, below " +
                 model::quoted(pointer());
      return false;
    }
    // Only the innermost value grows, so the addresses of the ones around it stay.
    stack_.push_back({place_value(std::move(empty)), {}});
    return true;
  }

  bool close() {
    stack_.pop_back();
    return true;
  }

  std::size_t depth_;
  json root_;
  std::vector<frame> stack_;
  std::string failure_;
  std::size_t failed_at_ = 0;
};

/// Counts the bytes that the parser has taken, for failures that are not its own.
class counting_iterator {
 public:
  using difference_type = std::ptrdiff_t;
  using value_type = char;
  using pointer = const char*;
  using reference = const char&;
  using iterator_category = std::input_iterator_tag;

  counting_iterator(const char* at, std::size_t* read) : at_(at), read_(read) {}

  reference operator*() const { return *at_; }
  counting_iterator& operator++() {
    ++at_;
    ++*read_;
    return *this;
  }
  bool operator==(const counting_iterator& other) const { return at_ == other.at_; }
  bool operator!=(const counting_iterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  std::size_t* read_;
};

base::error refuse(std::string message) {
  return {base::errc::invalid, std::move(message)};
}

}  // namespace

base::outcome<json> parse_json(std::string_view text, const json_limits& limits) {
  if (text.size() > limits.bytes)
    return refuse("larger than " + std::to_string(limits.bytes) + " bytes");
  // The parser takes a NUL byte between two tokens for the end of the text.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return refuse(line_and_column(text, nul + 1) + ": a NUL byte, which JSON has no place for");
  std::size_t read = 0;
  builder target(limits.depth);
  const bool parsed = json::sax_parse(counting_iterator(text.data(), &read),
                                      counting_iterator(text.data() + text.size(), &read), &target);
  if (parsed) return target.take();
  const auto at = target.failed_at() != 0 ? target.failed_at() : read;
  return refuse(line_and_column(text, at) + ": " + target.failure());
}

}  // namespace switchyard::model
