#include "providers/redis/redis_provider.hpp"

#include <chrono>
#include <utility>

#include "model/json_reader.hpp"
#include "providers/publisher.hpp"
#include "providers/redis/doctor.hpp"
#include "providers/redis/follower.hpp"
#include "providers/redis/reader.hpp"
#include "providers/redis/sentinels.hpp"
#include "providers/redis/session.hpp"

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;

}  // namespace

base::status check(const config::redis_settings& settings) {
  const auto where = parse_url(settings.url);
  if (!where) return error{errc::invalid, "url: " + where.error().message};
  if (settings.sentinels.empty() && where->at.host.empty() && where->at.path.empty())
    return error{errc::invalid, "url: names no host"};
  for (const auto& one : settings.sentinels)
    if (const auto at = parse_sentinel(one); !at)
      return error{errc::invalid, "sentinels: " + at.error().message};
  if (settings.prefix.empty())
    return error{errc::invalid, "prefix: must not be empty, other keys would be taken for ours"};
  return {};
}

redis_provider::redis_provider(std::string name, config::redis_settings settings)
    : name_(std::move(name)), settings_(std::move(settings)) {}

redis_provider::~redis_provider() {
  stop();
}

void redis_provider::watch(sink& target) {
  publisher out(target);
  sentinels masters(settings_, &waker());
  keep_following(out, [&] { return follower(settings_, masters, waker(), out).run(); });
}

base::outcome<book> redis_provider::read_once() {
  const auto failed = [&](const error& why) { return error{why.kind, name_ + ": " + why.message}; };
  sentinels masters(settings_, nullptr);
  const auto at = master_of(settings_, masters);
  if (!at) return failed(at.error());
  auto session = open_session(settings_, *at, nullptr);
  if (!session) return failed(session.error());
  reader keys(std::move(*session), settings_.prefix, settings_.timeout, settings_.max_bytes);
  const auto names = keys.names();
  if (!names) return failed(names.error());
  const auto read = keys.read(*names);
  if (!read) return failed(read.error());
  book result(settings_.prefix, settings_.max_depth);
  for (const auto& [key, value] : *read) result.put(key, value);
  return result;
}

base::outcome<model::report> redis_provider::backends() {
  const auto now = std::chrono::steady_clock::now();
  auto all = read_once();
  if (!all) return all.error();
  auto report = all->everything();
  report.seen_at = now;
  return report;
}

base::outcome<model::report> redis_provider::backend(const std::string& name) {
  if (!model::valid_name(name))
    return error{errc::invalid, name_ + ": no backend can be named " + model::quoted(name)};
  const auto now = std::chrono::steady_clock::now();
  const auto all = read_once();
  if (!all) return all.error();
  auto report = all->only(name);
  report.seen_at = now;
  return report;
}

std::vector<diagnosis> redis_provider::diagnose() {
  return redis::diagnose(settings_);
}

std::string redis_provider::remedy(const base::error& why) const {
  return redis::remedy(why);
}

}  // namespace switchyard::providers::redis
