#include "config/reading.hpp"

#include <algorithm>

#include "base/atomic_file.hpp"
#include "model/backend.hpp"

namespace switchyard::config {

namespace {

constexpr std::size_t longest_path = 4095;  // PATH_MAX less the NUL
constexpr std::size_t longest_program = 65536;

}  // namespace

bool read_path(model::object_reader& from, std::string_view key, std::string& target,
               const reading& place) {
  std::string text;
  if (!from.read(key, text, longest_path)) return false;
  if (text.empty()) {
    from.fail(key, "must be a path, not an empty text");
    return false;
  }
  target = (place.folder / text).lexically_normal().string();
  return true;
}

bool read_path(model::object_reader& from, std::string_view key, std::optional<std::string>& target,
               const reading& place) {
  const auto* value = from.member(key);
  if (value != nullptr && value->is_null()) {
    target.reset();
    return true;
  }
  std::string path;
  if (!read_path(from, key, path, place)) return false;
  target = std::move(path);
  return true;
}

bool read_secret(model::object_reader& from, std::string_view key, const std::string& path,
                 std::string_view what, std::string& target) {
  auto secret = base::read_secret(path);
  if (!secret) {
    from.fail(key, "cannot be read: " + secret.error().message);
    return false;
  }
  if (secret->empty() || std::ranges::any_of(*secret, [](unsigned char c) { return c < 0x20; })) {
    from.fail(key, path + " must hold one line with " + std::string(what));
    return false;
  }
  target = std::move(*secret);
  return true;
}

bool read_program(model::object_reader& from, std::string_view key, std::string_view what,
                  std::string& target) {
  const auto* value = from.member(key);
  if (value == nullptr) return false;
  const auto text = value->is_string() ? value->get<std::string>() : std::string();
  if (text.size() > longest_program || text.find('\0') != std::string::npos ||
      text.find_first_not_of(" \t\r\n") == std::string::npos) {
    from.fail(key, "must be " + std::string(what) + " of at most " +
                       std::to_string(longest_program) + " bytes");
    return false;
  }
  target = text;
  return true;
}

void check_haproxy_path(model::object_reader& from, std::string_view key, const std::string& path) {
  const auto unwritable = [](char c) {
    return c < 0x20 || c > 0x7e || c == '\'' || c == '"' || c == '\\';
  };
  if (std::ranges::any_of(path, unwritable))
    from.fail(key,
              "must be made of printable ASCII without quotes and backslashes, for HAProxy; not " +
                  model::quoted(path));
}

void check_name(model::object_reader& from, std::string_view key, const std::string& name) {
  if (!model::valid_name(name))
    from.fail(key, "must be 1 to " + std::to_string(model::max_name) +
                       " of the characters A-Z a-z 0-9 _ . : -, not " + model::quoted(name));
}

}  // namespace switchyard::config
