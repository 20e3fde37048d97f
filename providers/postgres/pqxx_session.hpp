#pragma once

// What differs between libpqxx 6, 7 and 7.10: for connection.cpp alone.
//
// Threading: as the session's.

#include <libpq-fe.h>

#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

namespace switchyard::providers::postgres {

#if PQXX_VERSION_MAJOR < 7

/// Lends a session that is open already to libpqxx 6.
class adoption final : public pqxx::connectionpolicy {
 public:
  explicit adoption(PGconn* session) : connectionpolicy(std::string()), session_(session) {}
  handle do_startconnect(handle current) override {
    return current != nullptr ? current : std::exchange(session_, nullptr);
  }
  handle do_disconnect(handle /*lent*/) noexcept override { return nullptr; }

 private:
  PGconn* session_;
};

class pqxx_connection final : public pqxx::connection_base {
 public:
  explicit pqxx_connection(PGconn* session) : connection_base(policy_), policy_(session) {
    init();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    inhibit_reactivation(true);
#pragma GCC diagnostic pop
  }
  ~pqxx_connection() {
    close();
  }
  pqxx_connection(const pqxx_connection&) = delete;
  pqxx_connection& operator=(const pqxx_connection&) = delete;

 private:
  adoption policy_;
};

inline void give_back(pqxx_connection& lent) {
  lent.disconnect();
}

inline void prepare(pqxx_connection& session, const std::string& name, const std::string& sql) {
  session.prepare(name, sql);
  try {
    session.prepare_now(name);
  } catch (...) {
    session.unprepare(name);  // else the name stays taken by what was refused
    throw;
  }
}

#else

class pqxx_connection final : public pqxx::connection {
 public:
  explicit pqxx_connection(PGconn* session)
      : pqxx::connection(pqxx::connection::seize_raw_connection(session)) {}
};

inline void give_back(pqxx_connection& lent) {
  (void)static_cast<pqxx::connection&&>(lent).release_raw_connection();
}

inline void prepare(pqxx_connection& session, const std::string& name, const std::string& sql) {
  session.prepare(name, sql);
}

#endif

#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)

class listener {
 public:
  listener(pqxx_connection& session, const std::string& channel, std::vector<std::string>& into) {
    session.listen(channel, [&into](pqxx::notification n) { into.emplace_back(n.payload); });
  }
};

template <class... Text>
pqxx::result run(pqxx::nontransaction& work, const std::string& sql, const Text&... parameters) {
  return work.exec(sql, pqxx::params{parameters...});
}

template <class... Text>
pqxx::result run_prepared(pqxx::nontransaction& work, const std::string& name,
                          const Text&... parameters) {
  return work.exec(pqxx::prepped{name}, pqxx::params{parameters...});
}

#else

class listener final : public pqxx::notification_receiver {
 public:
  listener(pqxx_connection& session, const std::string& channel, std::vector<std::string>& into)
      : notification_receiver(session, channel), into_(into) {}
  void operator()(const std::string& payload, int /*sender*/) override { into_.push_back(payload); }

 private:
  std::vector<std::string>& into_;
};

template <class... Text>
pqxx::result run(pqxx::nontransaction& work, const std::string& sql, const Text&... parameters) {
  return work.exec_params(sql, parameters...);
}

template <class... Text>
pqxx::result run_prepared(pqxx::nontransaction& work, const std::string& name,
                          const Text&... parameters) {
  return work.exec_prepared(name, parameters...);
}

#endif

}  // namespace switchyard::providers::postgres
