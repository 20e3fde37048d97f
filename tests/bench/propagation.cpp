// How long a committed server takes to answer its first request: switchyard against a bare loop,
// in turn, on the same PostgreSQL and the same HAProxy. docs/benchmarks.md says how to run it.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "providers/postgres/schema.hpp"
#include "tests/bench/bare_postgres.hpp"
#include "tests/bench/database_session.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/installation.hpp"
#include "tests/bench/machine.hpp"
#include "tests/bench/program.hpp"
#include "tests/bench/sampling.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/process_figures.hpp"

namespace switchyard::tests::bench {

namespace {

using clock = std::chrono::steady_clock;

long resident_kb(pid_t process) {
  return static_cast<long>(resident_bytes(process) / 1024);
}

struct options : common_options {
  std::vector<std::size_t> populations{100, 10'000};
  unsigned idle_seconds = 30;
};

constexpr const char* backend = "measured";

/// PostgreSQL with the tables of both systems, and how many backends are in it besides.
struct database_server {
  database_server() {
    postgres.psql("postgres", providers::postgres::schema_sql("public", "switchyard"));
    postgres.psql("postgres", bare_postgres::schema_sql());
    postgres.psql("postgres", "INSERT INTO servers (backend, name, ip, port, state) SELECT '" +
                                  std::string(backend) +
                                  "', 's' || s, '127.0.0.1', 9, 'maint' FROM generate_series(1, " +
                                  std::to_string(installation::servers_in_backend) + ") AS s");
  }
  std::string dsn() const { return postgres.dsn("postgres"); }
  std::string provider() const {
    return "  - {name: db, type: postgres, dsn: \"" + dsn() + "\"}\n";
  }

  postgres_server postgres;
  std::size_t population = 0;
};

/// Servers that nobody asks: without checks, which would cost HAProxy more than all that is
/// measured here.
std::string population_sql(std::size_t first_backend, std::size_t last_backend) {
  const auto range = "generate_series(" + std::to_string(first_backend) + ", " +
                     std::to_string(last_backend - 1) + ")";
  return "BEGIN; INSERT INTO backends (name, options) SELECT 'population-' || b, "
         "'{\"check\": {\"type\": \"none\"}}' FROM " +
         range +
         " AS b; INSERT INTO servers (backend, name, ip, port) SELECT 'population-' || b, 's' || "
         "s, "
         "'127.0.0.1', 9 FROM " +
         range + " AS b, generate_series(1, " + std::to_string(installation::servers_in_backend) +
         ") AS s; COMMIT;";
}

/// Lets the table hold this many servers besides those of the backends under test, in backends of
/// 100, and waits until HAProxy has them.
void populate(database_server& database, const installation& site, std::size_t servers) {
  const auto backends = servers / installation::servers_in_backend;
  if (backends > database.population)
    database.postgres.psql("postgres", population_sql(database.population, backends));
  database.population = std::max(database.population, backends);
  site.wait_for_servers((database.population + 1) * installation::servers_in_backend);
}

/// One row that comes by a transaction and goes again.
way by_sql(database_session& database, const std::string& backend_name, std::uint16_t port,
           const std::string& insert, const std::string& remove, std::uint16_t upstream) {
  return {backend_name, port,
          [&database, insert, upstream](const std::string& server) {
            database.run("BEGIN");
            database.run(insert + server + "', '127.0.0.1', " + std::to_string(upstream) + ")");
            const auto sending = clock::now();
            database.run("COMMIT");
            return moments{sending, clock::now()};
          },
          [&database, remove](const std::string& server) { database.run(remove + server + "'"); }};
}

phase_figures measure(const options& o, const database_server& source, const installation& site,
                      std::size_t servers) {
  const http_upstream upstream("new");
  const bare_loop loop(std::make_unique<bare_postgres>(source.dsn()), site.runtime_socket(),
                       installation::bare_backend);
  database_session database(source.dsn());
  const std::chrono::microseconds gap(o.gap_us);
  sampler first(
      site,
      by_sql(database, backend, site.port_of(backend),
             "INSERT INTO servers (backend, name, ip, port) VALUES ('measured', '",
             "DELETE FROM servers WHERE backend = 'measured' AND name = '", upstream.port()),
      gap);
  sampler second(
      site,
      by_sql(database, installation::bare_backend, site.port_of(installation::bare_backend),
             "INSERT INTO bare_servers (name, ip, port) VALUES ('",
             "DELETE FROM bare_servers WHERE name = '", upstream.port()),
      gap);
  auto [of_switchyard, of_bare] = take_by_turns(o, first, second);
  phase_figures figures{servers, std::move(of_switchyard), std::move(of_bare), 0, 0};
  figures.switchyard_rss_kb = resident_kb(site.switchyard_pid());
  figures.haproxy_rss_kb = resident_kb(site.haproxy_worker());
  return figures;
}

void show_idle(const options& o, const installation& site, std::size_t servers) {
  const auto worker = site.haproxy_worker();
  const auto used_by_haproxy = [&] { return cpu_time(site.haproxy_master()) + cpu_time(worker); };
  site.wait_until_saved_without("new");
  const auto ours = cpu_time(site.switchyard_pid());
  const auto haproxy = used_by_haproxy();
  std::this_thread::sleep_for(std::chrono::seconds(o.idle_seconds));
  const auto percent = [&](std::chrono::milliseconds used) {
    return static_cast<double>(used.count()) / (10.0 * o.idle_seconds);
  };
  std::printf(
      "\nidle for %u s with %zu servers\n  switchyard %5.2f %% of a core\n"
      "  HAProxy    %5.2f %% of a core\n",
      o.idle_seconds, servers, percent(cpu_time(site.switchyard_pid()) - ours),
      percent(used_by_haproxy() - haproxy));
}

void run(const options& o) {
  database_server source;
  const installation site(o.switchyard, source.provider(), {backend});
  std::printf("%s%sPostgreSQL: %s\n", machine_facts().c_str(), site.versions().c_str(),
              source.postgres.psql("postgres", "SHOW server_version").c_str());
  std::vector<phase_figures> phases;
  for (const auto servers : o.populations) {
    populate(source, site, servers);
    phases.push_back(measure(o, source, site, servers));
    const auto& latest = phases.back();
    std::printf("%s%s",
                head_of(std::to_string(servers) + " servers, " +
                        std::to_string(latest.switchyard.size()) + " samples of each")
                    .c_str(),
                comparison_of("COMMIT", latest.switchyard, latest.bare).c_str());
    std::fflush(stdout);
  }
  if (phases.size() > 1 && phases.back().servers > phases.front().servers)
    std::printf("%s", growth_of(phases.front(), phases.back()).c_str());
  if (o.idle_seconds > 0) show_idle(o, site, o.populations.back());
}

int main_of(int argc, char** argv) {
  options o;
  CLI::App app("Measures commit to first request, switchyard against a bare LISTEN-to-socket loop");
  add_options(app, o);
  app.add_option("--servers", o.populations, "how many others there are, in growing order")
      ->capture_default_str();
  app.add_option("--idle", o.idle_seconds, "seconds of the idle measurement; 0: none")
      ->capture_default_str();
  return run_program_of(app, argc, argv, [&] { run(o); });
}

}  // namespace

}  // namespace switchyard::tests::bench

int main(int argc, char** argv) {
  return switchyard::tests::bench::main_of(argc, argv);
}
