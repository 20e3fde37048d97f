#include "base/redact.hpp"

#include <algorithm>
#include <array>

namespace switchyard::base {

namespace {

constexpr std::string_view mask = "***";

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool ends_with_word(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  return std::ranges::equal(text.substr(text.size() - word.size()), word, {}, lower);
}

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && ends_with_word(text.substr(0, word.size()), word);
}

/// The end of a run of characters that are none of these and no space.
std::size_t run_end(std::string_view text, std::size_t from, std::string_view stops) {
  while (from < text.size() && !is_space(text[from]) &&
         stops.find(text[from]) == std::string_view::npos)
    ++from;
  return from;
}

/// A secret's place in the text: [begin, end).
struct place {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool empty() const { return begin >= end; }
};

/// `at` is behind "://". The password of a URL may hold anything when nobody encoded it.
place in_url(std::string_view text, std::size_t at) {
  const auto end = run_end(text, at, "\"'<>`");
  const auto host = text.substr(at, end - at).rfind('@');
  if (host == std::string_view::npos) return {};
  const auto colon = text.substr(at, host).find(':');
  if (colon != std::string_view::npos) return {at + colon + 1, at + host};
  // "https://TOKEN@host", unless the "@" stands in the path.
  const auto scheme = text.substr(0, at - 3);
  const bool http = ends_with_word(scheme, "http") || ends_with_word(scheme, "https");
  if (!http || text.substr(at, host).find_first_of("/?#") != std::string_view::npos) return {};
  return {at, at + host};
}

/// The end of a value in quotes, which `at` is behind the first of; a backslash makes the next
/// character a part of it, and so does a second quote. Without an end, all that follows.
std::size_t quoted_end(std::string_view text, std::size_t at, char quote) {
  while (at < text.size()) {
    const bool doubled = text.substr(at, 2) == std::string(2, quote);
    if (text[at] == quote && !doubled) break;
    at += doubled || text[at] == '\\' ? 2U : 1U;
  }
  return std::min(at, text.size());
}

/// `at` is behind the last letter of a key: `= value`, `: value`, `="value"`, `": "value"`.
place behind_key(std::string_view text, std::size_t at) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  while (at < text.size() && is_space(text[at])) ++at;
  if (at == text.size() || (text[at] != '=' && text[at] != ':')) return {};
  const bool sentence = text[at] == ':';  // "token: " of a sentence is hidden all the same
  ++at;
  while (at < text.size() && text[at] == ' ') ++at;
  if (at < text.size() && (text[at] == '"' || text[at] == '\''))
    return {at + 1, quoted_end(text, at + 1, text[at])};
  return {at, run_end(text, at, sentence ? "\"'," : "\"'&")};
}

/// Whether the word behind this text is a key of header_files: the name of a header field, whose
/// value is not there but in the file that follows.
bool names_a_file(std::string_view before) {
  constexpr std::array<std::string_view, 3> places{"header_files/", "header_files.",
                                                   "header_files: "};
  return std::ranges::any_of(places, [&](auto place) { return before.ends_with(place); });
}

/// `at` is where a word ends that begins at `begin`.
place behind_word(std::string_view text, std::size_t begin, std::size_t at) {
  const auto word = text.substr(begin, at - begin);
  if (names_a_secret(word))
    return names_a_file(text.substr(0, begin)) ? place{} : behind_key(text, at);
  const bool scheme = (word.size() == 6 && starts_with_word(word, "bearer")) ||
                      (word.size() == 5 && starts_with_word(word, "basic"));
  if (!scheme) return {};
  const auto value = std::min(text.find_first_not_of(' ', at), text.size());
  if (value == at) return {};
  return {value, run_end(text, value, "\"',")};
}

/// Words of a connection string that libpq did not understand, which may be a part of a password
/// (fe-connect.c, conninfo_parse(), conninfo_uri_parse_options()): they stand in quotes behind
/// these.
place in_complaint(std::string_view text, std::size_t at) {
  constexpr std::array<std::string_view, 6> complaints{
      "missing \"=\" after \"",
      "invalid percent-encoded token: \"",
      "forbidden value %00 in percent-encoded value: \"",
      "invalid integer value \"",
      "URI query parameter: \"",
      "could not translate host name \""};
  for (const auto complaint : complaints) {
    if (!text.substr(at).starts_with(complaint)) continue;
    const auto begin = at + complaint.size();
    const auto end = std::min(text.find('"', begin), text.size());
    // The host itself helps, and is no secret: that is in front of its last "@".
    if (complaint != complaints.back()) return {begin, end};
    const auto host = text.substr(begin, end - begin).rfind('@');
    return host == std::string_view::npos ? place{} : place{begin, begin + host};
  }
  return {};
}

}  // namespace

bool names_a_secret(std::string_view key) {
  constexpr std::array<std::string_view, 9> words{"password",   "passwd",     "pwd",
                                                  "passphrase", "secret",     "token",
                                                  "signature",  "credential", "credentials"};
  constexpr std::array<std::string_view, 4> kinds{"api", "access", "secret", "private"};
  const auto ends = [](std::string_view text) {
    return [text](std::string_view word) { return ends_with_word(text, word); };
  };
  if (std::ranges::any_of(words, ends(key))) return true;
  constexpr std::string_view last = "key";
  if (!ends_with_word(key, last)) return false;
  key.remove_suffix(last.size());
  if (key.ends_with('_') || key.ends_with('-')) key.remove_suffix(1);
  return std::ranges::any_of(kinds, ends(key));
}

std::string redact(std::string_view text) {
  std::string result;
  std::size_t copied = 0;
  std::size_t word = 0;  // where the word that `at` is in has begun
  const auto hide = [&](place secret) {
    if (secret.empty() || secret.begin < copied) return;
    result.append(text.substr(copied, secret.begin - copied)).append(mask);
    copied = secret.end;
  };
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < copied) {
      word = copied;
      continue;
    }
    if (at < text.size()) hide(in_complaint(text, at));
    if (at < text.size() && is_word(text[at])) continue;
    if (word < at) hide(behind_word(text, word, at));
    if (text.substr(std::min(at, text.size())).starts_with("://")) hide(in_url(text, at + 3));
    word = at + 1;
  }
  if (copied == 0) return std::string(text);
  return result.append(text.substr(std::min(copied, text.size())));
}

}  // namespace switchyard::base
