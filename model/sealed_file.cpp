#include "model/sealed_file.hpp"

#include <filesystem>

#include "base/atomic_file.hpp"
#include "base/fingerprint.hpp"
#include "model/json_reader.hpp"

namespace switchyard::model {

namespace {

using base::errc;
using base::error;
using nlohmann::json;

// Only bounds what a damaged file can cost: ten million servers, the most that a source may have,
// take a few gigabytes.
constexpr std::size_t largest = std::size_t{16} << 30;

error damaged(const std::string& file, const std::string& why) {
  return {errc::invalid, file + " is damaged: " + why};
}

std::string checksum(const std::string& text) {
  return base::fingerprint().add(text).hex();
}

}  // namespace

base::outcome<json> read_sealed(const std::string& file, int format_version) {
  const auto text = base::read_file(file, largest);
  if (!text) return text.error();
  auto whole = parse_json(*text, {32, largest});
  if (!whole) return damaged(file, whole.error().message);
  if (!whole->is_object() || !whole->contains("version") || !whole->contains("document") ||
      !whole->contains("checksum"))
    return damaged(file, "a part of it is missing");
  if ((*whole)["version"] != format_version)
    return error{errc::refused, file + " was written by another version of switchyard"};
  auto& document = (*whole)["document"];
  if ((*whole)["checksum"] != checksum(document.dump()))
    return damaged(file, "the checksum is wrong");
  return std::move(document);
}

base::status write_sealed(const std::string& file, int format_version, const json& document) {
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(file).parent_path(), failed);
  const auto text = document.dump();
  return base::write_file_atomically(file, "{\"version\":" + std::to_string(format_version) +
                                               ",\"checksum\":\"" + checksum(text) +
                                               "\",\"document\":" + text + "}\n");
}

}  // namespace switchyard::model
