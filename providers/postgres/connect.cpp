#include "providers/postgres/connect.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

namespace switchyard::providers::postgres {

namespace {

using base::errc;
using base::error;
using std::chrono::milliseconds;

constexpr int default_connect_seconds = 5;
constexpr const char* stopped_message = "stopped while connecting";

/// What of a DSN matters here beyond libpq itself.
struct dsn_facts {
  milliseconds each_address{default_connect_seconds * 1000};
  std::vector<std::string> hosts;  // these three are lists of the same length, or empty
  std::vector<std::string> addresses;
  std::vector<std::string> ports;
  std::vector<std::string> secrets;

  std::size_t count() const { return std::max({std::size_t{1}, hosts.size(), addresses.size()}); }
};

/// One of the hosts; empty parts leave what the DSN says.
struct host {
  std::string name;
  std::string address;
  std::string port;
};

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  for (;;) {
    const auto comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    list.remove_prefix(comma + 1);
  }
}

host nth(const dsn_facts& dsn, std::size_t n) {
  const auto part = [n](const std::vector<std::string>& list) {
    return n < list.size() ? list[n] : std::string();
  };
  // One port may stand for all hosts.
  return {part(dsn.hosts), part(dsn.addresses), dsn.ports.size() > 1 ? part(dsn.ports) : ""};
}

struct free_options {
  void operator()(PQconninfoOption* list) const noexcept { PQconninfoFree(list); }
};

std::unique_ptr<PQconninfoOption, free_options> parse(const std::string& dsn) {
  char* message = nullptr;
  auto* const list = PQconninfoParse(dsn.c_str(), &message);
  PQfreemem(message);  // it quotes the DSN, and with it the password
  return std::unique_ptr<PQconninfoOption, free_options>(list);
}

int seconds(std::string_view text) {
  int value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && value > 0 ? value : default_connect_seconds;
}

dsn_facts facts(const PQconninfoOption* option, const std::optional<std::string>& password) {
  dsn_facts result;
  if (password && !password->empty()) result.secrets.push_back(*password);
  for (; option->keyword != nullptr; ++option) {
    const std::string_view key = option->keyword;
    const std::string_view value = option->val != nullptr ? option->val : "";
    if (value.empty()) continue;
    if (key == "password" || key == "sslpassword") result.secrets.emplace_back(value);
    if (key == "connect_timeout") result.each_address = std::chrono::seconds(seconds(value));
    if (key == "host") result.hosts = split(value);
    if (key == "hostaddr") result.addresses = split(value);
    if (key == "port") result.ports = split(value);
  }
  return result;
}

std::string redacted(std::string message, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets)
    for (auto at = message.find(secret); at != std::string::npos; at = message.find(secret, at + 3))
      message.replace(at, secret.size(), "***");
  return message;
}

void ignore_notice(void* /*unused*/, const char* /*message*/) {}

/// `only` may be null: all hosts of the DSN, as libpq chooses among them.
raw_session begin(const connect_settings& settings, const host* only) {
  // A later keyword overrides an earlier one unless it is empty, and the DSN is expanded where
  // "dbname" stands: what comes before it are defaults, what comes after it is forced (libpq,
  // PQconnectStartParams).
  std::vector<std::pair<const char*, std::string>> parameters{
      {"fallback_application_name", "switchyard"},
      {"keepalives_idle", "10"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "20000"},
      {"dbname", settings.dsn},
      {"client_encoding", "UTF8"},
      {"password", settings.password.value_or("")}};
  if (only != nullptr)
    parameters.insert(parameters.end(),
                      {{"host", only->name}, {"hostaddr", only->address}, {"port", only->port}});
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : parameters) {
    keys.push_back(key);
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  raw_session session(PQconnectStartParams(keys.data(), values.data(), 1));
  if (session) PQsetNoticeProcessor(session.get(), ignore_notice, nullptr);
  return session;
}

enum class waited { ready, interrupted, timeout };

waited wait(int fd, short events, const base::wakeup* interrupt, const base::deadline& until) {
  for (;;) {
    std::array<pollfd, 2> fds{
        {{interrupt != nullptr ? interrupt->fd() : -1, POLLIN, 0}, {fd, events, 0}}};
    const int n = ::poll(fds.data(), fds.size(), static_cast<int>(until.left().count()));
    if (n == 0) return waited::timeout;
    if (n > 0) return fds[0].revents != 0 ? waited::interrupted : waited::ready;
    if (errno != EINTR) return waited::timeout;
  }
}

/// Which of several hosts libpq is at.
std::string address_of(const PGconn* session) {
  const auto text = [](const char* part) { return std::string(part != nullptr ? part : ""); };
  return text(PQhost(session)) + ' ' + text(PQhostaddr(session)) + ' ' + text(PQport(session));
}

error no_answer(const dsn_facts& dsn) {
  return {errc::timeout, "the database did not answer within " +
                             std::to_string(dsn.each_address.count() / 1000) + "s"};
}

/// Drives libpq's connecting to its end. libpq leaves all timeouts of this way to its caller.
base::status drive(PGconn* session, const dsn_facts& dsn, const base::wakeup* interrupt) {
  const base::deadline all(dsn.each_address * (dsn.count() + 1));
  base::deadline address(dsn.each_address);
  auto at = address_of(session);
  bool silent = false;
  auto wanted = PGRES_POLLING_WRITING;
  while (wanted != PGRES_POLLING_OK) {
    if (PQstatus(session) == CONNECTION_BAD || wanted == PGRES_POLLING_FAILED || all.passed())
      return silent ? no_answer(dsn) : error{errc::unavailable, failure_of(session)};
    const short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    const auto how = wait(PQsocket(session), events, interrupt, address);
    if (how == waited::interrupted) return error{errc::unavailable, stopped_message};
    if (how == waited::timeout) {
      // A socket that is shut down fails, and libpq goes on to the next host if there is one.
      silent = true;
      ::shutdown(PQsocket(session), SHUT_RDWR);
      address = base::deadline(dsn.each_address);
    }
    wanted = PQconnectPoll(session);
    if (auto now_at = address_of(session); now_at != at) {
      at = std::move(now_at);
      address = base::deadline(dsn.each_address);
    }
  }
  return {};
}

base::outcome<raw_session> attempt(const connect_settings& settings, const dsn_facts& dsn,
                                   const host* only, const base::wakeup* interrupt) {
  auto session = begin(settings, only);
  if (!session) return error{errc::io, "out of memory"};
  if (const auto connected = drive(session.get(), dsn, interrupt); !connected)
    return error{connected.error().kind, redacted(connected.error().message, dsn.secrets)};
  return session;
}

}  // namespace

void close_session::operator()(pg_conn* session) const noexcept {
  PQfinish(session);
}

std::string first_line(std::string_view message) {
  message = message.substr(0, message.find('\n'));
  for (const std::string_view level : {"ERROR:", "FATAL:", "PANIC:"})
    if (message.starts_with(level)) message.remove_prefix(level.size());
  while (message.starts_with(' ')) message.remove_prefix(1);
  std::string result(message.substr(0, 500));
  for (char& c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return result;
}

std::string failure_of(const PGconn* session) {
  auto text = first_line(PQerrorMessage(session));
  return text.empty() ? "the connection to the database is lost" : text;
}

base::status check_dsn(const std::string& dsn) {
  if (parse(dsn)) return {};
  return error{errc::invalid,
               "not a connection string that libpq can read; write key=value pairs "
               "(host=/run/postgresql dbname=app) or a URI (postgresql://host/app)"};
}

base::outcome<raw_session> connect(const connect_settings& settings,
                                   const base::wakeup* interrupt) {
  const auto options = parse(settings.dsn);
  if (!options) return check_dsn(settings.dsn).error();
  const auto dsn = facts(options.get(), settings.password);
  auto opened = attempt(settings, dsn, nullptr, interrupt);
  // libpq itself goes on to the next host only when one refuses: a host that takes the connection
  // and then says nothing ends the attempt.
  for (std::size_t n = 0; n < dsn.count() && dsn.count() > 1; ++n) {
    if (opened || opened.error().message == stopped_message) break;
    if (n == 0 && opened.error().kind != errc::timeout) break;
    const auto one = nth(dsn, n);
    opened = attempt(settings, dsn, &one, interrupt);
  }
  return opened;
}

}  // namespace switchyard::providers::postgres
