#include "api/exchange.hpp"

#include <httplib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "api/problem.hpp"

namespace switchyard::api {

namespace {

/// The connection as cpp-httplib reads and writes it, with deadlines for the whole.
class byte_stream final : public httplib::Stream {
 public:
  byte_stream(transport& with, const server_limits& limits)
      : with_(with), limits_(limits), until_(limits.idle), left_(limits.head_bytes) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }

  ssize_t read(char* to, std::size_t size) override {
    if (left_ == 0) {
      too_long_ = true;
      return -1;
    }
    const auto n = with_.read(to, std::min(size, left_), until_);
    if (!n) {
      late_ = begun_ && n.error().kind == base::errc::timeout;
      return -1;
    }
    if (!begun_ && *n > 0) {
      begun_ = true;
      until_ = base::deadline(limits_.request);
    }
    left_ -= *n;
    return static_cast<ssize_t>(*n);
  }

  ssize_t write(const char* from, std::size_t size) override {
    if (!answer_until_) answer_until_.emplace(limits_.answer);
    if (!with_.write({from, size}, *answer_until_)) {
      failed_ = true;
      return -1;
    }
    return static_cast<ssize_t>(size);
  }

  // Nothing here asks for addresses, and the descriptor would be measured against select(2)'s.
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  /// Reads on in the body, until it has that many bytes. It takes memory as it comes, not as it
  /// was announced. false: it did not come.
  bool read_body(std::string& body, std::size_t length) {
    left_ = length - body.size();
    for (std::array<char, 16U << 10> block; body.size() < length;) {
      const auto n = read(block.data(), std::min(block.size(), left_));
      if (n <= 0) return false;
      body.append(block.data(), static_cast<std::size_t>(n));
    }
    return true;
  }

  bool begun() const { return begun_; }
  bool late() const { return late_; }
  bool too_long() const { return too_long_; }
  bool failed() const { return failed_; }

 private:
  transport& with_;
  const server_limits& limits_;
  base::deadline until_;
  std::optional<base::deadline> answer_until_;
  std::size_t left_;  ///< bytes that may still be read
  bool begun_ = false;
  bool late_ = false;
  bool too_long_ = false;
  bool failed_ = false;
};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// What cpp-httplib puts among a request's fields.
bool added_by_library(const std::string& name) {
  static const std::set<std::string> names{"remote_addr", "remote_port", "local_addr",
                                           "local_port"};
  return names.contains(name);
}

request to_request(const httplib::Request& from) {
  request r;
  r.method = from.method == "HEAD" ? "GET" : from.method;
  r.path = from.path;
  for (const auto& [name, value] : from.params) r.query.emplace(name, value);
  for (const auto& [name, value] : from.headers) {
    auto key = lower(name);
    if (added_by_library(key)) continue;
    const auto [known, first] = r.fields.emplace(std::move(key), value);
    if (!first) known->second += ", " + value;
  }
  return r;
}

bool is_json(std::string_view type) {
  const auto word = lower(std::string(type.substr(0, type.find(';'))));
  const auto end = word.find_last_not_of(' ');
  const auto media = word.substr(0, end == std::string::npos ? 0 : end + 1);
  return media == "application/json" || media == "application/merge-patch+json";
}

/// Nothing: the length of the body is in `length`. Else why the body cannot be taken.
std::optional<reply> refuse_body(const request& r, const server_limits& limits,
                                 std::size_t& length) {
  length = 0;
  if (!r.field("transfer-encoding").empty())
    return problem(411, "send the body with a Content-Length");
  const auto text = r.field("content-length");
  if (text.empty()) return std::nullopt;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (bad == std::errc::result_out_of_range || length > limits.body_bytes)
    return problem(413, "a body may have " + std::to_string(limits.body_bytes) + " bytes at most");
  if (bad != std::errc() || end != text.data() + text.size())
    return problem(400, "Content-Length is no number");
  if (length == 0) return std::nullopt;
  if (!is_json(r.field("content-type")))
    return problem(415, "send the body as JSON, with `Content-Type: application/json`");
  const auto encoding = r.field("content-encoding");
  if (!encoding.empty() && encoding != "identity")
    return problem(415, "send the body as it is, without Content-Encoding");
  return std::nullopt;
}

/// One use of cpp-httplib: it parses a request and writes an answer, the rest is in the handlers.
class engine final : public httplib::Server {
 public:
  engine(transport& with, const exchange_setting& setting)
      : setting_(setting), stream_(with, setting.limits) {
    set_pre_routing_handler([this](const httplib::Request&, httplib::Response& res) {
      answer(res);
      return HandlerResponse::Handled;
    });
    set_error_handler([this](const httplib::Request&, httplib::Response& res) { explain(res); });
    set_post_routing_handler([this](const httplib::Request&, httplib::Response& res) {
      res.headers.erase("Keep-Alive");  // another's numbers
      res.headers.erase("Connection");
      if (closing_) res.set_header("Connection", "close");
    });
  }

  exchange_result run(bool last) {
    closing_ = last;
    bool closed = false;
    const auto setup = [this](httplib::Request& r) { look(r); };
    const bool answered = process(*this, stream_, closed, setup);
    if (!answered || stream_.failed()) return {};
    const bool keep = !closed && !closing_;
    return {keep, std::move(reply_.stream)};
  }

 private:
  /// cpp-httplib 0.15 takes the addresses as well.
  template <class Self, class Setup>
  static bool process(Self& self, httplib::Stream& stream, bool& closed, const Setup& setup) {
    if constexpr (requires { self.process_request(stream, false, closed, setup); })
      return self.process_request(stream, false, closed, setup);
    else
      return self.process_request(stream, "", 0, "", 0, false, closed, setup);
  }

  /// The head has been read.
  void look(httplib::Request& r) {
    seen_ = true;
    r.ranges.clear();  // an answer is whole
    request_ = to_request(r);
    if (lower(std::string(request_.field("connection"))) == "close") closing_ = true;
    refusal_ = refuse(setting_.access, request_);
    if (!refusal_) refusal_ = refuse_body(request_, setting_.limits, body_length_);
    if (!refusal_) return;
    closing_ = true;  // what else the client sends is not read
    r.headers.erase("Expect");
  }

  void answer(httplib::Response& res) {
    reply_ = refusal_ ? *std::move(refusal_) : ask();
    if (reply_.stream) take_place();
    if (reply_.stream) closing_ = true;
    res.status = reply_.status;
    for (const auto& [name, value] : reply_.fields) res.set_header(name, value);
    res.set_header("Cache-Control", "no-store");
    res.set_header("X-Content-Type-Options", "nosniff");
    if (reply_.stream)
      // The library writes the head, and has nothing to do for the rest.
      res.set_content_provider(reply_.type, [](std::size_t, httplib::DataSink&) { return true; });
    else if (!reply_.type.empty())
      res.set_content(reply_.body, reply_.type);
  }

  /// The answer holds its place for as long as it is there itself, sent or not.
  void take_place() {
    if (auto place = setting_.take_place()) {
      reply_.stream = [place = std::move(place), next = std::move(reply_.stream)](
                          std::chrono::milliseconds longest) { return next(longest); };
      return;
    }
    reply_ = busy("too many long-lived answers are open; end one of them", "10");
  }

  static reply busy(const std::string& why, const std::string& retry_after) {
    auto refusal = problem(503, why);
    refusal.fields["Retry-After"] = retry_after;
    return refusal;
  }

  reply ask() {
    std::shared_ptr<void> place;
    if (body_length_ > 0) {
      auto refusal = read_body(place);
      if (refusal) return *std::move(refusal);
    }
    if (!setting_.busy()) {
      closing_ = true;
      return busy("the server had no place left for this client", "1");
    }
    if (body_length_ > 0 && !(request_.turn = setting_.take_turn()))
      return busy("too many bodies wait to be read; try again", "1");
    return setting_.routes.dispatch(std::move(request_));
  }

  /// Nothing: it has been read, and has its place if it is a large one.
  std::optional<reply> read_body(std::shared_ptr<void>& place) {
    const auto first = std::min(body_length_, setting_.limits.large_body_bytes);
    bool came = stream_.read_body(request_.body, first);
    if (came && first < body_length_) {
      place = setting_.take_large_body();
      if (place) came = stream_.read_body(request_.body, body_length_);
    }
    closing_ = closing_ || !came;
    if (!came) return problem(408, "the body did not come in time");
    if (first == body_length_ || place) return std::nullopt;
    closing_ = true;
    return busy("too many large bodies are on their way; try again", "1");
  }

  /// What the library itself refuses has no body yet.
  void explain(httplib::Response& res) {
    if (seen_ && !res.body.empty()) return;
    closing_ = true;
    if (stream_.late()) res.status = 408;
    if (stream_.too_long()) res.status = 431;
    const auto said = problem(res.status, res.status == 408   ? "the request did not come in time"
                                          : res.status == 431 ? "the request's head is too long"
                                                              : "this is no HTTP/1.1 request");
    res.set_content(said.body, said.type);
  }

  const exchange_setting& setting_;
  byte_stream stream_;
  request request_;
  std::optional<reply> refusal_;
  std::size_t body_length_ = 0;
  reply reply_;
  bool seen_ = false;
  bool closing_ = false;
};

}  // namespace

exchange_result answer_one(transport& with, const exchange_setting& setting, bool last) {
  return engine(with, setting).run(last);
}

}  // namespace switchyard::api
