// How long a change in Redis, a file, an HTTP API or a command's output takes until the new server
// answers its first request, on one HAProxy and one switchyard that follows all of them; for Redis
// also against a bare loop. docs/benchmarks.md says how to run it.

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

#include "tests/bench/bare_redis.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/installation.hpp"
#include "tests/bench/machine.hpp"
#include "tests/bench/program.hpp"
#include "tests/bench/sampling.hpp"
#include "tests/support/http_api.hpp"
#include "tests/support/redis_server.hpp"

namespace switchyard::tests::bench {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct options : common_options {
  std::size_t polls = 60;
  unsigned interval_ms = 1000;
};

constexpr const char* bare_prefix = "bare:";

/// A backend's servers in maintenance, and `server` where it is not "".
std::string servers_of(const std::string& server, std::uint16_t upstream) {
  std::string text = "\"servers\": [";
  for (std::size_t i = 1; i <= installation::servers_in_backend; ++i)
    text += (i == 1 ? "" : ", ") + std::string("{\"name\": \"s") + std::to_string(i) +
            "\", \"address\": \"127.0.0.1\", \"port\": 9, \"state\": \"maint\"}";
  if (!server.empty())
    text += ", {\"name\": \"" + server +
            "\", \"address\": \"127.0.0.1\", \"port\": " + std::to_string(upstream) + "}";
  return text + "]";
}

/// A document with one backend.
std::string document_of(const std::string& backend, const std::string& server = "",
                        std::uint16_t upstream = 0) {
  return "{\"backends\": [{\"name\": \"" + backend + "\", " + servers_of(server, upstream) + "}]}";
}

/// An HTTP API whose answer is changed in one moment.
class api {
 public:
  explicit api(std::string body) : body_(std::move(body)) {}

  std::string url() const { return server_.url("/backends"); }
  void set(std::string body) {
    const std::lock_guard lock(mutex_);
    body_ = std::move(body);
  }

 private:
  std::mutex mutex_;
  std::string body_;
  http_api server_{[this](const http_api::request&) {
    const std::lock_guard lock(mutex_);
    return http_api::answer(200, body_, "Content-Type: application/json\r\n");
  }};
};

/// All sources with their servers in maintenance.
struct source_set {
  explicit source_set(unsigned interval_ms) : every(std::to_string(interval_ms) + "ms") {
    std::string servers;
    for (std::size_t i = 1; i <= installation::servers_in_backend; ++i)
      servers += "HSET switchyard:server:redis:s" + std::to_string(i) +
                 " address 127.0.0.1 port 9 state maint\n";
    redis.pipe(servers);
    write(file(), document_of("file"));
    write(printed(), document_of("exec"));
  }

  std::string file() const { return folder / "backends.json"; }
  std::string printed() const { return folder / "printed.json"; }
  /// In the place of what was there, in one moment and without waiting for the disk.
  static moments write(const std::string& path, const std::string& document) {
    write_text(path + ".new", document);
    const auto sending = clock::now();
    std::filesystem::rename(path + ".new", path);
    return {sending, clock::now()};
  }
  std::string providers() const {
    return "  - {name: redis, type: redis, url: \"unix://" + redis.socket() +
           "\"}\n  - {name: file, type: file, path: " + file() +
           "}\n  - {name: rest, type: rest, url: \"" + http.url() + "\", interval: " + every +
           "}\n  - {name: exec, type: exec, command: [cat, " + printed() + "], interval: " + every +
           "}\n  - {name: manual, type: memory}\n";
  }

  std::string every;
  temp_dir folder;
  redis_server redis{"notify-keyspace-events Kg$hxe\n"};
  api http{document_of("rest")};
};

/// A hash that is set and deleted.
way by_redis(redis_session& redis, const installation& site, const std::string& backend,
             const std::string& prefix, std::uint16_t upstream) {
  return {backend, site.port_of(backend),
          [&redis, prefix, upstream](const std::string& server) {
            const auto sending = clock::now();
            redis.ask({"HSET", prefix + server, "address", "127.0.0.1", "port",
                       std::to_string(upstream)});
            return moments{sending, clock::now()};
          },
          [&redis, prefix](const std::string& server) {
            redis.ask({"DEL", prefix + server});
          }};
}

/// Sets a backend of the memory provider. `wait`: for HAProxy to have it.
moments put(const installation& site, const std::string& backend, const std::string& servers,
            const std::string& wait) {
  const auto path = "/v1/backends/" + backend + "?wait=" + wait;
  const auto sending = clock::now();
  const auto answer = http_ask(site.api_port(), "PUT", path, "{" + servers + "}");
  if (answer.status / 100 != 2) throw std::runtime_error("PUT " + path + ": " + answer.body);
  return {sending, clock::now()};
}

way by_hand(const installation& site, const std::string& backend, std::uint16_t upstream) {
  return {backend, site.port_of(backend),
          [&site, backend, upstream](const std::string& server) {
            return put(site, backend, servers_of(server, upstream), "0");
          },
          [&site, backend](const std::string&) { put(site, backend, servers_of("", 0), "0"); }};
}

/// `put` lets the source have another document.
way by_document(const installation& site, const std::string& backend, std::uint16_t upstream,
                const std::function<moments(const std::string& document)>& put) {
  return {backend, site.port_of(backend),
          [=](const std::string& server) { return put(document_of(backend, server, upstream)); },
          [=](const std::string&) { put(document_of(backend)); }};
}

class measuring {
 public:
  explicit measuring(const options& o)
      : options_(o),
        sources_(o.interval_ms),
        site_(o.switchyard, sources_.providers(),
              {"redis", "file", "rest", "exec", installation::backend_by_hand}) {
    put(site_, installation::backend_by_hand, servers_of("", 0), "30s");
  }

  void run() {
    std::printf("%s%s%s\n", machine_facts().c_str(), site_.versions().c_str(),
                run_program({"redis-server", "--version"}).c_str());
    redis();
    const auto by_file = [](const std::string& path) {
      return [path](const std::string& document) { return source_set::write(path, document); };
    };
    const auto file =
        alone(sampler_of("file", by_file(sources_.file())), options_.samples, options_.pause_ms);
    print(head_of("a file that is replaced, " + std::to_string(file.size()) + " samples") +
          line_of("switchyard, from rename done", file));
    const auto manual =
        alone({site_, by_hand(site_, installation::backend_by_hand, upstream_.port()),
               std::chrono::microseconds(options_.gap_us)},
              options_.samples, options_.pause_ms);
    print(head_of("the API, PUT of a backend, " + std::to_string(manual.size()) + " samples") +
          line_of("switchyard, from its answer", manual));
    const auto by_http = [this](const std::string& document) {
      const auto sending = clock::now();
      sources_.http.set(document);
      return moments{sending, clock::now()};
    };
    const auto rest = alone(sampler_of("rest", by_http), options_.polls, options_.interval_ms);
    const auto exec = alone(sampler_of("exec", by_file(sources_.printed())), options_.polls,
                            options_.interval_ms);
    print(head_of("polled every " + sources_.every + " (a tenth more or less), " +
                  std::to_string(rest.size()) + " samples of each") +
          line_of("rest", rest) + line_of("exec", exec));
  }

 private:
  static void print(const std::string& text) {
    std::printf("%s", text.c_str());
    std::fflush(stdout);
  }

  void pause(unsigned longest_ms) {
    std::uniform_int_distribution<unsigned> any(0, longest_ms);
    std::this_thread::sleep_for(milliseconds(any(random_)));
  }

  /// switchyard and the bare loop in turn.
  void redis() {
    const bare_loop loop(std::make_unique<bare_redis>(sources_.redis.socket(), bare_prefix),
                         site_.runtime_socket(), installation::bare_backend);
    redis_session session(sources_.redis.socket());
    const std::chrono::microseconds gap(options_.gap_us);
    sampler ours(site_,
                 by_redis(session, site_, "redis", "switchyard:server:redis:", upstream_.port()),
                 gap);
    sampler theirs(
        site_, by_redis(session, site_, installation::bare_backend, bare_prefix, upstream_.port()),
        gap);
    const auto [switchyard, bare] = take_by_turns(options_, ours, theirs);
    print(head_of("Redis by notification, " + std::to_string(bare.size()) + " samples of each") +
          comparison_of("HSET", switchyard, bare));
  }

  sampler sampler_of(const std::string& backend,
                     const std::function<moments(const std::string& document)>& put) const {
    return {site_, by_document(site_, backend, upstream_.port(), put),
            std::chrono::microseconds(options_.gap_us)};
  }

  std::vector<sample_times> alone(sampler from, std::size_t count, unsigned longest_pause_ms) {
    std::vector<sample_times> all;
    for (std::size_t i = 0; i < count; ++i) {
      // So that a sample begins at any moment of an interval.
      pause(longest_pause_ms);
      all.push_back(from.take());
    }
    return all;
  }

  options options_;
  source_set sources_;
  http_upstream upstream_{"new"};
  installation site_;
  std::minstd_rand random_{1};
};

int main_of(int argc, char** argv) {
  options o;
  CLI::App app("Measures a change in Redis, a file, an HTTP API or a command to its first request");
  add_options(app, o);
  app.add_option("--polls", o.polls, "samples of each source that is polled")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--interval", o.interval_ms, "between two polls, in milliseconds")
      ->check(CLI::Range(100U, 60'000U))
      ->capture_default_str();
  return run_program_of(app, argc, argv, [&] { measuring(o).run(); });
}

}  // namespace

}  // namespace switchyard::tests::bench

int main(int argc, char** argv) {
  return switchyard::tests::bench::main_of(argc, argv);
}
