#include "haproxy/certificates.hpp"

#include <algorithm>
#include <utility>

#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::outcome;
using base::status;

/// A name that HAProxy's list cannot show as it is (one with a line feed in it) comes in pieces.
bool lies_in(const std::string& folder, const std::string& name) {
  return name.starts_with(folder + "/") && name.find('/', folder.size() + 1) == std::string::npos;
}

}  // namespace

std::set<std::string> certificate_paths(const std::vector<config::frontend_settings>& frontends) {
  std::set<std::string> paths;
  for (const auto& frontend : frontends)
    for (const auto& bind : frontend.binds)
      // HAProxy names a folder without the slash at its end.
      if (bind.certificates && bind.certificates->find_last_not_of('/') != std::string::npos)
        paths.insert(bind.certificates->substr(0, bind.certificates->find_last_not_of('/') + 1));
  return paths;
}

void certificates::follow(std::set<std::string> paths) {
  if (paths == paths_) return;
  paths_ = std::move(paths);
  learnt_ = false;
}

void certificates::forget(std::chrono::system_clock::time_point started) {
  started_ = started;
  learnt_ = false;
  std::erase_if(asked_, [this](const auto& asked) {
    const auto known = entries_.find(asked.first);
    return known == entries_.end() || known->second.seen != asked.second;
  });
  for (const auto& [name, e] : entries_) {
    if (e.reload != reload_need::wanted) continue;
    if (e.seen)
      asked_.insert_or_assign(name, *e.seen);
    else
      asked_gone_.insert(name);
  }
  // A worker that does not list them any more has let them go.
  std::erase_if(asked_gone_, [this](const auto& name) { return !entries_.contains(name); });
  entries_.clear();
  losing_since_.clear();
  holding_ = wants_reload_ = false;
  next_look_.reset();
}

outcome<certificates::result> certificates::look(conversation& session, time_point now) {
  result told;
  next_look_.reset();
  if (paths_.empty()) return told;
  certificate_store store(session);
  if (const auto done = learnt_ ? compare_folders(store, now) : learn(store, now); !done)
    return done.error();
  see_all(now, told);
  if (const auto done = work(store, now, told); !done) return done.error();
  std::erase_if(entries_, [](const auto& e) {
    return !e.second.loaded && !e.second.seen && !e.second.unusable;
  });
  // A new worker would be without what is missing.
  wants_reload_ = !holding_ && std::ranges::any_of(entries_, [](const auto& e) {
    return e.second.reload == reload_need::wanted;
  });
  return told;
}

std::vector<reload_reason> certificates::reasons() const {
  std::vector<reload_reason> all;
  if (holding_) return all;
  for (const auto& [name, e] : entries_)
    if (e.reload == reload_need::wanted) all.push_back({reload_cause::certificate, legible(name)});
  return all;
}

void certificates::reload_failed(time_point now) {
  for (auto& [name, e] : entries_) {
    if (e.reload != reload_need::wanted) continue;
    e.reload = reload_need::resting;
    e.rests_until = now + reload_again_after;
  }
  wants_reload_ = false;
}

// -- what HAProxy has

/// Which of our paths the worker has loaded, and the names it knows them by.
status certificates::learn(certificate_store& store, time_point now) {
  const auto all = store.list();
  if (!all) return all.error();
  std::map<std::string, entry> found;
  const auto add = [&](const std::string& name, const std::string& folder) {
    auto& e = found[name];
    if (const auto known = entries_.find(name); known != entries_.end()) e = known->second;
    e.loaded = true;
    e.folder = folder;
    if (!e.seen) e.since = now;
  };
  folders_.clear();
  for (const auto& path : paths_) {
    const auto folder = store.folder(path);
    if (!folder) return folder.error();
    if (*folder) folders_.insert(path);
    for (const auto& name : folder->value_or(std::set<std::string>()))
      if (lies_in(path, name)) add(name, path);
    if (*folder) continue;
    for (const auto& name : all->names)
      if (is_variant_of(name, path)) add(name, "");
  }
  entries_ = std::move(found);
  learnt_ = true;
  return {};
}

/// Somebody may have changed HAProxy's lists by hand.
status certificates::compare_folders(certificate_store& store, time_point now) {
  for (const auto& path : folders_) {
    const auto listed = store.folder(path);
    if (!listed) return listed.error();
    if (*listed) compare_folder(path, **listed, now);
  }
  return {};
}

void certificates::compare_folder(const std::string& folder, const std::set<std::string>& listed,
                                  time_point now) {
  for (auto& [name, e] : entries_) {
    if (e.folder != folder || e.loaded == listed.contains(name)) continue;
    e.loaded = !e.loaded;
    e.by_hand = true;
    e.live.reset();
    e.print.clear();
    e.tried = false;
    e.reload = reload_need::none;
  }
  for (const auto& name : listed) {
    if (!lies_in(folder, name)) continue;
    const auto [at, fresh] = entries_.try_emplace(name);
    if (!fresh) continue;
    at->second.folder = folder;
    at->second.loaded = at->second.by_hand = true;
    at->second.since = now;
  }
}

void certificates::look_again(time_point when) {
  next_look_ = next_look_ ? std::min(*next_look_, when) : when;
}

}  // namespace switchyard::haproxy
