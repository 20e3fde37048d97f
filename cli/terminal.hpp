#pragma once

// What a command prints for people: colours where they are wanted, columns that line up.
//
// Threading: the main thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::cli {

enum class colour { none, red, green, yellow, cyan, faint };

/// Whether standard output takes colours: it is a terminal that is not dumb, and NO_COLOR is not
/// set (no-color.org: or empty).
bool colours();

/// The text in that colour where colours() are wanted, else as it is.
std::string painted(std::string_view text, colour which);

/// Text from elsewhere (HAProxy, the API) without control characters, which a terminal would obey.
/// Newlines stay.
std::string harmless(std::string_view text);

/// Rows under a head, in columns as wide as their widest cell; nothing at the end of a line.
class table {
 public:
  explicit table(std::vector<std::string> head);

  struct cell {
    std::string text;
    colour shade = colour::none;
  };
  /// As many cells as the head has.
  void row(std::vector<cell> cells);
  std::size_t rows() const { return rows_.size(); }
  void print() const;

 private:
  std::vector<std::string> head_;
  std::vector<std::vector<cell>> rows_;
};

}  // namespace switchyard::cli
