#include "haproxy/certificate_files.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string_view>
#include <unordered_set>

#include "base/atomic_file.hpp"
#include "base/fd.hpp"
#include "haproxy/pem.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;

constexpr std::string_view key_ending = ".key";
constexpr std::array<std::string_view, 3> extra_endings{".ocsp", ".sctl", ".issuer"};
constexpr std::array<std::string_view, 4> variants{"", ".rsa", ".ecdsa", ".dsa"};
constexpr std::size_t largest_certificate_file = 1U << 20;

std::int64_t nanoseconds(const timespec& t) {
  // What lies beyond the years 1678 to 2262 is as good as their ends.
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / second - 1;
  return std::clamp(std::int64_t{t.tv_sec}, -most, most) * second + t.tv_nsec;
}

file_stamp stamp(const struct stat& s) {
  return {s.st_dev, s.st_ino, s.st_size, nanoseconds(s.st_mtim), nanoseconds(s.st_ctim)};
}

enum class found_there { file, something_else, nothing };

/// Adds the stamps of a file and of the link that leads to it.
found_there add_stamps(const std::string& path, certificate_stamp& to) {
  struct stat s {};
  const auto fail = [&] {
    to.failure = path + ": " + std::strerror(errno);
    return found_there::file;
  };
  if (::lstat(path.c_str(), &s) != 0)
    return errno == ENOENT || errno == ENOTDIR ? found_there::nothing : fail();
  if (S_ISLNK(s.st_mode)) {
    to.parts.push_back(stamp(s));
    // HAProxy does not start with a link that leads nowhere.
    if (::stat(path.c_str(), &s) != 0) return fail();
  }
  if (!S_ISREG(s.st_mode)) return found_there::something_else;
  to.parts.push_back(stamp(s));
  return found_there::file;
}

/// What belongs to another file.
bool is_reserved(std::string_view name) {
  return name.ends_with(key_ending) ||
         std::ranges::any_of(extra_endings, [&](auto end) { return name.ends_with(end); });
}

bool exists(const std::string& path) {
  struct stat file {};
  return ::lstat(path.c_str(), &file) == 0;
}

/// Whether it is a link, and nothing is where it leads.
bool leads_nowhere(const std::string& path) {
  struct stat file {};
  return ::stat(path.c_str(), &file) != 0 && errno == ENOENT && exists(path);
}

/// HAProxy passes over a key file, or one of the others, that is a link to nowhere, as long as it
/// needs nothing of it (2.6 to 3.4).
void add_key_stamps(const std::string& key, certificate_stamp& to) {
  if (!leads_nowhere(key)) {
    add_stamps(key, to);
    return;
  }
  struct stat link {};
  if (::lstat(key.c_str(), &link) == 0) to.parts.push_back(stamp(link));
}

/// `there` tells which files there are.
template <class Presence>
std::optional<certificate_stamp> stamp_among(const std::string& certificate, Presence there) {
  certificate_stamp made;
  if (add_stamps(certificate, made) != found_there::file) return std::nullopt;
  if (const auto key = certificate + std::string(key_ending); there(key)) add_key_stamps(key, made);
  made.extras = std::ranges::any_of(extra_endings, [&](auto end) {
    const auto extra = certificate + std::string(end);
    return there(extra) && !leads_nowhere(extra);
  });
  return made;
}

error in_file(const std::string& path, const error& why) {
  return {why.kind, path + ": " + why.message};
}

outcome<pem_blocks> read_blocks(const std::string& path) {
  const auto text = base::read_file(path, largest_certificate_file);
  if (!text) return text.error();
  auto blocks = read_pem(*text);
  if (!blocks) return in_file(path, blocks.error());
  return blocks;
}

status check_folder(const std::string& path) {
  struct stat what {};
  if (::stat(path.c_str(), &what) == 0) {
    if (S_ISDIR(what.st_mode)) return {};
    return error{errc::invalid, path + " is no folder any more"};
  }
  const int why = errno;
  if ((why == ENOENT || why == ENOTDIR) && !exists(path))
    return error{errc::not_found, path + " is not there"};
  return error{errc::io, path + " cannot be looked at: " + std::strerror(why)};
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
  return stamp_among(certificate, exists);
}

certificates_on_disk certificates_of_file(const std::string& path) {
  certificates_on_disk found;
  for (const auto variant : variants)
    if (auto stamp = stamp_of(path + std::string(variant)))
      found.emplace(path + std::string(variant), std::move(*stamp));
  return found;
}

outcome<certificates_on_disk> certificates_in(const std::string& folder) {
  if (const auto there = check_folder(folder); !there) return there.error();
  std::unordered_set<std::string> all;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed))
    if (!at->path().filename().native().starts_with('.')) all.insert(at->path().native());
  if (failed) return error{errc::io, folder + " cannot be read: " + failed.message()};
  certificates_on_disk found;
  const auto there = [&](const std::string& file) { return all.contains(file); };
  for (const auto& file : all)
    if (!is_reserved(file))
      if (auto stamp = stamp_among(file, there)) found.emplace(file, std::move(*stamp));
  return found;
}

bool is_gone(const std::string& folder, const std::string& certificate) {
  const base::unique_fd at(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at) return false;
  const auto name = certificate.substr(certificate.rfind('/') + 1);
  struct stat file {};
  if (::fstatat(at.get(), name.c_str(), &file, AT_SYMLINK_NOFOLLOW) != 0) return errno == ENOENT;
  return !S_ISREG(file.st_mode) && !S_ISLNK(file.st_mode);
}

outcome<std::string> read_certificate(const std::string& certificate) {
  auto blocks = read_blocks(certificate);
  if (!blocks) return blocks.error();
  if (!blocks->certificate) return error{errc::invalid, certificate + ": it holds no certificate"};
  if (blocks->key) return std::move(blocks->text);
  const auto key_file = certificate + std::string(key_ending);
  if (!exists(key_file))
    return error{errc::not_found, "no private key is in " + certificate + " or " + key_file};
  if (leads_nowhere(key_file))
    return error{errc::io, "no private key is in " + certificate + ", and " + key_file +
                               " is a link that leads nowhere"};
  const auto key = read_blocks(key_file);
  if (!key) return key.error();
  if (!key->key) return error{errc::invalid, key_file + ": it holds no private key"};
  return blocks->text + key->key_text;
}

}  // namespace switchyard::haproxy
