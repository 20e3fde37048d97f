#pragma once

// Certificate files on disk, picked as HAProxy picks them for `crt PATH` of a bind line (measured
// on 2.6 to 3.4): of a folder all regular files (symbolic links are followed) but hidden ones and
// those whose names end in .key, .ocsp, .sctl or .issuer, which belong to another file.
//
// Threading: none. Reads the disk.

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/outcome.hpp"

namespace switchyard::haproxy {

/// What tells two versions of a file apart without reading it.
struct file_stamp {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified = 0;  ///< nanoseconds since 1970
  std::int64_t changed = 0;   ///< nanoseconds since 1970; of contents, name or permissions

  bool operator==(const file_stamp&) const = default;
};

/// A certificate as it lies on disk: the file, the key beside it, and for symbolic links the links
/// as well; of a key's link that leads nowhere, the link alone.
struct certificate_stamp {
  std::vector<file_stamp> parts;
  bool extras = false;  ///< .ocsp, .sctl or .issuer lie beside it
  std::string failure;  ///< something is there and cannot be looked at: the file, and why

  /// The last change of any part.
  std::chrono::system_clock::time_point latest() const;
  bool operator==(const certificate_stamp&) const = default;
};

/// By the path that names the certificate in HAProxy.
using certificates_on_disk = std::map<std::string, certificate_stamp>;

/// What HAProxy would load for a bind that names a file: the file and its variants by key type
/// (.rsa, .ecdsa, .dsa). What is not there is left out.
certificates_on_disk certificates_of_file(const std::string& path);

/// What HAProxy would load for a bind that names a folder. Only a folder that was read to its end
/// is an answer: errc::not_found: nothing is there; errc::invalid: it is no folder; errc::io: it
/// cannot be reached or read, or it is a link that leads nowhere.
base::outcome<certificates_on_disk> certificates_in(const std::string& folder);

/// Whether a folder can be opened at this moment and has no such file, nor a link of that name.
/// What cannot be looked at is not gone.
bool is_gone(const std::string& folder, const std::string& certificate);

/// The stamp of one certificate; nothing when there is no such file.
std::optional<certificate_stamp> stamp_of(const std::string& certificate);

/// Whether HAProxy loads `name` for a bind that names the file `path`: itself, or a variant.
bool is_variant_of(std::string_view name, std::string_view path);

/// Certificate, chain and private key as one text to be sent: from the file, and the key from the
/// file beside it, and nothing else of it, where the first one has none. errc::invalid: it is
/// broken; errc::not_found: it has no private key here; errc::io: it cannot be read, or the key's
/// file is a link that leads nowhere.
base::outcome<std::string> read_certificate(const std::string& certificate);

}  // namespace switchyard::haproxy
