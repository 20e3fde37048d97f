// Entries of the section `providers` whose sources are polled: rest and exec.

#include <algorithm>

#include "config/reading.hpp"

namespace switchyard::config {

namespace {

using model::object_reader;
using namespace std::chrono_literals;

constexpr std::size_t longest_argument = 65536;
constexpr std::size_t longest_url = 8192;

/// One of the two keys; what makes a URL a good one is for providers/rest to say.
void read_urls(object_reader& from, const reading& place, std::vector<std::string>& target) {
  const auto* const given = from.member("url");
  if (given != nullptr && given->is_array())
    return from.fail("url", "is one URL: put a list of them under urls");
  std::string url;
  const bool one = from.read("url", url, longest_url);
  if (one) target.push_back(url);
  from.each("urls", [&](const nlohmann::json& value, const std::string& pointer) {
    if (one)
      place.sink.push_back({pointer, "url is given as well: put all of them under urls"});
    else if (!value.is_string() || value.get_ref<const std::string&>().size() > longest_url)
      place.sink.push_back({pointer, "must be a URL, such as \"https://catalog.internal/v1\""});
    else
      target.push_back(value.get<std::string>());
  });
  if (!from.has("url") && target.empty())
    from.fail("url", "is missing: give url, such as \"https://catalog.internal/v1\", or urls");
}

/// A token of RFC 9110, section 5.6.2, which a field's name is.
bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const auto fits = [&](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           marks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, fits);
}

/// Calls `read(members, name)` for each member of an object of header fields.
void each_header(object_reader& from, const reading& place, std::string_view key,
                 const std::function<void(object_reader&, const std::string&)>& read) {
  const auto* value = from.member(key);
  if (value == nullptr) return;
  object_reader members(*value, from.pointer(key), place.sink);
  if (!members.is_object()) return;
  for (const auto& item : value->items()) {
    if (!is_token(item.key()))
      members.fail(item.key(), "is no name of a header field");
    else
      read(members, item.key());
  }
}

void read_identity(object_reader& from, const reading& place, rest_settings& target) {
  each_header(from, place, "headers", [&](object_reader& members, const std::string& name) {
    members.read(name, target.headers[name], longest_url);
  });
  each_header(from, place, "header_files", [&](object_reader& members, const std::string& name) {
    read_path(members, name, target.header_files[name], place);
    if (target.headers.contains(name))
      members.fail(name, "is under headers as well: leave one of the two out");
  });
  read_path(from, "token_file", target.token_file, place);
  from.read("username", target.username);
  read_path(from, "password_file", target.password_file, place);
  if (target.token_file && target.username)
    from.fail("username", "token_file is given as well: leave one of the two out");
  if (target.password_file && !target.username) from.fail("password_file", "needs username");
}

/// A list of words for execve; the program's path, if it is one, begins at the settings' folder.
void read_command(object_reader& from, const reading& place, std::vector<std::string>& target) {
  const bool listed =
      from.each("command", [&](const nlohmann::json& value, const std::string& pointer) {
        const auto word = value.is_string() ? value.get<std::string>() : std::string();
        if (!value.is_string() || word.find('\0') != std::string::npos ||
            word.size() > longest_argument)
          place.sink.push_back({pointer, "must be a text of at most " +
                                             std::to_string(longest_argument) +
                                             " bytes; put numbers in quotes"});
        target.push_back(word);
      });
  if (!listed) return;
  if (target.empty() || target.front().empty())
    from.fail("command", "must name a program, such as [/usr/local/bin/list-hosts, --json]");
  else if (target.front().find('/') != std::string::npos)
    target.front() = (place.folder / target.front()).lexically_normal().string();
}

void read_environment(object_reader& from, const reading& place,
                      std::map<std::string, std::string>& target) {
  const auto* value = from.member("environment");
  if (value == nullptr) return;
  object_reader variables(*value, from.pointer("environment"), place.sink);
  if (!variables.is_object()) return;
  for (const auto& item : value->items()) {
    if (item.key().empty() || item.key().find('=') != std::string::npos)
      variables.fail(item.key(), "is no name of an environment variable");
    variables.read(item.key(), target[item.key()], longest_argument);
  }
}

}  // namespace

rest_settings read_rest(object_reader& from, const reading& place) {
  using enum rest_long_poll;
  rest_settings source;
  read_urls(from, place, source.urls);
  read_program(from, "transform", "a jq program", source.transform);
  from.read("interval", source.interval, 100ms, 24h);
  from.read_enum("long_poll", source.long_poll, {off, consul});
  from.read("wait", source.wait, 1s, 10min);
  from.read("connect_timeout", source.connect_timeout, 100ms, 10min);
  from.read("request_timeout", source.request_timeout, 100ms, 10min);
  from.read("timeout", source.timeout, 100ms, 1h);
  from.read("transform_timeout", source.transform_timeout, 100ms, 10min);
  read_document_quota(from, source);
  read_number(from, "max_redirects", source.max_redirects, 0, 10);
  read_identity(from, place, source);
  from.read("proxy", source.proxy, longest_url);
  read_tls_files(from, place, source);
  return source;
}

exec_settings read_exec(object_reader& from, const reading& place) {
  exec_settings source;
  from.require("command");
  read_command(from, place, source.command);
  read_environment(from, place, source.environment);
  from.read("interval", source.interval, 100ms, 24h);
  from.read("timeout", source.timeout, 100ms, 1h);
  read_document_quota(from, source);
  return source;
}

}  // namespace switchyard::config
