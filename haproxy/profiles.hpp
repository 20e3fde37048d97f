#pragma once

// Profiles: what a backend that is added at run time takes its settings from.
//
// HAProxy 3.4 adds a backend `from` a named `defaults` section that it was loaded with. So the file
// has one such section for each distinct set of backend settings, and one that is loaded makes
// further backends free of a reload. Pure.

#include <map>
#include <string>
#include <string_view>

#include "haproxy/renderer.hpp"

namespace switchyard::haproxy {

/// Profiles stand between these lines: named defaults that nobody uses mean nothing to HAProxy
/// before 3.4.
inline constexpr std::string_view profiles_start = ".if version_atleast(3.4)";
inline constexpr std::string_view profiles_end = ".endif";

/// Name → the whole section. The name is made from the text, so equal settings have one profile.
using profile_map = std::map<std::string, std::string>;

/// The profile's name for a backend with these settings (backend_section::settings).
std::string profile_name(std::string_view settings);

/// The profiles that a file with these backends has: theirs; those of backends with nothing but
/// the default settings of each mode, so that a first backend needs no reload; and of the ones
/// `before` up to 64 that nobody uses now.
profile_map profiles_for(const std::map<std::string, backend_section_ptr>& backends,
                         const profile_map& before);

}  // namespace switchyard::haproxy
