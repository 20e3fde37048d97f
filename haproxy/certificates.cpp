#include "haproxy/certificates.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::outcome;
using base::status;
using verdict = certificate_verdict;

const std::string about_transaction = "transaction";
const std::string about_file = "file ";

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
  for (const auto& [name, e] : entries_)
    if (e.reload == reload_need::wanted && e.seen) asked_.insert_or_assign(name, *e.seen);
  entries_.clear();
  wants_reload_ = false;
  next_look_.reset();
}

outcome<certificates::result> certificates::look(runtime& session, time_point now) {
  result told;
  next_look_.reset();
  if (paths_.empty()) return told;
  certificate_store store(session);
  if (!learnt_)
    if (const auto done = learn(store, now); !done) return done.error();
  see_all(now, told);
  if (const auto done = work(store, now, told); !done) return done.error();
  std::erase_if(entries_, [](const auto& e) {
    return !e.second.loaded && !e.second.seen && !e.second.unusable;
  });
  wants_reload_ = std::ranges::any_of(
      entries_, [](const auto& e) { return e.second.reload == reload_need::wanted; });
  return told;
}

std::vector<reload_reason> certificates::reasons() const {
  std::vector<reload_reason> all;
  for (const auto& [name, e] : entries_)
    if (e.reload == reload_need::wanted) all.push_back({reload_cause::certificate, name});
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

// -- what there is

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
    for (const auto& name : folder->value_or(std::set<std::string>())) add(name, path);
    if (*folder) continue;
    for (const auto& name : all->names)
      if (is_variant_of(name, path)) add(name, "");
  }
  entries_ = std::move(found);
  learnt_ = true;
  return {};
}

void certificates::see_all(time_point now, result& told) {
  for (const auto& path : paths_) {
    const auto found = certificates_at(path);
    if (!found) {
      told.notes.push_back(
          {severity::warning, path, "certificates: " + found.error().message, true});
    } else if (!folders_.contains(path)) {
      for (const auto& [name, e] : entries_)
        if (e.folder.empty() && is_variant_of(name, path)) see_file(name, *found, now, told);
    } else if (found->empty()) {
      told.notes.push_back(
          {severity::warning, path,
           "certificates: there is none in " + path + "; those that were loaded go on being served",
           true});
    } else {
      told.notes.push_back({severity::info, path, "", true});
      see_folder(path, *found, now, told);
    }
  }
}

void certificates::see_folder(const std::string& path, const certificates_on_disk& found,
                              time_point now, result& told) {
  for (const auto& [name, stamp] : found) {
    const auto [at, fresh] = entries_.try_emplace(name);
    if (fresh) at->second.folder = path;
    see(at->second, name, stamp, now, told);
  }
  for (auto& [name, e] : entries_)
    if (e.folder == path && !found.contains(name)) see(e, name, std::nullopt, now, told);
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
  told.notes.push_back({severity::warning, about_file + name, "certificate " + name + why, true});
}

void certificates::see(entry& e, const std::string& name, std::optional<certificate_stamp> stamp,
                       time_point now, result& told) const {
  // It has neither changed nor gone, as far as can be known.
  if (stamp && !stamp->failure.empty())
    return tell_unusable(e, name, " cannot be looked at: " + stamp->failure, told);
  if (std::exchange(e.unusable, false))
    told.notes.push_back({severity::info, about_file + name, "", true});
  if (e.seen != stamp) {
    e.seen = std::move(stamp);
    e.since = now;
    e.tried = false;
    e.reload = reload_need::none;
  }
  if (e.live || !e.seen) return;
  const auto asked = asked_.find(name);
  const bool reloaded = asked != asked_.end() && asked->second == *e.seen;
  if (e.loaded && (reloaded || e.seen->latest() < started_)) e.live = e.seen;
  // What HAProxy does not show after it was reloaded for it would be a reason for ever.
  if (!e.loaded && reloaded) e.tried = true;
}

// -- what there is to do

std::optional<certificates::time_point> certificates::due(const entry& e) {
  if (e.tried || e.unusable) return std::nullopt;
  if (e.seen) return e.live == e.seen ? std::nullopt : std::optional(e.since + settled_after);
  if (!e.loaded || e.folder.empty()) return std::nullopt;
  return e.since + gone_after;
}

void certificates::look_again(time_point when) {
  next_look_ = next_look_ ? std::min(*next_look_, when) : when;
}

status certificates::work(certificate_store& store, time_point now, result& told) {
  std::size_t done = 0;
  for (auto& [name, e] : entries_) {
    if (e.reload == reload_need::resting && e.rests_until <= now) e.reload = reload_need::wanted;
    const auto when = due(e);
    if (!when) continue;
    if (*when > now || done == most_at_once) {
      look_again(std::max(*when, now));
      continue;
    }
    if (done == 0) {
      const auto may = may_change(store, now, told);
      if (!may) return may.error();
      if (!*may) return {};
    }
    ++done;
    const auto verdict = e.seen ? bring(store, name, e) : store.remove(e.folder, name);
    if (!verdict) return verdict.error();
    if (const auto stamp = stamp_of(name); stamp != e.seen) {
      // It was written again meanwhile: which version HAProxy has is not known.
      e.live.reset();
      see(e, name, stamp, now, told);
      look_again(now + settled_after);
      continue;
    }
    take(*verdict, name, e, told);
  }
  return {};
}

/// HAProxy has one transaction for everybody. One that is open may be somebody's renewal script at
/// work; one of ours that stays was left by a conversation that broke.
outcome<bool> certificates::may_change(certificate_store& store, time_point now, result& told) {
  const auto all = store.list();
  if (!all) return all.error();
  if (transaction_ != all->transaction) {
    transaction_ = all->transaction;
    transaction_since_ = now;
  }
  if (!transaction_.empty() && entries_.contains(transaction_) &&
      transaction_since_ + transaction_ends_after <= now) {
    if (const auto ended = store.abort(transaction_); !ended) return ended.error();
    transaction_.clear();
  }
  const auto waits = transaction_.empty() ? std::string()
                                          : "certificates wait for a transaction of somebody else: "
                                            "`commit` or `abort ssl cert " +
                                                transaction_ + "` ends it";
  told.notes.push_back({severity::warning, about_transaction, waits, true});
  if (!transaction_.empty()) look_again(now + transaction_ends_after);
  return transaction_.empty();
}

outcome<verdict> certificates::bring(certificate_store& store, const std::string& name, entry& e) {
  const auto text = read_certificate(name);
  if (!text && text.error().kind == errc::not_found)
    return verdict{verdict::kind::by_reload, text.error().message};
  if (!text) return verdict{verdict::kind::bad, text.error().message};
  if (!e.seen->extras)
    return e.loaded ? store.replace(name, *text) : store.add(e.folder, name, *text);
  if (!e.loaded) return verdict{verdict::kind::by_reload, ".ocsp, .sctl or .issuer are beside it"};
  auto compared = store.compare(name, *text);
  if (compared && compared->what == verdict::kind::by_reload)
    compared->text += ", and .ocsp, .sctl or .issuer are beside it";
  return compared;
}

/// What a verdict means for the entry, and what there is to tell.
void certificates::take(const verdict& verdict, const std::string& name, entry& e, result& told) {
  const auto subject = "certificate " + name;
  const auto reason = verdict.text.empty() ? "" : ": " + verdict.text;
  switch (verdict.what) {
    case verdict::kind::taken:
      told.notes.push_back(
          {severity::info, name,
           e.seen ? subject + (e.loaded ? " renewed" : " added") + " without a reload" + reason
                  : subject + " removed without a reload"});
      ++told.changed;
      e.loaded = e.seen.has_value();
      e.live = e.seen;
      break;
    case verdict::kind::same:
      told.notes.push_back({severity::info, name, "", true});
      e.live = e.seen;
      break;
    case verdict::kind::bad:
      told.notes.push_back(
          {severity::error, name,
           subject +
               (e.loaded ? " is not taken, and the one before goes on being served, until the file "
                           "changes"
                         : " is not served, until the file changes") +
               reason,
           true});
      e.tried = true;
      break;
    case verdict::kind::by_reload:
      told.notes.push_back({severity::info, name, subject + " needs a reload" + reason, true});
      e.tried = true;
      e.reload = reload_need::wanted;
      break;
  }
}

}  // namespace switchyard::haproxy
