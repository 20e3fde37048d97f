#pragma once

// Server-sent events out of a stream of bytes (HTML standard, "Parsing an event stream").
//
// Pure. Threading: none.

#include <string>
#include <string_view>
#include <vector>

namespace switchyard::cli {

struct sse_event {
  std::string id;    ///< the last one that the stream gave, "" for none yet
  std::string name;  ///< "message" when it has none
  std::string data;

  bool operator==(const sse_event&) const = default;
};

class sse_parser {
 public:
  /// Takes bytes as they come, cut anywhere, and returns the events that are whole now.
  std::vector<sse_event> feed(std::string_view bytes);
  /// The stream has ended and another one begins; the last id stays.
  void forget_partial();
  const std::string& last_id() const { return last_id_; }

 private:
  void line(std::string_view text, std::vector<sse_event>& done);

  std::string unread_;
  std::string last_id_;           ///< of the last whole event
  std::string id_, name_, data_;  ///< of the one that is under way
  bool has_data_ = false;
};

}  // namespace switchyard::cli
