#include "haproxy/certificate_files.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "base/atomic_file.hpp"
#include "haproxy/pem.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;

constexpr std::string_view key_ending = ".key";
constexpr std::array<std::string_view, 3> extra_endings{".ocsp", ".sctl", ".issuer"};
constexpr std::array<std::string_view, 4> variants{"", ".rsa", ".ecdsa", ".dsa"};
constexpr std::size_t largest_file = 1U << 20;

std::int64_t nanoseconds(const timespec& t) {
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

file_stamp stamp(const struct stat& s) {
  return {s.st_dev, s.st_ino, s.st_size, nanoseconds(s.st_mtim), nanoseconds(s.st_ctim)};
}

/// Adds the stamps of a regular file and of the link that leads to it.
bool add_stamps(const std::string& path, std::vector<file_stamp>& to) {
  struct stat file {};
  struct stat link {};
  if (::stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return false;
  to.push_back(stamp(file));
  if (::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) to.push_back(stamp(link));
  return true;
}

/// What belongs to another file.
bool is_reserved(std::string_view name) {
  return name.ends_with(key_ending) ||
         std::ranges::any_of(extra_endings, [&](auto end) { return name.ends_with(end); });
}

bool exists(const std::string& path) {
  struct stat file {};
  return ::stat(path.c_str(), &file) == 0;
}

error in_file(const std::string& path, const error& why) {
  return {why.kind, path + ": " + why.message};
}

outcome<pem_blocks> read_blocks(const std::string& path) {
  const auto text = base::read_file(path, largest_file);
  if (!text) return text.error();
  auto blocks = read_pem(*text);
  if (!blocks) return in_file(path, blocks.error());
  return blocks;
}

}  // namespace

std::chrono::system_clock::time_point certificate_stamp::latest() const {
  std::int64_t last = 0;
  for (const auto& part : parts) last = std::max({last, part.modified, part.changed});
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::nanoseconds(last)));
}

bool is_variant_of(std::string_view name, std::string_view path) {
  return name.starts_with(path) && std::ranges::count(variants, name.substr(path.size())) > 0;
}

std::optional<certificate_stamp> stamp_of(const std::string& certificate) {
  certificate_stamp found;
  if (!add_stamps(certificate, found.parts)) return std::nullopt;
  add_stamps(certificate + std::string(key_ending), found.parts);
  found.extras = std::ranges::any_of(
      extra_endings, [&](auto end) { return exists(certificate + std::string(end)); });
  return found;
}

outcome<certificates_on_disk> certificates_at(const std::string& path) {
  certificates_on_disk found;
  const auto add = [&](const std::string& file) {
    if (auto stamp = stamp_of(file)) found.emplace(file, std::move(*stamp));
  };
  struct stat what {};
  if (::stat(path.c_str(), &what) != 0 || !S_ISDIR(what.st_mode)) {
    for (const auto variant : variants) add(path + std::string(variant));
    return found;
  }
  std::error_code failed;
  for (std::filesystem::directory_iterator at(path, failed), end; !failed && at != end;
       at.increment(failed)) {
    const auto name = at->path().filename().string();
    if (!name.starts_with('.') && !is_reserved(name)) add(at->path().string());
  }
  if (failed) return error{errc::io, path + " cannot be read: " + failed.message()};
  return found;
}

outcome<std::string> read_certificate(const std::string& certificate) {
  auto blocks = read_blocks(certificate);
  if (!blocks) return blocks.error();
  if (!blocks->certificate) return error{errc::invalid, certificate + ": it holds no certificate"};
  if (blocks->key) return std::move(blocks->text);
  const auto key_file = certificate + std::string(key_ending);
  if (!exists(key_file))
    return error{errc::not_found, "no private key is in " + certificate + " or " + key_file};
  const auto key = read_blocks(key_file);
  if (!key) return key.error();
  if (!key->key) return error{errc::invalid, key_file + ": it holds no private key"};
  return blocks->text + key->text;
}

}  // namespace switchyard::haproxy
