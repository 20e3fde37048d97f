#include "base/yaml_quotes.hpp"

#include <algorithm>

namespace switchyard::base {

namespace {

std::string at(const text_position& p) {
  return std::to_string(p.line) + ":" + std::to_string(p.column);
}

/// "  - name: x", "key: value", "- {name: x}".
bool reads_like_entry(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.starts_with("- ")) return true;
  const auto word =
      line.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  return word != 0 && word != std::string_view::npos && line[word] == ':' &&
         (word + 1 == line.size() || line[word + 1] == ' ');
}

class scanner {
 public:
  explicit scanner(std::string_view text) : text_(text) {}

  std::optional<long_quote> find() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#' && (before_ == '\n' || before_ == ' ')) {
        skip_comment();
      } else if ((c == '"' || c == '\'') && opens()) {
        if (auto found = quote(c)) return found;
      } else {
        step();
      }
    }
    return std::nullopt;
  }

 private:
  void step() {
    const char c = text_[at_++];
    if (c == '\n') {
      where_ = {where_.line + 1, 1};
    } else {
      ++where_.column;
    }
    before_ = c;
    if (c != ' ') mark_ = c;
  }
  void skip_comment() {
    while (at_ < text_.size() && text_[at_] != '\n') step();
  }
  /// Whether a value or key begins here: elsewhere a quote is a part of a plain text.
  bool opens() const {
    return (before_ == ' ' && (mark_ == ':' || mark_ == '-')) || mark_ == '[' || mark_ == '{' ||
           mark_ == ',' || mark_ == '\n';
  }
  /// Reads to the closing quote.
  std::optional<long_quote> quote(char kind) {
    long_quote found{where_, std::nullopt};
    bool swallows = false;
    step();
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool doubled = c == kind && kind == '\'' && text_.substr(at_ + 1, 1) == "'";
      const bool escapes = c == '\\' && kind == '"' && at_ + 1 < text_.size();
      if (doubled || escapes) {
        step();
      } else if (c == kind) {
        found.ended = where_;
        step();
        return swallows ? std::optional(found) : std::nullopt;
      } else if (c == '\n') {
        const auto rest = text_.substr(at_ + 1);
        swallows = swallows || reads_like_entry(rest.substr(0, rest.find('\n')));
      }
      step();
    }
    return found;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  text_position where_;
  char before_ = '\n';
  char mark_ = '\n';  // the last character that is no blank
};

}  // namespace

std::string long_quote::sentence() const {
  if (!ended) return "the quote that began at " + at(began) + " is never closed";
  return "the quote that began at " + at(began) + " ends only at " + at(*ended) +
         " and takes the lines between for text; is a closing quote missing?";
}

std::optional<long_quote> swallowing_quote(std::string_view text) {
  return scanner(text).find();
}

}  // namespace switchyard::base
