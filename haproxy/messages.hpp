#pragma once

// What a managed HAProxy says of itself on its standard error: the pipe between it and us, and its
// lines.
//
// The pipe is a FIFO beside the configuration file, which each side has open to read and to write
// and without waiting. So HAProxy never waits for a reader, also while there is no switchyard (what
// does not fit into the pipe is lost), and the next switchyard reads on.
// Threading: free functions; message_lines belongs to one thread at a time.

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "haproxy/apply.hpp"

namespace switchyard::haproxy {

/// `<config_file>.messages`.
std::string messages_beside(const std::string& config_file);

/// Opens that FIFO; one that is missing is made, for nobody but ourselves (0600). errc::conflict:
/// something else has its place, and is left alone; errc::io.
base::outcome<base::unique_fd> open_messages(const std::string& config_file);

/// One line of HAProxy's.
struct message {
  severity level = severity::info;
  std::string text;

  bool operator==(const message&) const = default;
};

/// Makes messages of bytes as they come. Pure: time comes in as a parameter.
///
/// Levels are those of HAProxy's "[ALERT]", "[WARNING]", "[NOTICE]" (error, warning, debug: what
/// its notices tell of starts and reloads switchyard tells itself; so are the warnings of a
/// worker that ends as it should), or of "<3>" in front (a `log stderr format short` of the
/// operator's). An indented line belongs to the one before. Any other is info.
class message_lines {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  /// What a line has past it is left out.
  static constexpr std::size_t longest_line = 4096;
  /// Lines of one level past that are counted and left out, and one tells how many.
  static constexpr std::size_t most_in_a_second = 1000;

  /// The lines that end in `bytes`.
  std::vector<message> take(std::string_view bytes, time_point now);
  /// A line whose end does not come, and the number of those that were left out.
  std::vector<message> rest();
  /// Whether rest() has something.
  bool has_rest() const { return !line_.empty() || left_out_ > 0; }

 private:
  void grow(std::string_view part);
  void end_line(std::vector<message>& into);
  void tell_left_out(std::vector<message>& into);

  std::string line_;  ///< as far as it has come
  severity level_ = severity::info;
  std::array<std::size_t, 4> in_second_{};  ///< by level
  std::size_t left_out_ = 0;
  time_point second_{};  ///< when that began
};

}  // namespace switchyard::haproxy
