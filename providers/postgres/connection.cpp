#include "providers/postgres/connection.hpp"

#include <libpq-fe.h>
#include <sys/socket.h>

#include <map>
#include <string_view>
#include <utility>

#include "providers/postgres/column_text.hpp"
#include "providers/postgres/pqxx_session.hpp"
#include "providers/postgres/single_rows.hpp"
#include "providers/postgres/watchdog.hpp"

namespace switchyard::providers::postgres {

namespace {

using base::errc;
using base::error;
using std::chrono::milliseconds;

std::optional<std::string> text_of(const pqxx::field& field) {
  return std::string(field.c_str(), field.size());
}

/// As to_json would write it; nothing for a type of which that is not known.
std::optional<std::string> json_text_of(const pqxx::field& field) {
  return json_of(field.type(), {field.c_str(), field.size()});
}

/// The values as `written`, which may fail.
base::outcome<table> values(const pqxx::result& rows,
                            std::optional<std::string> written(const pqxx::field&)) {
  table result;
  result.reserve(static_cast<std::size_t>(rows.size()));
  for (const auto& row : rows) {
    auto& cells = result.emplace_back();
    cells.reserve(static_cast<std::size_t>(row.size()));
    for (const auto& field : row) {
      auto& cell = cells.emplace_back();
      if (field.is_null()) continue;
      cell = written(field);
      if (!cell)
        return error{errc::conflict,
                     std::string("the column ") + field.name() + " has a type of its own"};
    }
  }
  return result;
}

base::outcome<table> values(const pqxx::result& rows) {
  return values(rows, text_of);
}

/// PostgreSQL's literal of a text[] (manual, "Array Input and Output Syntax").
std::string array_of(const std::vector<std::string>& names) {
  std::string text = "{";
  for (const auto& name : names) {
    if (text.size() > 1) text += ',';
    text += '"';
    for (const char c : name) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + '}';
}

std::string quoted_by(char quote, const std::string& text) {
  std::string result(1, quote);
  for (const char c : text) result.append(c == quote ? 2 : 1, c);
  return result + quote;
}

}  // namespace

struct connection::driver {
  driver(raw_session opened, const base::wakeup* interrupt)
      : session(std::move(opened)), dog(PQsocket(session.get()), interrupt), pqxx(session.get()) {}
  ~driver() {
    // The order matters: libpqxx 6 would send UNLISTEN, and wait for the answer, when a listener
    // leaves an open connection.
    give_back(pqxx);
    listening.reset();
  }
  driver(const driver&) = delete;
  driver& operator=(const driver&) = delete;

  /// Calls the driver and turns what it throws into values.
  template <class T, class Call>
  base::outcome<T> guarded(milliseconds longest, Call call) {
    try {
      const watchdog::guard guard(dog, longest);
      auto result = call();
      if (pqxx.is_open()) return result;
      return failure("", longest);
    } catch (const pqxx::undefined_column& e) {
      return refusal(errc::not_found, e.what(), longest);
    } catch (const pqxx::feature_not_supported& e) {
      return refusal(errc::conflict, e.what(), longest);
    } catch (const std::exception& e) {
      return failure(e.what(), longest);
    }
  }

  /// Of this kind where the session goes on.
  error refusal(errc kind, std::string_view what, milliseconds longest) {
    auto failed = failure(what, longest);
    if (failed.kind == errc::refused) failed.kind = kind;
    return failed;
  }

  error failure(std::string_view what, milliseconds longest) {
    if (pqxx.is_open() && !dog.timed_out() && !dog.interrupted())
      return {errc::refused, first_line(what)};
    // Whoever saw a broken session must not wait for it when it is closed.
    ::shutdown(pqxx.sock(), SHUT_RDWR);
    if (dog.timed_out())
      return {errc::timeout,
              "the database did not answer within " + std::to_string(longest.count()) + "ms"};
    if (dog.interrupted()) return {errc::unavailable, "stopped"};
    return {errc::unavailable, failure_of(session.get())};
  }

  /// Runs one statement with texts as its parameters.
  template <class... Text>
  base::outcome<table> ask(std::optional<std::string> written(const pqxx::field&),
                           const std::string& sql, milliseconds longest,
                           const Text&... parameters) {
    return guarded<table>(longest, [&] {
      const auto* const name = keeps_statements ? &prepared(sql) : nullptr;
      pqxx::nontransaction work(pqxx);
      if (name != nullptr) return values(run_prepared(work, *name, parameters...), written);
      return values(run(work, sql, parameters...), written);
    });
  }

  /// The name of a prepared statement.
  const std::string& prepared(const std::string& sql) {
    const auto known = statements.find(sql);
    if (known != statements.end()) return known->second;
    const auto name = "switchyard" + std::to_string(statements.size());
    prepare(pqxx, name, sql);
    return statements.emplace(sql, name).first->second;
  }

  raw_session session;
  watchdog dog;
  pqxx_connection pqxx;
  bool keeps_statements = false;
  std::map<std::string, std::string> statements;  // SQL → name
  std::vector<std::string> arrived;
  std::unique_ptr<listener> listening;
};

connection::connection(std::unique_ptr<driver> opened) : driver_(std::move(opened)) {}

connection::~connection() = default;

base::outcome<std::unique_ptr<connection>> connection::open(const connect_settings& settings,
                                                            const base::wakeup* interrupt) {
  auto session = connect(settings, interrupt);
  if (!session) return session.error();
  try {
    auto opened = std::make_unique<driver>(std::move(*session), interrupt);
    return std::unique_ptr<connection>(new connection(std::move(opened)));
  } catch (const std::exception& e) {
    return error{errc::unavailable, first_line(e.what())};
  }
}

base::outcome<table> connection::query(const std::string& sql, milliseconds longest) {
  return driver_->guarded<table>(longest, [&] {
    pqxx::nontransaction work(driver_->pqxx);
    return values(work.exec(sql));
  });
}

base::outcome<table> connection::query(const std::string& sql,
                                       const std::vector<std::string>& names,
                                       milliseconds longest) {
  return driver_->ask(text_of, sql, longest, array_of(names));
}

base::outcome<table> connection::query(const std::string& sql, const std::string& first,
                                       const std::string& second, milliseconds longest) {
  return driver_->ask(text_of, sql, longest, first, second);
}

base::outcome<table> connection::query_json(const std::string& sql, const std::string& first,
                                            const std::string& second, milliseconds longest) {
  return driver_->ask(json_text_of, sql, longest, first, second);
}

base::outcome<table> connection::read(const std::string& sql, std::size_t most_bytes,
                                      milliseconds longest) {
  return driver_->guarded<table>(longest, [&] {
    ::PQsendQuery(driver_->session.get(), sql.c_str());
    return single_rows(driver_->session.get(), most_bytes);
  });
}

base::outcome<table> connection::read(const std::string& sql, const std::vector<std::string>& names,
                                      std::size_t most_bytes, milliseconds longest) {
  return driver_->guarded<table>(longest, [&] {
    const auto list = array_of(names);
    const char* const parameter = list.c_str();
    if (driver_->keeps_statements)
      ::PQsendQueryPrepared(driver_->session.get(), driver_->prepared(sql).c_str(), 1, &parameter,
                            nullptr, nullptr, 0);
    else
      ::PQsendQueryParams(driver_->session.get(), sql.c_str(), 1, nullptr, &parameter, nullptr,
                          nullptr, 0);
    return single_rows(driver_->session.get(), most_bytes);
  });
}

void connection::keep_statements() {
  driver_->keeps_statements = true;
}

base::status connection::listen(const std::string& channel, milliseconds longest) {
  const auto done = driver_->guarded<bool>(longest, [&] {
    driver_->listening = std::make_unique<listener>(driver_->pqxx, channel, driver_->arrived);
    return true;
  });
  if (!done) return done.error();
  return {};
}

base::outcome<std::vector<std::string>> connection::notifications() {
  // Not armed: it reads what is there and never waits.
  try {
    driver_->pqxx.get_notifs();
    if (driver_->pqxx.is_open()) return std::exchange(driver_->arrived, {});
    return driver_->failure("", milliseconds(0));
  } catch (const std::exception& e) {
    return driver_->failure(e.what(), milliseconds(0));
  }
}

int connection::socket() const {
  return driver_->pqxx.sock();
}

std::string connection::literal(const std::string& text) {
  return quoted_by('\'', text);
}

std::string connection::identifier(const std::string& name) {
  return quoted_by('"', name);
}

}  // namespace switchyard::providers::postgres
