#include "providers/rest/jq.hpp"

extern "C" {
#include <jq.h>
}

#include <algorithm>
#include <optional>
#include <utility>

#include "model/json_reader.hpp"

namespace switchyard::providers::rest::jq {

namespace {

using base::errc;
using base::error;

constexpr std::size_t longest_message = 300;

/// Owns one value of libjq, whose functions take what they are given.
class value {
 public:
  explicit value(jv v) : v_(v) {}
  ~value() { ::jv_free(v_); }
  value(const value&) = delete;
  value& operator=(const value&) = delete;

  jv_kind kind() const { return ::jv_get_kind(v_); }
  bool valid() const { return kind() != JV_KIND_INVALID; }
  jv copy() const { return ::jv_copy(v_); }

 private:
  jv v_;
};

std::string text_of(jv text) {
  std::string result(::jv_string_value(text),
                     static_cast<std::size_t>(::jv_string_length_bytes(::jv_copy(text))));
  ::jv_free(text);
  return result;
}

/// The words of an invalid value; nothing when it has none, which is the end of all values.
std::optional<std::string> message_in(const value& invalid) {
  if (::jv_invalid_has_msg(invalid.copy()) == 0) return {};
  const value message(::jv_invalid_get_msg(invalid.copy()));
  if (message.kind() == JV_KIND_STRING) return text_of(message.copy());
  return text_of(::jv_dump_string(message.copy(), 0));
}

/// One line of UTF-8, whatever it was.
std::string shown(const std::string& text) {
  const auto quoted = model::quoted(text, longest_message);
  auto plain = quoted.substr(1, quoted.size() - 2);
  for (std::size_t at = 0; (at = plain.find("\\\"", at)) != std::string::npos; ++at)
    plain.erase(at, 1);
  return plain;
}

/// "jq: error: syntax error, … at <top-level>, line 2:", and the program below it.
std::string compile_message(std::string text) {
  constexpr std::string_view intro = "jq: error: ";
  constexpr std::string_view guess = " (Unix shell quoting issues?)";
  constexpr std::string_view place = " at <top-level>, line ";
  text.resize(std::min(text.find('\n'), text.size()));
  if (const auto at = text.find(guess); at != std::string::npos) text.erase(at, guess.size());
  if (text.starts_with(intro)) text.erase(0, intro.size());
  const auto at = text.rfind(place);
  if (at == std::string::npos) return shown(text);
  auto line = text.substr(at + place.size());
  while (line.ends_with(':')) line.pop_back();
  return "line " + line + ": " + shown(text.substr(0, at));
}

/// Keeps the first message of several.
void note(void* into, jv message) {
  auto& first = *static_cast<std::string*>(into);
  auto text = text_of(::jq_format_error(message));
  if (first.empty()) first = std::move(text);
}

void ignore(void* /*nobody*/, jv message) {
  ::jv_free(message);
}

jq_state* state_in(void* pointer) {
  return static_cast<jq_state*>(pointer);
}

error failed(const std::string& why) {
  return {errc::invalid, why};
}

}  // namespace

void program::closer::operator()(void* state) const {
  auto* mine = state_in(state);
  ::jq_teardown(&mine);
}

base::outcome<program> compile(const std::string& text) {
  program result(::jq_init());
  auto* state = state_in(result.state_.get());
  if (state == nullptr) return error{errc::io, "transform: no memory"};
  std::string message;
  ::jq_set_error_cb(state, &note, &message);
  const bool good = ::jq_compile(state, text.c_str()) != 0;
  ::jq_set_error_cb(state, &ignore, nullptr);
  if (!good) return failed("transform: " + compile_message(message));
  return result;
}

base::outcome<std::string> program::run(std::string_view text) {
  const value input(::jv_parse_sized(text.data(), static_cast<int>(text.size())));
  if (!input.valid())
    return failed("the answer is no JSON: " + shown(message_in(input).value_or("it is empty")));
  auto* state = state_in(state_.get());
  ::jq_start(state, input.copy(), 0);
  std::optional<std::string> result;
  for (;;) {
    const value next(::jq_next(state));
    if (!next.valid()) {
      if (const auto message = message_in(next)) return failed(shown(*message));
      break;
    }
    if (result) return failed("gives several values; it must give one, the document");
    result = text_of(::jv_dump_string(next.copy(), 0));
  }
  if (::jq_halted(state) != 0) return failed("the program halts");
  if (!result) return failed("gives nothing; it must give one value, the document");
  return *std::move(result);
}

}  // namespace switchyard::providers::rest::jq
