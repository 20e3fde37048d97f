// The section `providers`.

#include <algorithm>
#include <set>

#include "base/atomic_file.hpp"
#include "config/reading.hpp"

namespace switchyard::config {

namespace {

using model::object_reader;
using namespace std::chrono_literals;

constexpr std::size_t longest_dsn = 8192;
constexpr std::size_t longest_prefix = 256;
constexpr std::size_t longest_identifier = 63;  // PostgreSQL's NAMEDATALEN less one

void read_identifier(object_reader& from, std::string_view key, std::string& target) {
  if (from.read(key, target, longest_identifier) && target.empty())
    from.fail(key, "must be a PostgreSQL identifier of 1 to " + std::to_string(longest_identifier) +
                       " bytes, not an empty text");
}

postgres_queries read_queries(const nlohmann::json& value, const std::string& pointer,
                              const reading& place) {
  postgres_queries queries;
  object_reader from(value, pointer, place.sink);
  from.require("all");
  from.require("backends");
  read_program(from, "all", "an SQL query", queries.all);
  read_program(from, "backends", "an SQL query", queries.backends);
  const auto* routes = from.member("routes");
  std::string text;
  if (routes != nullptr && !routes->is_null() && read_program(from, "routes", "an SQL query", text))
    queries.routes = std::move(text);
  from.finish();
  return queries;
}

void read_dsn(object_reader& from, const reading& place, std::string& target,
              std::optional<std::string>& file) {
  const bool written = from.read("dsn", target, longest_dsn);
  const bool named = read_path(from, "dsn_file", file, place) && file;
  if (from.has("dsn") && named)
    from.fail("dsn_file", "dsn is given as well: leave one of the two out");
  else if (named)
    read_secret(from, "dsn_file", *file, "the connection string", target);
  else if (!from.has("dsn") && !(from.has("dsn_file") && !from.member("dsn_file")->is_null()))
    from.fail("dsn",
              "is missing: give dsn, such as \"host=/run/postgresql dbname=app\", or dsn_file");
  else if (written && target.empty())
    from.fail("dsn", "must be a connection string such as \"host=/run/postgresql dbname=app\"");
}

postgres_settings read_postgres(object_reader& from, const reading& place) {
  postgres_settings source;
  read_dsn(from, place, source.dsn, source.dsn_file);
  read_path(from, "password_file", source.password_file, place);
  read_identifier(from, "schema", source.schema);
  read_identifier(from, "channel", source.channel);
  from.read("listen", source.listen);
  from.read("resync", source.resync, 1s, 24h);
  from.read("interval", source.interval, 100ms, 1h);
  from.read("heartbeat", source.heartbeat, 100ms, 10min);
  from.read("query_timeout", source.query_timeout, 100ms, 10min);
  read_quota(from, source);
  const auto* queries = from.member("queries");
  if (queries != nullptr && !queries->is_null())
    source.queries = read_queries(*queries, from.pointer("queries"), place);
  return source;
}

file_settings read_file_provider(object_reader& from, const reading& place) {
  file_settings source;
  from.require("path");
  read_path(from, "path", source.path, place);
  from.read("resync", source.resync, 1s, 24h);
  read_document_quota(from, source);
  return source;
}

/// Both or none: sentinels watch over masters by name.
void read_sentinels(object_reader& from, const reading& place, redis_settings& target) {
  from.each("sentinels", [&](const nlohmann::json& value, const std::string& pointer) {
    if (value.is_string() && !value.get<std::string>().empty())
      target.sentinels.push_back(value.get<std::string>());
    else
      place.sink.push_back({pointer, "must be host:port, such as \"10.0.0.1:26379\""});
  });
  from.read("master", target.master);
  from.read("sentinel_username", target.sentinel_username);
  read_path(from, "sentinel_password_file", target.sentinel_password_file, place);
  if (!target.sentinels.empty() && target.master.empty())
    from.fail("master", "is missing: the name that the sentinels know the master by");
  if (target.sentinels.empty() && !target.master.empty())
    from.fail("sentinels", "is missing: the sentinels that know " + model::quoted(target.master));
}

redis_settings read_redis(object_reader& from, const reading& place) {
  using enum redis_notifications;
  redis_settings source;
  from.read("url", source.url, longest_dsn);
  from.read("username", source.username);
  read_path(from, "password_file", source.password_file, place);
  read_tls_files(from, place, source);
  read_sentinels(from, place, source);
  if (from.read("prefix", source.prefix, longest_prefix) && source.prefix.empty())
    from.fail("prefix", "must not be empty: all other keys would be taken for switchyard's");
  from.read_enum("notifications", source.notifications, {automatic, assumed, off});
  from.read("resync", source.resync, 1s, 24h);
  from.read("interval", source.interval, 100ms, 1h);
  from.read("heartbeat", source.heartbeat, 100ms, 10min);
  from.read("timeout", source.timeout, 100ms, 10min);
  read_quota(from, source);
  return source;
}

/// Reads what belongs to the type. Without a known type the other keys mean nothing, and are not
/// complained about.
void read_source(object_reader& from, const reading& place, provider_settings& target) {
  std::string type;
  from.require("type");
  if (!from.read("type", type)) return;
  if (type == "postgres") {
    target.source = read_postgres(from, place);
  } else if (type == "file") {
    target.source = read_file_provider(from, place);
  } else if (type == "redis") {
    target.source = read_redis(from, place);
  } else if (type == "rest") {
    target.source = read_rest(from, place);
  } else if (type == "exec") {
    target.source = read_exec(from, place);
  } else if (type == "memory") {
    target.source = memory_settings{};
  } else {
    from.fail("type",
              "must be postgres, redis, rest, exec, file or memory, not " + model::quoted(type));
    return;
  }
  if (type == "memory")
    target.max_objects = 0;  // what is changed by hand is bounded by who changes it
  else
    read_number(from, "max_objects", target.max_objects, 1, 10'000'000);
  from.finish();
}

}  // namespace

void read_providers(object_reader& from, const reading& place,
                    std::vector<provider_settings>& target) {
  std::set<std::string> names;
  const bool listed =
      from.each("providers", [&](const nlohmann::json& value, const std::string& pointer) {
        provider_settings provider;
        object_reader entry(value, pointer, place.sink);
        entry.require("name");
        if (entry.read("name", provider.name)) {
          check_name(entry, "name", provider.name);
          if (!names.insert(provider.name).second)
            entry.fail("name", "the name " + model::quoted(provider.name) +
                                   " is taken by an earlier provider: choose another");
        }
        read_source(entry, place, provider);
        target.push_back(std::move(provider));
      });
  if ((listed && target.empty()) || !from.has("providers"))
    from.fail("providers",
              "must have at least one entry, such as {name: files, type: file, path: backends.d}");
}

}  // namespace switchyard::config
