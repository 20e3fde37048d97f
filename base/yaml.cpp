#include "base/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "base/yaml_quotes.hpp"
#include "base/yaml_scalar.hpp"

namespace switchyard::base {

namespace {

using nlohmann::json;

text_position position_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

error error_at(const text_position& where, const std::string& what) {
  return {errc::invalid,
          std::to_string(where.line) + ":" + std::to_string(where.column) + ": " + what};
}

/// Stops yaml-cpp from inside an event; caught in parse_yaml.
struct refused {
  text_position where;
  std::string what;
};

/// A value and what it costs when an alias repeats it.
struct measured {
  json value;
  std::size_t nodes = 1;
  std::size_t bytes = 0;
};

/// Builds the value from yaml-cpp's events. Not from its node tree: that keeps no duplicate keys,
/// shares aliases silently and is built before any limit of ours could stop it.
class builder final : public YAML::EventHandler {
 public:
  builder(const yaml_limits& limits, yaml_document& result) : limits_(limits), result_(result) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (std::exchange(started_, true))
      throw refused{position_of(mark), "a second document; only one is allowed"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    scalar(mark, anchor, "?", "");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    scalar(mark, anchor, tag, text);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, "seq", anchor, json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, "map", anchor, json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  struct frame {
    measured content;
    yaml_positions::id place = yaml_positions::root;
    YAML::anchor_t anchor = YAML::NullAnchor;
    std::optional<std::string> key;  ///< the key whose value comes next
  };

  bool wants_key() const {
    return !open_.empty() && open_.back().content.value.is_object() && !open_.back().key;
  }
  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag,
              const std::string& text);
  void take_key(const YAML::Mark& mark, const std::string& text);
  void open(const YAML::Mark& mark, const std::string& tag, const std::string& kind,
            YAML::anchor_t anchor, json empty);
  void close();
  void add(measured value, YAML::anchor_t anchor);
  void spend(const text_position& where, std::size_t nodes, std::size_t bytes);
  yaml_positions::id place(const text_position& where);

  yaml_limits limits_;
  yaml_document& result_;
  bool started_ = false;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  std::vector<frame> open_;
  std::map<YAML::anchor_t, measured> anchors_;
};

void builder::spend(const text_position& where, std::size_t nodes, std::size_t bytes) {
  // Neither sum can overflow: what is added is itself within the limit.
  nodes_ += nodes;
  bytes_ += bytes;
  if (nodes_ > limits_.nodes)
    throw refused{where, "more than " + std::to_string(limits_.nodes) + " values"};
  if (bytes_ > limits_.bytes)
    throw refused{where, "more than " + std::to_string(limits_.bytes) + " bytes of text"};
}

/// Notes the position of the value that comes now (a member's is its key's).
yaml_positions::id builder::place(const text_position& where) {
  if (open_.empty()) {
    result_.positions.set_root(where);
    return yaml_positions::root;
  }
  const auto& parent = open_.back();
  return result_.positions.add(
      parent.place, parent.key ? *parent.key : std::to_string(parent.content.value.size()), where);
}

void builder::take_key(const YAML::Mark& mark, const std::string& text) {
  auto& parent = open_.back();
  if (parent.content.value.contains(text))
    throw refused{position_of(mark), "the key '" + text + "' is there twice"};
  spend(position_of(mark), 0, text.size());
  parent.content.bytes += text.size();
  parent.key = text;
  place(position_of(mark));
}

void builder::scalar(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag,
                     const std::string& text) {
  auto value = yaml_scalar(tag, text);
  if (!value) throw refused{position_of(mark), value.error().message};
  measured content{*std::move(value), 1, text.size()};
  if (wants_key()) {
    if (content.value.is_null()) throw refused{position_of(mark), "a key is missing"};
    if (anchor != YAML::NullAnchor) anchors_.emplace(anchor, std::move(content));
    return take_key(mark, text);
  }
  spend(position_of(mark), 1, text.size());
  place(position_of(mark));
  add(std::move(content), anchor);
}

void builder::open(const YAML::Mark& mark, const std::string& tag, const std::string& kind,
                   YAML::anchor_t anchor, json empty) {
  const auto where = position_of(mark);
  if (wants_key()) throw refused{where, "a key must be a scalar"};
  if (tag != "?" && tag != "!" && !tag.empty() && tag != "tag:yaml.org,2002:" + kind)
    throw refused{where, "the tag '" + tag + "' is not known here"};
  if (open_.size() >= limits_.depth)
    throw refused{where, "nested deeper than " + std::to_string(limits_.depth) + " levels"};
  spend(where, 1, 0);
  const auto here = place(where);
  open_.push_back({{std::move(empty), 1, 0}, here, anchor, std::nullopt});
}

void builder::close() {
  auto done = std::move(open_.back());
  open_.pop_back();
  add(std::move(done.content), done.anchor);
}

void builder::add(measured content, YAML::anchor_t anchor) {
  if (anchor != YAML::NullAnchor) anchors_.emplace(anchor, content);
  if (open_.empty()) {
    result_.value = std::move(content.value);
    return;
  }
  auto& parent = open_.back();
  parent.content.nodes += content.nodes;
  parent.content.bytes += content.bytes;
  if (parent.key)
    parent.content.value[*std::exchange(parent.key, std::nullopt)] = std::move(content.value);
  else
    parent.content.value.push_back(std::move(content.value));
}

void builder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto where = position_of(mark);
  if (wants_key()) throw refused{where, "a key must be written out, not an alias"};
  const auto known = anchors_.find(anchor);
  if (known == anchors_.end()) throw refused{where, "an alias inside of what it stands for"};
  spend(where, known->second.nodes, known->second.bytes);
  place(where);
  add(known->second, YAML::NullAnchor);
}

/// Length of the UTF-8 character at the front (RFC 3629: no surrogates, nothing overlong); 0: none.
std::size_t utf8_length(std::string_view t) {
  const auto byte = [&](std::size_t i) {
    return i < t.size() ? static_cast<unsigned char>(t[i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) > 0x8F;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

/// yaml-cpp guesses encodings and lets broken bytes through; JSON takes UTF-8 alone.
status check_characters(std::string_view text) {
  text_position where;
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) return error_at(where, "this is no UTF-8 text");
    const char c = text.front();
    if (length == 1 && static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r')
      return error_at(where, "a control character");
    where.column += length;
    if (c == '\n') where = {where.line + 1, 1};
    text.remove_prefix(length);
  }
  return {};
}

/// Where the lines went that an open quote has swallowed.
std::string hint(std::string_view text) {
  const auto quote = swallowing_quote(text);
  return quote ? "; " + quote->sentence() : std::string();
}

}  // namespace

outcome<yaml_document> parse_yaml(std::string_view text, const yaml_limits& limits) {
  if (text.size() > limits.bytes)
    return error_at({}, "the text is larger than " + std::to_string(limits.bytes) + " bytes");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto checked = check_characters(text); !checked) return checked.error();
  yaml_document result;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    builder events(limits, result);
    while (parser.HandleNextDocument(events)) {
    }
  } catch (const refused& r) {
    return error_at(r.where, r.what + hint(text));
  } catch (const YAML::Exception& e) {
    return error_at(position_of(e.mark), e.msg + hint(text));
  }
  if (result.positions.empty()) result.positions.set_root({});
  return result;
}

}  // namespace switchyard::base
