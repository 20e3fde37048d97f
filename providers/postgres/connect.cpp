#include "providers/postgres/connect.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "providers/postgres/dsn.hpp"

namespace switchyard::providers::postgres {

namespace {

using base::errc;
using base::error;

constexpr const char* stopped_message = "stopped while connecting";

std::string redacted(std::string message, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets)
    for (auto at = message.find(secret); at != std::string::npos; at = message.find(secret, at + 3))
      message.replace(at, secret.size(), "***");
  return message;
}

void ignore_notice(void* /*unused*/, const char* /*message*/) {}

/// Else OpenSSL asks for the passphrase of an `sslkey` on the terminal, without a deadline: libpq
/// puts itself in its place where there is an sslpassword or such a hook.
void never_ask_for_a_passphrase() {
  static std::once_flag done;
  std::call_once(done, [] { PQsetSSLKeyPassHook_OpenSSL(PQdefaultSSLKeyPassHook_OpenSSL); });
}

raw_session begin(const connect_settings& settings, const dsn_host& at) {
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
      {"password", settings.password.value_or("")},
      {"host", at.name},
      {"hostaddr", at.address},
      {"port", at.port}};
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : parameters) {
    keys.push_back(key);
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  never_ask_for_a_passphrase();
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
                                   const dsn_host& at, const base::wakeup* interrupt) {
  auto session = begin(settings, at);
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
  const auto read = read_dsn(dsn, std::nullopt);
  return read ? base::status() : read.error();
}

base::outcome<raw_session> connect(const connect_settings& settings,
                                   const base::wakeup* interrupt) {
  auto read = read_dsn(settings.dsn, settings.password);
  if (!read) return read.error();
  auto& dsn = *read;
  if (const auto known = resolve_hosts(dsn, settings.names, interrupt); !known)
    return known.error().kind == errc::unavailable ? error{errc::unavailable, stopped_message}
                                                   : known.error();
  auto opened = attempt(settings, dsn, dsn.resolved ? dsn.all() : dsn_host(), interrupt);
  // libpq itself goes on to the next host only when one refuses: a host that takes the connection
  // and then says nothing ends the attempt.
  for (std::size_t n = 0; n < dsn.count() && dsn.count() > 1; ++n) {
    if (opened || opened.error().message == stopped_message) break;
    if (n == 0 && opened.error().kind != errc::timeout) break;
    opened = attempt(settings, dsn, dsn.nth(n), interrupt);
  }
  return opened;
}

}  // namespace switchyard::providers::postgres
