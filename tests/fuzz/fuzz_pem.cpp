// Any bytes as a certificate file: refused, or a payload of PEM blocks in which no line is empty
// and none is anything but a block's.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "haproxy/pem.hpp"
#include "tests/fuzz/oracle.hpp"

namespace {

using namespace switchyard;
using fuzz::require;

bool is_in(std::string_view text, std::string_view marks) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto read = haproxy::read_pem(file);
  if (!read) {
    require(read.error().kind == base::errc::invalid && !read.error().message.empty(),
            "a refusal says why", read.error().message);
    return 0;
  }
  bool open = false;
  for (auto line : fuzz::lines_of(read->text)) {
    require(!line.empty(), "no line is empty", read->text);
    const bool frame = line.starts_with('-');
    if (!frame) {
      require(open, "nothing stands outside of a block", read->text);
      require(is_in(line, "abcdefghijklmnopqrstuvwxyz+/="), "a block's line is base64", line);
      continue;
    }
    require(line.starts_with(open ? "-----END " : "-----BEGIN ") && line.ends_with("-----"),
            "blocks open and close in turn", read->text);
    require(is_in(line, " -"), "a label is capital letters and digits", line);
    require(file.find(line) != std::string_view::npos, "a line is one of the file's", line);
    open = !open;
  }
  require(!open, "the last block is closed", read->text);
  return 0;
}
