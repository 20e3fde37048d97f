#pragma once

// Where the values of a YAML document stand in its text. Threading: none.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace switchyard::base {

/// A place in a text, both counted from 1.
struct text_position {
  std::size_t line = 1;
  std::size_t column = 1;

  bool operator==(const text_position&) const = default;
};

/// The positions by JSON pointer. Of each value only the last part of its pointer is kept, so that
/// the memory grows with the text, however long the keys are that many values lie below.
class yaml_positions {
 public:
  /// A value that has a position.
  using id = std::size_t;
  static constexpr id root = 0;

  /// Where the document itself stands.
  void set_root(text_position where);
  /// The member of `parent` by this key or index. The position that it was given first stays.
  id add(id parent, std::string token, text_position where);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  /// The position of a JSON pointer (RFC 6901), or of its nearest ancestor that has one.
  text_position at(std::string_view pointer) const;

 private:
  struct member {
    id self;
    text_position where;
  };

  text_position root_;
  std::size_t size_ = 0;
  std::map<std::pair<id, std::string>, member> members_;
};

}  // namespace switchyard::base
