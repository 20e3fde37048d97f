#include "providers/postgres/session.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>

#include "base/atomic_file.hpp"
#include "providers/password.hpp"

namespace switchyard::providers::postgres {

namespace {

using base::errc;
using base::error;
using std::chrono::milliseconds;

constexpr milliseconds proof_deadline{3000};

std::string random_token() {
  std::random_device source;
  std::string token(proof_prefix);
  for (int i = 0; i < 4; ++i) token += std::to_string(source()) + '-';
  return token;
}

/// Sent from another session: a pooler that keeps a session only for the length of a transaction
/// would still pass on what a session tells itself.
base::status send(const config::postgres_settings& settings, const base::wakeup* interrupt,
                  const std::string& token) {
  auto sender = open_session(settings, interrupt);
  if (!sender) return sender.error();
  const auto sent = (*sender)->query("SELECT pg_notify(" + connection::literal(settings.channel) +
                                         ", " + connection::literal(token) + ")",
                                     proof_deadline);
  if (!sent) return sent.error();
  return {};
}

base::outcome<bool> arrives(connection& session, const base::wakeup* interrupt,
                            const std::string& token, hints& heard) {
  const base::deadline until(proof_deadline);
  for (;;) {
    const auto payloads = session.notifications();
    if (!payloads) return payloads.error();
    for (const auto& payload : *payloads) heard.add(payload);
    if (std::ranges::find(*payloads, token) != payloads->end()) return true;
    if (until.passed()) return false;
    if (interrupt == nullptr) {
      if (auto ready = base::wait_readable(session.socket(), until); !ready) return ready.error();
      continue;
    }
    const auto woken = base::wait_either(session.socket(), *interrupt, until.left());
    if (!woken) return woken.error();
    if (*woken == base::woken::notified) return error{errc::unavailable, "stopped"};
  }
}

}  // namespace

base::outcome<std::unique_ptr<connection>> open_session(const config::postgres_settings& settings,
                                                        const base::wakeup* interrupt) {
  auto password = read_password(settings.password_file);
  if (!password) return password.error();
  return connection::open({settings.dsn, std::move(*password)}, interrupt);
}

base::outcome<subscription> subscribe(const config::postgres_settings& settings,
                                      connection& session, const base::wakeup* interrupt,
                                      hints& heard) {
  if (const auto listening = session.listen(settings.channel, settings.query_timeout); !listening) {
    if (listening.error().kind != errc::refused) return listening.error();
    return subscription{
        false, "LISTEN was refused (" + listening.error().message + "), as a standby does"};
  }
  const auto token = random_token();
  if (const auto sent = send(settings, interrupt, token); !sent) {
    if (sent.error().kind != errc::refused) return sent.error();
    return subscription{false, "NOTIFY was refused (" + sent.error().message + ")"};
  }
  const auto proven = arrives(session, interrupt, token, heard);
  if (!proven) return proven.error();
  if (*proven) return subscription{true, ""};
  return subscription{false,
                      "notifications do not arrive, as behind PgBouncer's transaction pooling"};
}

}  // namespace switchyard::providers::postgres
