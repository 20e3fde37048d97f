// What differs between disk and HAProxy is brought in, or becomes a reason for a reload.

#include <algorithm>
#include <string_view>
#include <utility>

#include "haproxy/certificates.hpp"

#include "base/fingerprint.hpp"
#include "haproxy/words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::outcome;
using base::status;
using verdict = certificate_verdict;

const std::string about_transaction = "transaction";

std::string refusal(bool was_loaded) {
  return std::string(was_loaded ? " is not taken, and the one before goes on being served, until "
                                : " is not served, until ") +
         "the file changes; no HAProxy starts, and no reload passes, with this file";
}

}  // namespace

std::optional<certificates::time_point> certificates::due(const entry& e) {
  if (e.tried || e.unusable) return std::nullopt;
  if (e.seen)
    return e.live == e.seen ? std::nullopt
                            : std::optional(std::max(e.since + settled_after, e.not_before));
  if (!e.loaded || e.folder.empty()) return std::nullopt;
  return e.since + gone_after;
}

status certificates::work(certificate_store& store, time_point now, result& told) {
  std::size_t done = 0;
  auto may = access::free;
  for (auto& [name, e] : entries_) {
    if (e.reload == reload_need::resting && e.rests_until <= now) e.reload = reload_need::wanted;
    const auto when = due(e);
    if (!when) continue;
    if (*when > now || done == most_at_once) {
      look_again(std::max(*when, now));
      continue;
    }
    if (done == 0) {
      const auto found = may_change(store, now, told);
      if (!found) return found.error();
      if (*found == access::busy) return {};
      may = *found;
    }
    ++done;
    if (auto worked = work_one(store, name, e, may, now, told); !worked) return worked;
  }
  return {};
}

status certificates::work_one(certificate_store& store, const std::string& name, entry& e,
                              access may, time_point now, result& told) {
  if (!e.seen && !is_gone(e.folder, name)) {
    e.since = now;
    look_again(now + gone_after);
    return {};
  }
  auto made = outcome<verdict>(verdict{verdict::kind::by_reload, blocked_by(now), false});
  if (may == access::free) made = e.seen ? bring(store, name, e) : store.remove(e.folder, name);
  if (!made) {
    ++e.breaks;
    return made.error();
  }
  const bool was_loaded = e.loaded;
  if (made->what == verdict::kind::taken) e.loaded = e.seen.has_value();
  if (const auto stamp = stamp_of(name); stamp != e.seen) {
    // It was written again meanwhile, and may be already what HAProxy has taken.
    e.live.reset();
    see(e, name, stamp, now, told);
    look_again(now + settled_after);
    return {};
  }
  take(*made, name, e, was_loaded, now, told);
  if (e.not_before > now) look_again(e.not_before);
  return {};
}

/// HAProxy has one transaction for everybody. One that is open may be somebody's renewal script at
/// work; one of ours that stays was left by a conversation that broke.
outcome<certificates::access> certificates::may_change(certificate_store& store, time_point now,
                                                       result& told) {
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
                                                legible(transaction_) + "` ends it";
  told.notes.push_back({severity::warning, about_transaction, waits, true});
  if (transaction_.empty()) return access::free;
  look_again(now + transaction_ends_after);
  return transaction_since_ + transaction_blocks_for <= now ? access::blocked : access::busy;
}

std::string certificates::blocked_by(time_point now) const {
  const auto lasts = std::chrono::duration_cast<std::chrono::seconds>(now - transaction_since_);
  return "somebody else's transaction on " + legible(transaction_) + " has been open for " +
         std::to_string(lasts.count()) + " s";
}

outcome<verdict> certificates::bring(certificate_store& store, const std::string& name,
                                     entry& e) const {
  using enum verdict::kind;
  using known = certificate_store::text_is;
  constexpr auto more = ".ocsp, .sctl or .issuer are beside it";
  if (e.breaks >= most_breaks)
    return verdict{by_reload, "HAProxy has ended the conversation over it, twice", false};
  const auto text = read_certificate(name);
  if (!text)
    return verdict{text.error().kind == errc::io          ? unread
                   : text.error().kind == errc::not_found ? by_reload
                                                          : bad,
                   legible(text.error().message), false};
  const auto print = base::fingerprint().add(*text).hex();
  const auto is = e.print.empty()    ? known::unknown
                  : e.print == print ? known::the_same
                                     : known::another;
  if (e.seen->extras && !e.loaded) return verdict{by_reload, more, false};
  if (e.seen->extras && is == known::another)
    return verdict{by_reload, std::string("HAProxy has another one, and ") + more, false};
  auto made = !e.loaded        ? store.add(e.folder, name, *text)
              : e.seen->extras ? store.compare(name, *text)
                               : store.replace(name, *text, is);
  if (made && (made->what == taken || made->what == same)) e.print = print;
  if (made && made->what == by_reload && e.seen->extras) made->text += std::string(", and ") + more;
  return made;
}

/// What a verdict means for the entry, and what there is to tell.
void certificates::take(const verdict& verdict, const std::string& name, entry& e, bool was_loaded,
                        time_point now, result& told) {
  const auto subject = "certificate " + legible(name);
  const auto reason = verdict.text.empty() ? "" : ": " + verdict.text;
  const auto tell = [&](severity level, const std::string& text, bool lasting) {
    told.notes.push_back({level, name, text, lasting});
  };
  switch (verdict.what) {
    case verdict::kind::taken:
      if (e.seen)
        tell(verdict.expired ? severity::warning : severity::info,
             subject + (was_loaded ? " renewed" : " added") + " without a reload" +
                 (verdict.expired ? ", and has expired" : "") + reason,
             false);
      else
        tell(severity::info, subject + " removed without a reload", false);
      ++told.changed;
      e.live = e.seen;
      break;
    case verdict::kind::same:
      tell(severity::info, "", true);
      e.live = e.seen;
      break;
    case verdict::kind::bad:
      tell(severity::error, subject + refusal(was_loaded) + reason, true);
      e.tried = true;
      break;
    case verdict::kind::unread:
      tell(severity::error, subject + " cannot be read, and is tried again every minute" + reason,
           true);
      e.not_before = now + read_again_after;
      break;
    case verdict::kind::by_reload:
      tell(severity::info, subject + " needs a reload" + reason, true);
      e.tried = true;
      e.reload = reload_need::wanted;
      break;
  }
}

}  // namespace switchyard::haproxy
