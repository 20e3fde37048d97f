#include "providers/redis/doctor.hpp"

#include <chrono>
#include <cstdlib>
#include <utility>

#include "providers/clock_distance.hpp"
#include "providers/redis/flags.hpp"
#include "providers/redis/keys.hpp"
#include "providers/redis/sentinels.hpp"
#include "providers/redis/session.hpp"

namespace switchyard::providers::redis {

namespace {

using level = diagnosis::level;

/// `answer` to CONFIG GET.
diagnosis look_at_flags(const config::redis_settings& settings, const reply& answer) {
  using enum config::redis_notifications;
  if (settings.notifications == off)
    return {level::warning,
            "changes are found by reading every interval, since notifications is off",
            "leave notifications out, so that changes are followed at once"};
  const std::string needed(needed_flags);
  if (answer.error() || answer.list.size() < 2) {
    if (settings.notifications == assumed)
      return {level::ok, "notifications are assumed to be on; nobody may ask", ""};
    return {level::warning, "whether notifications are on is not known: " + words_of(answer),
            "permit CONFIG GET and CONFIG SET, or put notify-keyspace-events " + needed +
                " into redis.conf and say `notifications: assume`"};
  }
  const auto missing = missing_flags(answer.list[1].text);
  if (missing.empty()) return {level::ok, "notify-keyspace-events has the flags " + needed, ""};
  return {settings.notifications == assumed ? level::error : level::warning,
          "notify-keyspace-events lacks the flags " + missing,
          "put notify-keyspace-events " + needed + " into redis.conf" +
              (settings.notifications == assumed
                   ? ""
                   : "; `switchyard run` adds them where CONFIG SET is permitted")};
}

diagnosis look_at_channel(const config::redis_settings& settings, const std::string& channel,
                          const reply& answer) {
  if (!answer.error()) return {level::ok, "its events can be subscribed to", ""};
  const auto wanted = settings.notifications != config::redis_notifications::off;
  return {wanted ? level::error : level::ok, "PSUBSCRIBE: " + words_of(answer),
          "permit the channel: ACL SETUSER … &" + channel + "* +psubscribe"};
}

diagnosis look_at_watch(const reply& answer) {
  if (!answer.error())
    return {level::ok, "FLUSHDB and SWAPDB are noticed at the next heartbeat", ""};
  return {level::warning,
          "FLUSHDB and SWAPDB are noticed at the next resync only: WATCH: " + words_of(answer),
          "permit WATCH, UNWATCH, MULTI and EXEC"};
}

diagnosis look_at_sizes(const reply& fields, const reply& memory) {
  const auto& no = fields.error() ? fields : memory;
  if (!no.error()) return {level::ok, "the size of hashes is asked for before they are read", ""};
  return {level::warning,
          "a hash of hundreds of megabytes would cost the connection: " + words_of(no),
          "permit HLEN and MEMORY USAGE"};
}

/// Seconds and microseconds of TIME.
diagnosis look_at_clock(connection& redis, std::chrono::milliseconds timeout) {
  using clock = std::chrono::system_clock;
  const auto asked = clock::now();
  const auto answers = redis.ask({{"TIME"}}, timeout);
  const auto took = clock::now() - asked;
  const bool told = answers && !answers->front().error() && answers->front().list.size() == 2;
  if (!told)
    return {level::warning,
            "its clock is not known: " +
                (answers ? words_of(answers->front()) : answers.error().message),
            "permit TIME"};
  const auto part = [&](std::size_t i) {
    return std::strtod(answers->front().list[i].text.c_str(), nullptr);
  };
  return clock_distance(part(0) + part(1) / 1e6, asked, took);
}

}  // namespace

std::vector<diagnosis> diagnose(const config::redis_settings& settings) {
  const auto failed = [](const base::error& why) {
    return std::vector<diagnosis>{{level::error, why.message, remedy(why)}};
  };
  sentinels masters(settings, nullptr);
  const auto at = master_of(settings, masters);
  if (!at) return failed(at.error());
  const auto where = parse_url(settings.url);
  if (!where) return failed({base::errc::invalid, "url: " + where.error().message});
  const auto session = open_session(settings, *at, nullptr);
  if (!session) return failed(session.error());
  const auto clock = look_at_clock(**session, settings.timeout);
  const auto channel = event_channel(where->database, settings.prefix);
  // Last the subscription, after which a connection takes no other commands.
  const auto answers = (*session)->ask({{"CONFIG", "GET", "notify-keyspace-events"},
                                        {"WATCH", settings.prefix},
                                        {"HLEN", settings.prefix},
                                        {"MEMORY", "USAGE", settings.prefix},
                                        {"PSUBSCRIBE", pattern_of_prefix(channel)}},
                                       settings.timeout);
  if (!answers) return failed(answers.error());
  return {look_at_flags(settings, (*answers)[0]), look_at_watch((*answers)[1]),
          look_at_sizes((*answers)[2], (*answers)[3]),
          look_at_channel(settings, channel, (*answers)[4]), clock};
}

std::string remedy(const base::error& why) {
  const auto says = [&](const char* text) { return why.message.find(text) != std::string::npos; };
  if (says("NOAUTH") || says("WRONGPASS") || says("wants a password"))
    return "give username and password_file as Redis' ACL has them";
  if (says("NOPERM")) return "permit what docs/providers/redis.md lists under \"User\"";
  if (says("not trusted")) return "give ca_file the authority that signed Redis' certificate";
  if (says("no sentinel names"))
    return "compare master and sentinels with the sentinels' own settings";
  if (says("Connection refused")) return "start Redis, or mend the url";
  return "";
}

}  // namespace switchyard::providers::redis
