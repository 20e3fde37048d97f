#include "haproxy/pem.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;

constexpr std::string_view begins = "-----BEGIN ";
constexpr std::string_view ends = "-----END ";
constexpr std::string_view dashes = "-----";

bool is_base64(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '=';
}

bool is_label(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ';
}

/// The label of a line that opens or closes a block.
std::optional<std::string_view> label_in(std::string_view line, std::string_view opening) {
  if (!line.starts_with(opening) || !line.ends_with(dashes)) return std::nullopt;
  line.remove_prefix(opening.size());
  if (line.size() <= dashes.size()) return std::nullopt;
  line.remove_suffix(dashes.size());
  if (!std::ranges::all_of(line, is_label)) return std::nullopt;
  return line;
}

std::string_view without_blanks_before(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
}

std::string_view without_blanks_after(std::string_view line) {
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

/// What belongs to a private key, and may stand in a file of its own.
bool of_a_key(std::string_view label) {
  return label.ends_with("PRIVATE KEY") || label == "EC PARAMETERS";
}

/// Takes one line after the other.
class reader {
 public:
  status take(std::string_view line) {
    ++number_;
    if (label_.empty()) return outside(line);
    const bool first = std::exchange(first_, false);
    if (line.empty()) return first ? status() : invalid("is empty, in the middle of a block");
    if (const auto label = label_in(line, ends)) return close(*label);
    if (line.find(':') != std::string_view::npos)
      return invalid("is a header, as encrypted keys have; HAProxy needs the key unencrypted");
    line = without_blanks_before(line);
    if (!std::ranges::all_of(line, is_base64)) return invalid("is not base64");
    add(line);
    return {};
  }

  outcome<pem_blocks> finish() && {
    if (!label_.empty()) return error{errc::invalid, "it ends in the middle of a block: " + label_};
    if (found_.text.empty()) return error{errc::invalid, "it holds no PEM block"};
    return std::move(found_);
  }

 private:
  status outside(std::string_view line) {
    const auto label = label_in(line, begins);
    if (!label) return {};
    if (label->starts_with("ENCRYPTED"))
      return invalid("begins an encrypted key; HAProxy needs it unencrypted");
    label_ = *label;
    first_ = true;
    begun_ = found_.text.size();
    add(line);
    return {};
  }

  status close(std::string_view label) {
    if (label != label_) return invalid("does not end the block that is open: " + label_);
    found_.certificate = found_.certificate || label.ends_with("CERTIFICATE");
    found_.key = found_.key || label.ends_with("PRIVATE KEY");
    add(std::string(ends).append(label).append(dashes));
    if (of_a_key(label)) found_.key_text.append(found_.text, begun_);
    label_.clear();
    return {};
  }

  void add(std::string_view line) { found_.text.append(line).append("\n"); }

  error invalid(const std::string& what) const {
    return {errc::invalid, "line " + std::to_string(number_) + " " + what};
  }

  pem_blocks found_;
  std::string label_;      // of the block that is open
  bool first_ = false;     // its first line is next
  std::size_t begun_ = 0;  // where it begins in the text
  std::size_t number_ = 0;
};

}  // namespace

outcome<pem_blocks> read_pem(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  reader from;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (const auto taken = from.take(without_blanks_after(line)); !taken) return taken.error();
  }
  return std::move(from).finish();
}

}  // namespace switchyard::haproxy
