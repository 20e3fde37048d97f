#pragma once

// A request and its reply, as the endpoints see them. Plain values.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard::api {

struct request {
  std::string method;  ///< GET, also when the client said HEAD
  std::string path;    ///< percent-decoded, without the query
  std::map<std::string, std::string, std::less<>> parameters;  ///< {name} of the route's pattern
  std::map<std::string, std::string, std::less<>> query;   ///< decoded; the first of equal names
  std::map<std::string, std::string, std::less<>> fields;  ///< header fields, names in lower case
  std::string body;
  /// Its turn: bodies are made out one after the other, so that they take one core at most. Set
  /// where there is a body; see made_out().
  mutable std::shared_ptr<void> turn;

  /// Nothing is read from the body any more: lets the next one go on. To be called before an
  /// endpoint waits for anything.
  void made_out() const { turn.reset(); }

  /// A header field or parameter of the query, "" when it was not sent.
  std::string_view field(std::string_view name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
  }
  std::string_view parameter(std::string_view name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string_view() : std::string_view(found->second);
  }
};

/// The rest of a long-lived answer, piece by piece, on the connection's thread: waits at most
/// `longest` for something to send and returns it, "" when there was nothing; nothing ends the
/// answer. What it holds must outlive the server.
using pieces = std::function<std::optional<std::string>(std::chrono::milliseconds longest)>;

struct reply {
  int status = 200;
  std::string type = "application/json";  ///< of the body; "" when there is none
  std::string body;
  std::map<std::string, std::string> fields;  ///< further header fields
  pieces stream;  ///< set: sent after the body until it ends, the client leaves or the server stops
};

using handler = std::function<reply(const request&)>;

}  // namespace switchyard::api
