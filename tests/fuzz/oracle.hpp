#pragma once

// What must hold of every line that reaches HAProxy, told without the code that made it.
//
// A broken rule prints itself with the text at hand and aborts, which is how libFuzzer learns of
// it. Pure otherwise. Threading: none.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::fuzz {

using words = std::vector<std::string>;

/// Aborts unless `holds`. `rule` says what broke, `at` is the text that broke it.
void require(bool holds, std::string_view rule, std::string_view at);

/// The lines of a text, each without its newline. A text that does not end in one breaks a rule.
std::vector<std::string_view> lines_of(std::string_view text);

/// Split at runs of spaces, as HAProxy's runtime API does (management guide, "Unix Socket
/// commands").
words split(std::string_view line);

/// One runtime command of exactly these words: nothing but printable ASCII; no `;`, quote,
/// backslash or `<<`, which start a second command, hide a character or open a payload (on 2.6);
/// within the 64 words and the 16,384 bytes that HAProxy reads.
void require_command(std::string_view line, const words& meant);

/// The words of one configuration line by the rules of the manual's section 2.2. What would quote
/// with `"`, escape, comment, or leave a quote open breaks a rule.
words config_words(std::string_view line);

/// Marker → the value that stands in its place.
using values = std::map<std::string, std::string>;

/// `text` is `plain` with each marker replaced by its value, word by word: as many lines, as many
/// words in each, and a value never reaches beyond its word.
void require_same_shape(std::string_view text, std::string_view plain, const values& in_place_of);

/// Every byte of a file of ours: printable ASCII or a newline, no `"` and no backslash.
void require_plain_bytes(std::string_view text);

/// How many lines of a configuration begin a section, whatever its name.
std::size_t count_sections(std::string_view text);

}  // namespace switchyard::fuzz
