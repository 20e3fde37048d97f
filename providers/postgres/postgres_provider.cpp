#include "providers/postgres/postgres_provider.hpp"

#include <chrono>
#include <utility>

#include "model/json_reader.hpp"
#include "providers/postgres/connect.hpp"
#include "providers/postgres/doctor.hpp"
#include "providers/postgres/follower.hpp"
#include "providers/postgres/session.hpp"
#include "providers/publisher.hpp"

namespace switchyard::providers::postgres {

namespace {

using base::errc;
using base::error;

/// PostgreSQL's NAMEDATALEN: longer identifiers are cut silently.
constexpr std::size_t longest_identifier = 63;

base::status check_identifier(const char* setting, const std::string& text) {
  if (!text.empty() && text.size() <= longest_identifier && text.find('\0') == std::string::npos)
    return {};
  return error{errc::invalid,
               std::string(setting) + ": must be 1 to 63 bytes, not " + model::quoted(text)};
}

}  // namespace

base::status check(const config::postgres_settings& settings) {
  if (const auto good = check_dsn(settings.dsn); !good)
    return error{errc::invalid, "dsn: " + good.error().message};
  if (auto good = check_identifier("schema", settings.schema); !good) return good;
  return check_identifier("channel", settings.channel);
}

postgres_provider::postgres_provider(std::string name, config::postgres_settings settings)
    : name_(std::move(name)), settings_(std::move(settings)), reader_(settings_) {}

postgres_provider::~postgres_provider() {
  stop();
}

void postgres_provider::watch(sink& target) {
  publisher out(target);
  keep_following(out, [&] { return follower(settings_, reader_, waker(), out).run(); });
}

base::outcome<model::report> postgres_provider::read_once(const hints& wanted) {
  auto session = open_session(settings_, nullptr);
  if (!session) return error{session.error().kind, name_ + ": " + session.error().message};
  const auto now = std::chrono::steady_clock::now();
  auto report = reader_.read(**session, wanted);
  if (!report) return error{report.error().kind, name_ + ": " + report.error().message};
  report->seen_at = now;
  return report;
}

base::outcome<model::report> postgres_provider::backends() {
  hints everything;
  everything.everything = true;
  return read_once(everything);
}

base::outcome<model::report> postgres_provider::backend(const std::string& name) {
  if (!model::valid_name(name))
    return error{errc::invalid, name_ + ": no backend can be named " + model::quoted(name)};
  hints one;
  one.backends.insert(name);
  return read_once(one);
}

std::vector<diagnosis> postgres_provider::diagnose() {
  return postgres::diagnose(settings_);
}

std::string postgres_provider::remedy(const base::error& why) const {
  return postgres::remedy(settings_, why);
}

}  // namespace switchyard::providers::postgres
