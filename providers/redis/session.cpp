#include "providers/redis/session.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/text.hpp"
#include "providers/password.hpp"

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;

constexpr std::size_t longest_words = 500;

bool is_cluster(const reply& info) {
  return info.is == reply::type::text && info.text.find("cluster_enabled:1") != std::string::npos;
}

error refused(const endpoint& at, const std::string& what) {
  return {errc::refused, "Redis at " + to_string(at) + ": " + what};
}

/// `answers` to the introduction: AUTH if there was one, INFO, SELECT, CLIENT SETNAME.
base::status judge(const std::vector<reply>& answers, bool authenticated, const endpoint& at,
                   const location& where, const std::optional<std::string>& password) {
  auto next = answers.begin();
  if (authenticated) {
    // Redis repeats a command's arguments in some of its errors.
    if (next->error()) return refused(at, base::masked(words_of(*next), password.value_or("")));
    ++next;
  }
  if (is_cluster(*next++))
    return refused(at, "is a node of a Redis Cluster, " + std::string(cluster_advice));
  if (next->error("NOAUTH"))
    return refused(at,
                   "wants a password: give password_file, and username unless it is \"default\"");
  if (next->error())
    return refused(at, "database " + std::to_string(where.database) + ": " + words_of(*next));
  return {};
}

}  // namespace

std::string words_of(const reply& refused) {
  auto text = refused.text.substr(0, longest_words);
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

tls_files tls_files_of(const config::redis_settings& settings) {
  return {settings.ca_file, settings.certificate_file, settings.key_file};
}

std::optional<command> authentication(const std::string& username,
                                      const std::optional<std::string>& password) {
  if (!password && username.empty()) return {};
  // The form with one argument is all that Redis before 6 knows.
  if (username.empty()) return command{"AUTH", *password};
  return command{"AUTH", username, password.value_or("")};
}

base::outcome<std::unique_ptr<connection>> open_session(const config::redis_settings& settings,
                                                        const endpoint& at,
                                                        const base::wakeup* interrupt) {
  const auto where = parse_url(settings.url);
  if (!where) return error{errc::invalid, "url: " + where.error().message};
  auto password = read_password(settings.password_file);
  if (!password) return password.error();
  if (!*password) *password = where->password;
  auto opened = connection::open(at, tls_files_of(settings), interrupt, settings.timeout);
  if (!opened) return opened;

  std::vector<command> commands;
  const auto who = authentication(settings.username.value_or(where->username), *password);
  if (who) commands.push_back(*who);
  commands.push_back({"INFO", "cluster"});
  commands.push_back({"SELECT", std::to_string(where->database)});
  commands.push_back({"CLIENT", "SETNAME", client_name});
  const auto answers = (*opened)->ask(commands, settings.timeout);
  if (!answers)
    return error{answers.error().kind,
                 "Redis at " + to_string(at) + ": " + answers.error().message};
  if (const auto good = judge(*answers, who.has_value(), at, *where, *password); !good)
    return good.error();
  return opened;
}

}  // namespace switchyard::providers::redis
