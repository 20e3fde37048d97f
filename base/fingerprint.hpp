#pragma once

// A short name for a text of our own.

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::base {

/// 64-bit FNV-1a: tells versions of our own text apart, resists nobody.
class fingerprint {
 public:
  fingerprint& add(std::string_view text) {
    for (const char c : text) {
      value_ ^= static_cast<unsigned char>(c);
      value_ *= 0x100000001b3ULL;
    }
    return *this;
  }

  /// 16 hexadecimal digits.
  std::string hex() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(width, '0');
    for (std::size_t i = 0; i < width; ++i) text[i] = digits[(value_ >> (60 - 4 * i)) & 0xfU];
    return text;
  }

  static constexpr std::size_t width = 16;

  /// Whether hex() could have given it.
  static bool is_one(std::string_view text) {
    return text.size() == width &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

}  // namespace switchyard::base
