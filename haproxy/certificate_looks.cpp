// What lies on disk, as it is seen, and when it cannot be trusted.

#include <algorithm>
#include <utility>

#include "haproxy/certificates.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

const std::string about_file = "file ";
const std::string goes_on = "; those that were loaded go on being served";

}  // namespace

void certificates::see_all(time_point now, result& told) {
  holding_ = false;
  for (const auto& path : paths_) {
    if (folders_.contains(path)) {
      see_folder(path, now, told);
      continue;
    }
    const auto found = certificates_of_file(path);
    for (const auto& [name, e] : entries_)
      if (e.folder.empty() && is_variant_of(name, path)) see_file(name, found, now, told);
  }
}

void certificates::see_folder(const std::string& path, time_point now, result& told) {
  const auto found = certificates_in(path);
  if (!found || found->empty()) {
    hold(path, {}, now);
    const auto why = found ? "there is none in " + path : found.error().message;
    told.notes.push_back({severity::warning, path, "certificates: " + why + goes_on, true});
    return;
  }
  for (const auto& [name, stamp] : *found) {
    const auto [at, fresh] = entries_.try_emplace(name);
    if (fresh) at->second.folder = path;
    see(at->second, name, stamp, now, told);
  }
  if (lost_too_many(path, *found)) return hold_losses(path, *found, now, told);
  losing_since_.erase(path);
  told.notes.push_back({severity::info, path, "", true});
  for (auto& [name, e] : entries_)
    if (e.folder == path && !found->contains(name)) see(e, name, std::nullopt, now, told);
}

/// Whether more of a folder's certificates are gone than are left: those that HAProxy has, or has
/// read and gets with the next reload.
bool certificates::lost_too_many(const std::string& path, const certificates_on_disk& found) const {
  std::size_t lost = 0;
  std::size_t left = 0;
  for (const auto& [name, e] : entries_) {
    if (e.folder != path) continue;
    if (found.contains(name))
      left += e.loaded || e.reload != reload_need::none ? 1 : 0;
    else
      lost += e.loaded ? 1 : 0;
  }
  return lost > left;
}

/// As if those of the folder that are not found had not been looked at.
void certificates::hold(const std::string& path, const certificates_on_disk& found,
                        time_point now) {
  holding_ = true;
  for (auto& [name, e] : entries_) {
    if (e.folder != path || found.contains(name)) continue;
    e.unusable = true;
    e.since = now;
    if (e.seen) continue;
    e.tried = false;
    e.reload = reload_need::none;
  }
}

// It is not told at once: who renames the only file has two of them in a moment.
void certificates::hold_losses(const std::string& path, const certificates_on_disk& found,
                               time_point now, result& told) {
  hold(path, found, now);
  const auto since = losing_since_.try_emplace(path, now).first->second;
  if (now < since + gone_after) return look_again(since + gone_after);
  told.notes.push_back({severity::warning, path,
                        "certificates: more are gone from " + path + " than are left" + goes_on +
                            ", and nothing is reloaded for certificates, until files are back or "
                            "somebody reloads HAProxy",
                        true});
}

void certificates::see_file(const std::string& name, const certificates_on_disk& found,
                            time_point now, result& told) {
  auto& e = entries_.at(name);
  const auto there = found.find(name);
  if (there != found.end()) return see(e, name, there->second, now, told);
  tell_unusable(e, name,
                " is not there; the one that was loaded goes on being served, but no HAProxy "
                "starts without the file",
                told);
}

void certificates::tell_unusable(entry& e, const std::string& name, const std::string& why,
                                 result& told) {
  e.unusable = true;
  told.notes.push_back(
      {severity::warning, about_file + name, "certificate " + legible(name) + why, true});
}

void certificates::see(entry& e, const std::string& name, std::optional<certificate_stamp> stamp,
                       time_point now, result& told) {
  // It has neither changed nor gone, as far as can be known.
  if (stamp && !stamp->failure.empty())
    return tell_unusable(e, name, " cannot be looked at: " + legible(stamp->failure), told);
  if (std::exchange(e.unusable, false)) {
    told.notes.push_back({severity::info, about_file + name, "", true});
    if (!stamp) e.since = now;
  }
  if (e.seen != stamp) {
    e.seen = std::move(stamp);
    e.since = now;
    e.tried = false;
    e.breaks = 0;
    e.not_before = {};
    e.reload = reload_need::none;
  }
  if (e.seen) {
    asked_gone_.erase(name);
    return see_loaded(e, name);
  }
  if (!e.loaded || !asked_gone_.contains(name)) return;
  // It would be a reason for ever.
  e.tried = true;
  told.notes.push_back({severity::warning, name,
                        "certificate " + legible(name) +
                            " is not on disk, and HAProxy has it still after a reload; it is left "
                            "alone",
                        true});
}

/// Whether what is seen is what the worker read when it started.
void certificates::see_loaded(entry& e, const std::string& name) const {
  if (e.live) return;
  const auto asked = asked_.find(name);
  const bool reloaded = asked != asked_.end() && asked->second == *e.seen;
  if (e.loaded && (reloaded || (e.seen->latest() < started_ && !e.by_hand))) e.live = e.seen;
  // What HAProxy does not show after it was reloaded for it would be a reason for ever.
  if (!e.loaded && reloaded) e.tried = true;
}

}  // namespace switchyard::haproxy
