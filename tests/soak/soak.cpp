// Servers, routes, backends and settings change under a continuous load, and no request fails.
// docs/benchmarks.md tells how to run it.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "base/atomic_file.hpp"
#include "haproxy/replies.hpp"
#include "tests/integration/site.hpp"
#include "tests/soak/churn.hpp"
#include "tests/soak/traffic.hpp"
#include "tests/support/server_state.hpp"

namespace switchyard::tests::soak {

namespace {

using clock_type = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct options {
  std::vector<std::string> binaries{"haproxy"};
  std::uint64_t requests = 500'000;
  std::uint64_t changes = 300;
  std::uint64_t reloads = 30;
  unsigned round_seconds = 10;
  unsigned every_ms = 100;
  unsigned settings_every_ms = 1500;
  std::uint32_t seed = 1;
  std::string logs;
};

struct outcome {
  std::string version;
  wrk_counts kept;
  wrk_counts fresh;
  continuous_load::totals client{};
  std::uint64_t reloads = 0;
  std::chrono::duration<double> took{};
  std::string at_first_failure;  ///< of the client: what HAProxy had, and what was desired
  std::string differs;           ///< how HAProxy's end state differs from the desired one

  std::uint64_t requests() const { return kept.requests + fresh.requests + client.answered; }
  std::uint64_t failed() const { return kept.failed + fresh.failed + client.failed; }
};

site_options attached() {
  site_options o;
  o.managed = false;
  o.default_backend = default_backend;
  o.reload = "{min_interval: 1s}";
  o.more = "drain_timeout: 5s\n" + guard_off;  // what leaves is meant
  return o;
}

/// One installation under load.
class run {
 public:
  explicit run(const options& o)
      : options_(o), desired_(o.seed, upstreams_.ports()), gateway_(begin(), attached()) {}

  outcome take() {
    outcome result;
    result.version = version();
    if (!eventually([&] { return difference().empty(); }))
      throw std::runtime_error("it did not come up: " + difference() + "\n" + gateway_.log());
    const auto begun = clock_type::now();
    next_change_ = next_settings_ = begun;
    continuous_load client(gateway_.port(), 1, std::chrono::microseconds(0));
    do {
      round(result, client);
      result.reloads = reloads();
    } while (!enough(result, client));
    result.client = client.stop();
    result.took = clock_type::now() - begun;
    eventually([&] { return difference().empty(); }, std::chrono::seconds(30));
    result.differs = difference();
    return result;
  }

  const churn& desired() const { return desired_; }
  std::string log() const { return gateway_.log(); }

 private:
  std::string begin() {
    write();
    return "  - {name: files, type: file, path: " + (folder_ / "backends.json") + "}\n";
  }

  void write() {
    const auto written =
        base::write_file_atomically(folder_ / "backends.json", desired_.document());
    if (!written) throw std::runtime_error(written.error().message);
  }

  std::uint64_t reloads() const { return gateway_.log_count("reloaded HAProxy in "); }

  std::string version() const {
    const auto info = gateway_.command("show info");
    const auto at = info.find("\nVersion: ");
    if (at == std::string::npos) throw std::runtime_error("no version:\n" + info);
    return info.substr(at + 10, info.find_first_of("-\n", at + 10) - at - 10);
  }

  bool enough(const outcome& o, const continuous_load& client) const {
    return o.kept.requests + o.fresh.requests + client.answered() >= options_.requests &&
           desired_.total() >= options_.changes && o.reloads >= options_.reloads;
  }

  /// A run of wrk with kept connections, and one with fresh ones beside it; changes meanwhile.
  void round(outcome& result, const continuous_load& client) {
    const std::chrono::seconds duration(options_.round_seconds);
    wrk kept(gateway_.port(), wrk::connections::kept, 16, duration);
    wrk fresh(gateway_.port(), wrk::connections::fresh, 8, duration);
    while (!kept.ended(milliseconds(0)) || !fresh.ended(milliseconds(0))) {
      if (client.failed() > 0 && result.at_first_failure.empty())
        result.at_first_failure = situation();
      if (clock_type::now() >= next_change_) change();
      const auto wait = std::chrono::ceil<milliseconds>(next_change_ - clock_type::now());
      kept.ended(std::max(wait, milliseconds(1)));
    }
    result.kept += kept.counts();
    result.fresh += fresh.counts();
  }

  std::string situation() const {
    constexpr std::size_t shown = 4000;
    const auto told = gateway_.log();
    return gateway_.command("show servers state") + gateway_.command("show stat -1 4 -1") +
           gateway_.config_text() + desired_.document() + "\n" +
           told.substr(told.size() - std::min(told.size(), shown));
  }

  void change() {
    const auto now = clock_type::now();
    desired_.change();
    if (now >= next_settings_) {
      desired_.change_settings();
      next_settings_ = now + milliseconds(options_.settings_every_ms);
    }
    write();
    next_change_ = now + milliseconds(options_.every_ms);
  }

  /// The first thing in which HAProxy's servers, backends and routes are not as desired; "" when
  /// there is none.
  std::string difference() const {
    const auto reply = gateway_.command("show servers state");
    const auto view = haproxy::parse_servers_state(reply);
    if (!view) return view.error().message;
    std::size_t servers = 0;
    for (const auto& b : desired_.backends()) {
      servers += b.servers.size();
      for (const auto& s : b.servers) {
        const auto has = server_in(reply, b.name, s.name);
        if (has != wanted(s)) return b.name + "/" + s.name + " is " + has + ", not " + wanted(s);
      }
    }
    std::size_t running = 0;
    for (const auto& [name, list] : *view) running += list.size();
    if (running != servers) return std::to_string(running) + " servers";
    return routes_differ();
  }

  static std::string wanted(const model::server& s) {
    return s.address + ":" + std::to_string(s.port) + " " + std::to_string(s.weight) + " " +
           std::string(model::to_string(s.state));
  }

  std::string routes_differ() const {
    const auto map = gateway_.command("show map " + gateway_.file("haproxy.routes.map"));
    for (const auto& r : desired_.routes()) {
      const auto entry =
          " " + r.host + r.path + (r.path == "/" ? "" : "/") + " " + r.backend + "\n";
      if (map.find(entry) == std::string::npos) return "no route" + entry;
    }
    const auto lines =
        static_cast<std::size_t>(std::ranges::count_if(map, [previous = '\n'](char c) mutable {
          return std::exchange(previous, c) == '\n' && c != '\n';
        }));
    return lines == desired_.routes().size() ? "" : std::to_string(lines) + " routes";
  }

  const options& options_;
  upstreams upstreams_{12};
  churn desired_;
  temp_dir folder_;
  site gateway_;
  clock_type::time_point next_change_;
  clock_type::time_point next_settings_;
};

bool report(const outcome& o, const run& r, const options& chosen) {
  std::printf(
      "HAProxy %s: %llu requests (%llu on kept connections, %llu on new ones), %llu failed, "
      "%llu changes, %llu reloads, %.0f s\n",
      o.version.c_str(), static_cast<unsigned long long>(o.requests()),
      static_cast<unsigned long long>(o.kept.requests),
      static_cast<unsigned long long>(o.fresh.requests + o.client.answered),
      static_cast<unsigned long long>(o.failed()),
      static_cast<unsigned long long>(r.desired().total()),
      static_cast<unsigned long long>(o.reloads), o.took.count());
  if (o.failed() != 0)
    std::printf("  kept %llu, new %llu, client %llu: %s\n%s%s%s\n",
                static_cast<unsigned long long>(o.kept.failed),
                static_cast<unsigned long long>(o.fresh.failed),
                static_cast<unsigned long long>(o.client.failed), o.client.first_failure.c_str(),
                o.kept.failures.c_str(), o.fresh.failures.c_str(), o.at_first_failure.c_str());
  if (!o.differs.empty()) std::printf("  not as desired in the end: %s\n", o.differs.c_str());
  std::fflush(stdout);
  if (!chosen.logs.empty()) write_text(chosen.logs + "/" + o.version + ".log", r.log());
  return o.failed() == 0 && o.differs.empty();
}

int main_of(int argc, char** argv) {
  options o;
  CLI::App app("Changes servers, routes, backends and settings under a continuous load");
  app.add_option("haproxy", o.binaries, "the HAProxy programs to run on")->capture_default_str();
  app.add_option("--requests", o.requests, "at least, on each")->capture_default_str();
  app.add_option("--changes", o.changes, "at least, on each")->capture_default_str();
  app.add_option("--reloads", o.reloads, "at least, on each")->capture_default_str();
  app.add_option("--round", o.round_seconds, "seconds that wrk runs at a time")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--every", o.every_ms, "milliseconds between two changes")->capture_default_str();
  app.add_option("--settings-every", o.settings_every_ms,
                 "milliseconds between two changes of settings, which cost a reload")
      ->capture_default_str();
  app.add_option("--seed", o.seed, "of the random changes")->capture_default_str();
  app.add_option("--logs", o.logs, "a folder for switchyard's logs");
  CLI11_PARSE(app, argc, argv);
  if (!o.logs.empty()) std::filesystem::create_directories(o.logs);
  bool good = true;
  for (const auto& binary : o.binaries) {
    ::setenv("HAPROXY_UNDER_TEST", binary.c_str(), 1);
    try {
      run installation(o);
      good = report(installation.take(), installation, o) && good;
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s: %s\n", binary.c_str(), e.what());
      good = false;
    }
  }
  return good ? 0 : 1;
}

}  // namespace

}  // namespace switchyard::tests::soak

int main(int argc, char** argv) {
  return switchyard::tests::soak::main_of(argc, argv);
}
