#include "tests/bench/bare_redis.hpp"

#include <algorithm>
#include <utility>

namespace switchyard::tests::bench {

bare_redis::bare_redis(const std::string& socket, std::string prefix)
    : prefix_(std::move(prefix)),
      channel_("__keyspace@0__:" + prefix_),
      events_(socket),
      values_(socket) {
  events_.ask({"PSUBSCRIBE", channel_ + "*"});
}

std::vector<std::string> bare_redis::notifications() {
  std::vector<std::string> servers;
  for (const auto& parts : events_.pushed())
    if (parts.size() == 4 && parts[2].starts_with(channel_))
      servers.push_back(parts[2].substr(channel_.size()));
  return servers;
}

std::string bare_redis::read(const std::string& server) {
  auto at = values_.ask({"HMGET", prefix_ + server, "address", "port"});
  std::ranges::replace(at, ' ', ':');
  return at == ":" ? "" : at;
}

}  // namespace switchyard::tests::bench
