// PostgreSQL, Redis and a file at once, with random changes and faults on all sides: in the end the
// sources, the configuration file and HAProxy agree, and switchyard has not grown.
// SOAK_SECONDS: how long, 60 unless set. SOAK_SEED: of an earlier run.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "haproxy/configuration.hpp"
#include "haproxy/replies.hpp"
#include "tests/integration/figures.hpp"
#include "tests/soak/sources.hpp"
#include "tests/support/process_figures.hpp"

namespace switchyard::tests::soak {

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t megabyte = 1U << 20U;
constexpr auto between_changes = 100ms;

unsigned number_of(const char* variable, unsigned otherwise) {
  const char* given = std::getenv(variable);
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : otherwise;
}

/// What a process holds beside memory.
struct holdings {
  std::size_t threads, children;
  std::vector<std::string> open;

  explicit holdings(pid_t process)
      : threads(thread_count(process)),
        children(child_count(process)),
        open(descriptors(process)) {}
  bool within(const holdings& other) const {
    return threads <= other.threads && open.size() <= other.open.size() &&
           children <= other.children;
  }
  std::string text() const {
    auto all = std::to_string(threads) + " threads, " + std::to_string(children) + " children, " +
               std::to_string(open.size()) + " descriptors:";
    for (const auto& descriptor : open) all += " " + descriptor;
    return all;
  }
};

class installation {
 public:
  explicit installation(std::uint32_t seed) : random_(seed), sources_(three_sources()) {
    for (const auto& upstream : upstreams_) ports_.push_back(upstream.port());
    for (auto& s : sources_)
      for (const std::string name : {"s0", "s1", "s2"}) put(*s, s->name() + "-0", name);
    put(*sources_.front(), "api-backend", "srv1");
    gateway_ = std::make_unique<site>(providers(), options());
    agree_soon();
  }

  site& gateway() { return *gateway_; }
  pid_t switchyard() { return gateway_->switchyard().pid(); }

  /// Changes and faults for that long.
  void churn(std::chrono::duration<double> time) {
    const auto until = clock_type::now() + time;
    auto next_fault = clock_type::now() + 1s;
    while (clock_type::now() < until) {
      change_something(*sources_[pick(sources_.size())], random_, ports_);
      ++changes_;
      if (clock_type::now() >= next_fault) {
        ++faults_[fault()];
        next_fault = clock_type::now() + std::chrono::milliseconds(500 + pick(2000));
      }
      std::this_thread::sleep_for(between_changes);
    }
  }

  /// Everything is mended, and all come to agree, with every source connected.
  void agree_soon() {
    for (auto& s : sources_) s->mend();
    eventually([&] { return difference().empty(); }, 60s);
    BOOST_REQUIRE_MESSAGE(difference().empty(), difference() << tail_of_log());
    BOOST_REQUIRE_MESSAGE(eventually([&] { return followed(); }, 60s),
                          "not every source is followed" << tail_of_log());
  }

  std::string told() const {
    auto text = std::to_string(changes_) + " changes";
    for (const auto& [what, count] : faults_) text += ", " + std::to_string(count) + " × " + what;
    return text;
  }
  std::size_t faults() const { return faults_.size(); }

 private:
  static site_options options() {
    site_options o;
    o.reload = "{min_interval: 500ms, hard_stop_after: 2s}";
    o.more = "drain_timeout: 500ms\n";
    return o;
  }
  std::string providers() const {
    std::string text;
    for (const auto& s : sources_) text += s->provider_yaml();
    return text;
  }
  void put(source& into, const std::string& backend, const std::string& name) {
    model::server s;
    s.name = name;
    s.address = "127.0.0.1";
    s.port = ports_.front();
    into.put(backend, s);
  }
  std::size_t pick(std::size_t size) {
    return std::uniform_int_distribution<std::size_t>(0, size - 1)(random_);
  }

  std::string fault() {
    const auto kind = pick(8);
    if (kind == 0) {
      if (const auto worker = gateway_->worker_pid(); worker > 0) ::kill(worker, SIGKILL);
      return "HAProxy killed";
    }
    if (kind == 1) {
      ask_socket(gateway_->master_socket(), "reload");
      return "HAProxy reloaded by hand";
    }
    auto& s = *sources_[pick(sources_.size())];
    return s.name() + " " + s.break_something(random_);
  }

  contents desired() const {
    contents all;
    for (const auto& s : sources_) all.insert(s->has().begin(), s->has().end());
    return all;
  }

  bool followed() const {
    const figures now(gateway_->api_port());
    return std::ranges::all_of(sources_, [&](const auto& s) {
      return now.count("switchyard_provider_up{provider=\"" + s->name() + "\"}") == 1;
    });
  }

  /// The first thing in which HAProxy or its file is not as desired; "" when there is none.
  std::string difference() const {
    const auto wanted = desired();
    const auto running = in_haproxy();
    if (running != table_of(wanted)) return "HAProxy has\n" + running + "not\n" + table_of(wanted);
    const auto written = in_file();
    if (written != table_of(wanted)) return "the file has\n" + written + "not\n" + table_of(wanted);
    const auto shown = in_api();
    if (shown != table_of(wanted)) return "the API has\n" + shown + "not\n" + table_of(wanted);
    return "";
  }
  static std::string line(const std::string& backend, const std::string& server, std::uint16_t port,
                          unsigned weight) {
    return backend + "/" + server + " " + std::to_string(port) + " " + std::to_string(weight) +
           "\n";
  }
  static std::string table_of(const contents& all) {
    std::string text;
    for (const auto& [backend, servers] : all)
      for (const auto& [name, s] : servers) text += line(backend, name, s.port, s.weight);
    return text;
  }
  std::string in_haproxy() const {
    const auto view = haproxy::parse_servers_state(gateway_->command("show servers state"));
    if (!view) return view.error().message;
    std::map<std::string, std::string> sorted;
    for (const auto& [backend, servers] : *view)
      for (const auto& [name, s] : servers)
        sorted[backend + "/" + name] = line(backend, name, s.port, static_cast<unsigned>(s.weight));
    std::string text;
    for (const auto& [key, value] : sorted) text += value;
    return text;
  }
  std::string in_file() const {
    const auto file = haproxy::parse_configuration(gateway_->config_text());
    if (!file) return file.error().message;
    contents all;
    for (const auto& [backend, section] : file->backends)
      for (const auto& text : section->servers)
        if (const auto s = haproxy::parse_server_line(text)) all[backend][s->name] = *s;
    return table_of(all);
  }
  /// What GET /v1/backends/NAME gives as desired, of all names that the API lists.
  std::string in_api() const {
    using nlohmann::json;
    const auto ask = [&](const std::string& path) {
      return json::parse(http_ask(gateway_->api_port(), "GET", path).body, nullptr, false);
    };
    const auto listed = ask("/v1/backends?limit=1000");
    if (!listed.is_object()) return "no list of backends";
    std::string text;
    for (const auto& summary : listed.at("backends")) {
      const auto name = summary.at("name").get<std::string>();
      const auto backend = ask("/v1/backends/" + name);
      if (!backend.is_object() || !backend.contains("desired")) continue;  // gone meanwhile
      const auto& servers = backend.at("desired").at("servers");
      for (const auto& s : servers) text += line(name, s.at("name"), s.at("port"), s.at("weight"));
    }
    return text;
  }
  std::string tail_of_log() const {
    const auto text = gateway_->log();
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 4000));
  }

  std::mt19937 random_;
  std::vector<std::unique_ptr<source>> sources_;
  std::array<http_upstream, 3> upstreams_{http_upstream{"u0"}, http_upstream{"u1"},
                                          http_upstream{"u2"}};
  std::vector<std::uint16_t> ports_;
  std::unique_ptr<site> gateway_;
  std::uint64_t changes_ = 0;
  std::map<std::string, std::uint64_t> faults_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(three_sources_at_once)

BOOST_AUTO_TEST_CASE(agree_in_the_end_whatever_breaks_on_the_way) {
  const std::chrono::duration<double> time(number_of("SOAK_SECONDS", 60));
  const auto seed = number_of("SOAK_SEED", std::random_device()());
  std::cout << "SOAK_SEED=" << seed << std::endl;
  installation all(seed);
  // By then every kind of thing has happened, and caches have their size.
  all.churn(time / 4);
  all.agree_soon();
  const holdings before(all.switchyard());
  const auto memory = resident_bytes(all.switchyard());
  all.churn(time * 3 / 4);
  all.agree_soon();
  std::cout << all.told() << std::endl;
  BOOST_TEST(all.faults() > 3U);
  const auto grown = resident_bytes(all.switchyard());
  BOOST_TEST(grown < memory + 16 * megabyte + kept_by_sanitizer);
  // What ends takes its time: drains, old sessions.
  BOOST_TEST(eventually([&] { return holdings(all.switchyard()).within(before); }, 30s),
             holdings(all.switchyard()).text() << "\nnot " << before.text());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests::soak
