#include "haproxy/route_table.hpp"

#include <algorithm>
#include <utility>

#include "haproxy/step_words.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;

std::size_t differences(const route_entries& a, const route_entries& b) {
  std::size_t same = 0;
  for (const auto& [key, backend] : a) {
    const auto other = b.find(key);
    if (other != b.end() && other->second == backend) ++same;
  }
  return std::max(a.size(), b.size()) - same;
}

}  // namespace

status route_table::load() {
  const auto text = files_.read(map_, largest_map);
  if (!text && text.error().kind != errc::not_found) return text.error();
  if (!text) return write({});
  auto entries = parse_map_text(*text);
  if (!entries) return error{errc::invalid, map_ + ": " + entries.error().message};
  file_ = std::move(entries).value();
  text_.is(*text);
  return {};
}

status route_table::write(const route_entries& entries) {
  const auto text = map_text(entries);
  if (auto written = files_.write(map_, text); !written) return written;
  text_.is(text);
  return {};
}

status route_table::rewrite() {
  return write(file_);
}

void route_table::want(routes_ptr routes, bool complete, const places& unread, bool by_settings) {
  if (complete)
    dismissed_.clear();
  else if (!by_settings)
    note_dismissed(*routes);
  unread_.clear();
  for (const auto& [host, path] : unread) unread_.insert(route_key({host, path, ""}));
  routes_ = std::move(routes);
  complete_ = complete;
  due_ = true;
  unsaved_ = true;
}

void route_table::note_dismissed(const std::vector<model::route>& next) {
  for (const auto& route : *routes_) dismissed_.insert(route_key(route));
  for (const auto& route : next) dismissed_.erase(route_key(route));
  if (dismissed_.size() <= most_dismissed_) return;
  std::erase_if(dismissed_, [this](const std::string& key) {
    return !file_.contains(key) && !(actual_ && actual_->contains(key));
  });
  most_dismissed_ = std::max(few_dismissed, 2 * dismissed_.size());
}

status route_table::read(conversation& session) {
  if (!plain_map(map_)) return {};  // no frontend of ours can name it
  const auto reply = session.execute_raw("show map " + map_);
  if (!reply) return reply.error();
  auto entries = parse_map(*reply);
  if (!entries) {
    actual_.reset();
    return entries.error().kind == errc::not_found ? status() : entries.error();
  }
  due_ = due_ || actual_ != *entries;
  actual_ = std::move(entries).value();
  return {};
}

outcome<route_table::changes> route_table::converge(conversation& session,
                                                    const presence_of& presence, time_point now,
                                                    std::uint32_t random) {
  if (!actual_ || (!due_ && (!again_at_ || now < *again_at_))) return changes{};
  auto wanted = wanted_entries(*routes_, presence, *actual_);
  keep_earlier(wanted, *actual_);
  const auto count = differences(*actual_, wanted);
  const bool much = count > most_single_changes && count > wanted.size() / 2;
  auto each = much || count > told_one_by_one ? std::vector<route_change>()
                                              : changes_between(*actual_, wanted);
  auto done = much ? replace(session, wanted) : count == 0 ? changes{} : change(session, wanted);
  if (!done) return done;
  done->again = !due_;
  ended(*done, now, random);
  std::erase_if(each, [this](const route_change& c) {
    if (!actual_) return true;
    const auto found = actual_->find(c.key);
    return (found == actual_->end() ? "" : found->second) != c.to;
  });
  done->each = std::move(each);
  return done;
}

void route_table::ended(const changes& done, time_point now, std::uint32_t random) {
  due_ = false;
  if (done.failed > 0) {
    again_at_ = now + backoff_.failed(now, random);
  } else {
    again_at_.reset();
    backoff_.reset();
  }
}

route_table::stand_ins route_table::standing_in(const presence_of& presence) const {
  stand_ins found;
  const auto& entries = actual_ ? *actual_ : file_;
  for (const auto& route : *routes_) {
    if (presence(route.backend) != backend_presence::coming) continue;
    const auto now = entries.find(route_key(route));
    if (now != entries.end()) found[now->second].insert(route.backend);
  }
  return found;
}

void route_table::keep_earlier(route_entries& wanted, const route_entries& earlier) const {
  if (complete_ && unread_.empty()) return;
  const auto stays = [this](const std::string& key) {
    return unread_.contains(key) || (!complete_ && !dismissed_.contains(key));
  };
  for (const auto& [key, backend] : earlier)
    if (stays(key)) wanted.emplace(key, backend);
}

outcome<route_table::changes> route_table::change(conversation& session,
                                                  const route_entries& wanted) {
  const auto commands = plan_routes(map_, *actual_, wanted);
  // An entry by somebody else that cannot be named: the whole map can be replaced without naming
  // it.
  if (!commands) return replace(session, wanted);
  changes done;
  for (const auto& verdict : session.execute(*commands)) {
    if (session.broken())
      return verdict ? error{errc::unavailable, "interrupted"} : verdict.error();
    verdict ? ++done.made : ++done.failed;
    if (!verdict && done.failure.empty()) done.failure = verdict.error().message;
  }
  if (done.failed == 0)
    actual_ = wanted;
  else if (auto again = read(session); !again)
    return again.error();
  return done;
}

outcome<route_table::changes> route_table::replace(conversation& session,
                                                   const route_entries& wanted) {
  const auto prepared = session.execute_raw("prepare map " + map_);
  if (!prepared) return prepared.error();
  const auto version = parse_new_version(*prepared);
  if (!version) return changes{0, 1, version.error().message};
  const auto commands = plan_whole_map(map_, *version, wanted);
  // Not committed, the map stays as it was.
  const auto given_up = [&](const error& why) -> outcome<changes> {
    const auto cleared = session.execute_raw("clear map @" + *version + " " + map_);
    if (!cleared) return cleared.error();
    return changes{0, 1, why.message};
  };
  if (!commands) return given_up(commands.error());
  auto verdicts = session.execute(std::span(*commands).first(commands->size() - 1));
  for (const auto& verdict : verdicts) {
    if (verdict) continue;
    if (session.broken()) return verdict.error();
    return given_up(verdict.error());
  }
  verdicts = session.execute(std::span(*commands).last(1));
  if (session.broken()) return verdicts.front().error();
  if (!verdicts.front()) return given_up(verdicts.front().error());
  actual_ = wanted;
  return changes{wanted.size(), 0, ""};
}

status route_table::save(const presence_of& presence) {
  if (!unsaved_) return {};
  auto entries = wanted_entries(*routes_, presence, file_);
  keep_earlier(entries, file_);
  if (entries != file_) {
    if (auto written = write(entries); !written) return written;
    file_ = std::move(entries);
  }
  unsaved_ = false;
  return {};
}

}  // namespace switchyard::haproxy
