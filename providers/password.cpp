#include "providers/password.hpp"

#include <utility>

#include "base/atomic_file.hpp"

namespace switchyard::providers {

base::outcome<std::optional<std::string>> read_password(const std::optional<std::string>& file) {
  if (!file) return std::optional<std::string>();
  auto text = base::read_secret(*file);
  if (!text) return base::error{base::errc::invalid, "password_file: " + text.error().message};
  return std::optional<std::string>(std::move(*text));
}

}  // namespace switchyard::providers
