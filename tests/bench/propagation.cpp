// How long a committed server takes to answer its first request: switchyard against a bare loop,
// in turn, on the same PostgreSQL and the same HAProxy. docs/benchmarks.md says how to run it.

#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <random>
#include <stdexcept>
#include <thread>

#include "tests/bench/bare_loop.hpp"
#include "tests/bench/database_session.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/installation.hpp"
#include "tests/bench/machine.hpp"
#include "tests/bench/polling_client.hpp"

namespace switchyard::tests::bench {

namespace {

using clock = std::chrono::steady_clock;

struct options {
  std::string switchyard = SWITCHYARD_BINARY;
  std::size_t samples = 300;
  std::size_t warmup = 20;
  std::vector<std::size_t> populations{100, 10'000};
  unsigned gap_us = 50;
  unsigned pause_ms = 100;
  unsigned idle_seconds = 30;
};

/// One of the two systems, as the client sees it.
struct system_under_test {
  const installation& site;
  const char* backend;
  std::uint16_t port;
  const char* insert;  ///< up to the new server's name
  const char* remove;
};

/// The backend has no server in rotation; brings one in, measures, and takes it away again.
class sampler {
 public:
  sampler(const system_under_test& system, database_session& database, std::uint16_t upstream,
          std::chrono::microseconds gap)
      : system_(system), database_(database), upstream_(upstream), client_(system.port, gap) {}

  sample_times take() {
    client_.wait_for(503);
    const auto name = "new" + std::to_string(++count_);
    database_.run("BEGIN");
    database_.run(system_.insert + name + "', '127.0.0.1', " + std::to_string(upstream_) + ")");
    const auto sending = clock::now();
    database_.run("COMMIT");
    const auto committed = clock::now();
    const auto answered = client_.wait_for(200);
    database_.run(system_.remove + name + "'");
    system_.site.wait_until_gone(system_.backend, name);
    return {answered - sending, answered - committed};
  }

 private:
  const system_under_test& system_;
  database_session& database_;
  std::uint16_t upstream_;
  polling_client client_;
  unsigned count_ = 0;
};

phase_figures measure(const options& o, const installation& site, std::size_t servers) {
  const http_upstream upstream("new");
  const system_under_test ours{
      site, installation::switchyard_backend, site.switchyard_port(),
      "INSERT INTO servers (backend, name, ip, port) VALUES ('measured', '",
      "DELETE FROM servers WHERE backend = 'measured' AND name = '"};
  const system_under_test bare{site, installation::bare_backend, site.bare_port(),
                               "INSERT INTO bare_servers (name, ip, port) VALUES ('",
                               "DELETE FROM bare_servers WHERE name = '"};
  const bare_loop loop(site.dsn(), site.runtime_socket(), installation::bare_backend);
  database_session database(site.dsn());
  const std::chrono::microseconds gap(o.gap_us);
  sampler first(ours, database, upstream.port(), gap);
  sampler second(bare, database, upstream.port(), gap);
  std::minstd_rand random(1);
  std::uniform_int_distribution<unsigned> pause(0, o.pause_ms);

  phase_figures figures;
  figures.servers = servers;
  for (std::size_t i = 0; i < o.warmup + o.samples; ++i) {
    // So that samples meet saves and reconciles as often as changes at any moment would.
    std::this_thread::sleep_for(std::chrono::milliseconds(pause(random)));
    const auto of_switchyard = first.take();
    std::this_thread::sleep_for(std::chrono::milliseconds(pause(random)));
    const auto of_bare = second.take();
    if (i < o.warmup) continue;
    figures.switchyard.push_back(of_switchyard);
    figures.bare.push_back(of_bare);
  }
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
  installation site(o.switchyard);
  std::printf("%s%s", machine_facts().c_str(), site.versions().c_str());
  std::vector<phase_figures> phases;
  for (const auto servers : o.populations) {
    site.populate(servers);
    phases.push_back(measure(o, site, servers));
    std::printf("%s", table_of(phases.back()).c_str());
    std::fflush(stdout);
  }
  if (phases.size() > 1 && phases.back().servers > phases.front().servers)
    std::printf("%s", comparison_of(phases.front(), phases.back()).c_str());
  if (o.idle_seconds > 0) show_idle(o, site, o.populations.back());
}

int main_of(int argc, char** argv) {
  options o;
  CLI::App app("Measures commit to first request, switchyard against a bare LISTEN-to-socket loop");
  app.add_option("--switchyard", o.switchyard, "the program to measure")->capture_default_str();
  app.add_option("--samples", o.samples, "of each system and population")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--warmup", o.warmup, "samples before those that count")->capture_default_str();
  app.add_option("--servers", o.populations, "how many others there are, in growing order")
      ->capture_default_str();
  app.add_option("--gap", o.gap_us, "microseconds between two requests of the client")
      ->capture_default_str();
  app.add_option("--pause", o.pause_ms, "before a sample, at most, in milliseconds")
      ->capture_default_str();
  app.add_option("--idle", o.idle_seconds, "seconds of the idle measurement; 0: none")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  ::prctl(PR_SET_TIMERSLACK, 1000);  // in ns; 50 µs by default, as long as the gap itself
  try {
    run(o);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "not measured: %s\n", e.what());
    return 1;
  }
}

}  // namespace

}  // namespace switchyard::tests::bench

int main(int argc, char** argv) {
  return switchyard::tests::bench::main_of(argc, argv);
}
