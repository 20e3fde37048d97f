#include <boost/test/unit_test.hpp>
#include <set>
#include <string>

#include "tests/config/sample.hpp"
#include "tests/support/support.hpp"

namespace switchyard::config {

namespace {

using namespace std::chrono_literals;
using tests::bad;
using tests::good;
using tests::least;

}  // namespace

BOOST_AUTO_TEST_SUITE(load_settings)

BOOST_AUTO_TEST_CASE(the_least_file_gives_the_defaults) {
  settings expected;
  expected.haproxy.master_socket = "/run/switchyard/master.sock";
  expected.providers = {{"files", file_settings{.path = "/b.d", .resync = 60s}}};
  BOOST_TEST((good(least) == expected));
}

// Those that operators' installations rely on, by their values.
BOOST_AUTO_TEST_CASE(the_defaults_are_those_of_the_contract) {
  const auto read = good(least);
  BOOST_TEST((read.haproxy.mode == haproxy_mode::managed));
  BOOST_TEST(read.haproxy.binary == "haproxy");
  BOOST_TEST((read.haproxy.reload.min_interval == 2s));
  BOOST_TEST(read.haproxy.reload.max_old_workers == 4U);
  BOOST_TEST((read.haproxy.reload.hard_stop_after == 60s));
  BOOST_TEST((read.reconcile.interval == 5s));
  BOOST_TEST(read.event_buffer == 100U);
  BOOST_TEST((read.drain_timeout == 30s));
  BOOST_TEST((read.resolver.interval == 10s));
  BOOST_TEST(read.api.listen == "127.0.0.1:9090");
  BOOST_TEST((read.log.level == log_level::info));
  BOOST_TEST((read.log.format == log_format::text));
  BOOST_TEST(read.state_dir == "/var/lib/switchyard");
}

BOOST_AUTO_TEST_CASE(every_setting_is_taken) {
  const auto read = good(R"(
haproxy:
  mode: attached
  binary: /opt/haproxy
  config_file: /c/haproxy.cfg
  base_file: /c/base.cfg
  runtime_socket: /s/run.sock
  master_socket: /s/m.sock
  pid_file: /s/pid
  server_ca_file: /c/ca.pem
  reload: {min_interval: 1s, max_old_workers: 2, hard_stop_after: 3s}
frontends:
  - name: gateway
    binds:
      - {address: "*", port: 80}
      - {address: "0:0::1", port: 443, certificates: /c/certs, alpn: [http/1.1]}
    default_backend: api
    redirect_to_https: true
  - {name: db, mode: tcp, binds: [{port: 5432}], default_backend: pg}
providers:
  - name: db
    type: postgres
    dsn: host=/run/postgresql dbname=app
    password_file: /p
    schema: Other
    channel: my channel
    listen: false
    resync: 10s
    interval: 2s
    heartbeat: 3s
    query_timeout: 4s
    queries:
      all: |
        SELECT *
        FROM t
      backends: SELECT $1
      routes: SELECT 1
  - {name: files, type: file, path: /b.d, resync: 20s}
reconcile: {interval: 7s}
event_buffer: 9
guard: {max_removed: 30%, min_removed: 3, window: 5m, keep_last_server: false, hold_timeout: 1h}
drain_timeout: 8s
api: {listen: "[::1]:9191"}
log: {level: debug, format: json}
state_dir: /state
)");
  settings expected;
  expected.haproxy = {.mode = haproxy_mode::attached,
                      .binary = "/opt/haproxy",
                      .config_file = "/c/haproxy.cfg",
                      .base_file = "/c/base.cfg",
                      .runtime_socket = "/s/run.sock",
                      .master_socket = "/s/m.sock",
                      .pid_file = "/s/pid",
                      .server_ca_file = "/c/ca.pem",
                      .reload = {1s, 2, 3s}};
  expected.frontends = {
      {"gateway",
       model::proxy_mode::http,
       {{"*", 80, {}, {"h2", "http/1.1"}}, {"::1", 443, "/c/certs", {"http/1.1"}}},
       "api",
       true},
      {"db", model::proxy_mode::tcp, {{"*", 5432, {}, {}}}, "pg", false}};
  postgres_settings db;
  db.dsn = "host=/run/postgresql dbname=app";
  db.password_file = "/p";
  db.schema = "Other";
  db.channel = "my channel";
  db.listen = false;
  db.resync = 10s;
  db.interval = 2s;
  db.heartbeat = 3s;
  db.query_timeout = 4s;
  db.queries = postgres_queries{"SELECT *\nFROM t\n", "SELECT $1", "SELECT 1"};
  expected.providers = {{"db", db}, {"files", file_settings{"/b.d", 20s}}};
  expected.reconcile.interval = 7s;
  expected.event_buffer = 9;
  expected.guard = {30, 3, 5min, false, 1h};
  expected.drain_timeout = 8s;
  expected.api.listen = "[::1]:9191";
  expected.log = {log_level::debug, log_format::json};
  expected.state_dir = "/state";
  BOOST_TEST((read == expected));
}

BOOST_AUTO_TEST_CASE(relative_paths_begin_at_the_folder_of_the_file) {
  const auto read = good(
      "haproxy: {binary: bin/haproxy, config_file: ./h.cfg, runtime_socket: ../run/h.sock}\n"
      "state_dir: state\nproviders: [{name: f, type: file, path: b.d/}]\n"
      "frontends: [{name: x, binds: [{port: 1, certificates: certs}]}]\n");
  BOOST_TEST(read.haproxy.binary == "/etc/sy/bin/haproxy");
  BOOST_TEST(read.haproxy.config_file == "/etc/sy/h.cfg");
  BOOST_TEST(read.haproxy.runtime_socket == "/etc/run/h.sock");
  BOOST_TEST(read.haproxy.master_socket.value() == "/etc/run/master.sock");
  BOOST_TEST(read.state_dir == "/etc/sy/state");
  BOOST_TEST(std::get<file_settings>(read.providers[0].source).path == "/etc/sy/b.d/");
  BOOST_TEST(read.frontends[0].binds[0].certificates.value() == "/etc/sy/certs");
}

BOOST_AUTO_TEST_CASE(all_problems_are_told_at_once_in_the_order_of_the_file) {
  BOOST_TEST(bad("state_dir: 7\nlog:\n  level: loud\nproviders:\n  - name: f\n    type: file\n"
                 "event_buffer: 0\n") ==
             "s.yaml:1:1: /state_dir: must be a string, not 7\n"
             "s.yaml:3:3: /log/level: must be one of \"trace\", \"debug\", \"info\", \"warn\", "
             "\"error\", not the string \"loud\"\n"
             "s.yaml:5:5: /providers/0/path: is missing\n"
             "s.yaml:7:1: /event_buffer: must be a whole number from 1 to 1000000, not 0");
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_told_with_the_known_ones) {
  BOOST_TEST(bad(least + "colour: red\n") ==
             "s.yaml:2:1: /colour: unknown key, known here: api, drain_timeout, event_buffer, "
             "frontends, guard, haproxy, log, merge, providers, reconcile, "
             "resolver, state_dir");
  BOOST_TEST(bad(least + "api:\n  token: x\n") ==
             "s.yaml:3:3: /api/token: unknown key, known here: certificate, hosts, key, listen, "
             "token_file");
  BOOST_TEST(bad(least + "reconcile: {every: 5s}\n") ==
             "s.yaml:2:13: /reconcile/every: unknown key, known here: interval");
}

BOOST_AUTO_TEST_CASE(merge_is_a_list_of_names_of_backends) {
  BOOST_TEST((good(least + "merge: [b, a]\n").merge == std::set<std::string>{"a", "b"}));
  BOOST_TEST(good(least + "merge: []\n").merge.empty());
  BOOST_TEST(bad(least + "merge: [a, a]\n") == "s.yaml:2:1: /merge: has \"a\" twice");
  BOOST_TEST(bad(least + "merge: [7]\n") ==
             "s.yaml:2:1: /merge: must be a list of names of backends, such as [api-backend]");
  BOOST_TEST(bad(least + "merge: ['a b']\n").starts_with("s.yaml:2:1: /merge: must be 1 to 128"));
  BOOST_TEST(bad(least + "merge: a\n") != "taken");
}

BOOST_AUTO_TEST_CASE(wrong_types_and_ranges_are_refused) {
  BOOST_TEST(bad(least + "reconcile: {interval: 10ms}\n") ==
             "s.yaml:2:13: /reconcile/interval: must be a duration such as \"2s\" or \"500ms\", "
             "from 100ms to 1h, not the string \"10ms\"");
  for (const auto* share : {"101%", "50", "%", "-1%", "1e1%", "5.5%", "0050%"})
    BOOST_TEST(
        bad(least + "guard: {max_removed: \"" + share + "\"}\n") ==
        "s.yaml:2:9: /guard/max_removed: must be a whole percentage from 0% to 100%, not \"" +
            std::string(share) + "\"");
  BOOST_TEST(bad(least + "drain_timeout: 30\n")
                 .starts_with("s.yaml:2:1: /drain_timeout: must be a duration"));
  BOOST_TEST(bad(least + "event_buffer: many\n")
                 .starts_with("s.yaml:2:1: /event_buffer: must be a whole number"));
  BOOST_TEST(bad(least + "log: loud\n") ==
             "s.yaml:2:1: /log: must be an object, not the string \"loud\"");
  BOOST_TEST(bad(least + "state_dir: ''\n") ==
             "s.yaml:2:1: /state_dir: must be a path, not an empty text");
  BOOST_TEST(bad("[1]\n") == "s.yaml:1:1: must be an object, not a list");
}

BOOST_AUTO_TEST_CASE(the_api_listens_on_loopback_a_unix_socket_or_not_at_all) {
  BOOST_TEST(good(least + "api: {listen: '127.8.0.1:1'}\n").api.listen == "127.8.0.1:1");
  BOOST_TEST(good(least + "api: {listen: 'unix:/run/x.sock'}\n").api.listen == "unix:/run/x.sock");
  BOOST_TEST(good(least + "api: {listen: null}\n").api.listen.empty());
  for (const auto* address :
       {"9090", "localhost:9090", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "", "unix:"})
    BOOST_TEST(bad(least + "api: {listen: '" + address + "'}\n")
                   .starts_with("s.yaml:2:7: /api/listen: must be an IP address and a port, "
                                "such as 127.0.0.1:9090"),
               address);
}

BOOST_AUTO_TEST_CASE(beyond_loopback_the_api_needs_a_token) {
  tests::temp_dir folder;
  tests::write_text(folder.path() / "token", std::string(32, 't') + "\n");
  tests::write_text(folder.path() / "short", "secret\n");
  const auto api = [&](const std::string& text) { return least + "api: {" + text + "}\n"; };
  const auto file = [&](const char* name) { return "token_file: " + (folder / name); };
  for (const auto* address : {"0.0.0.0:9090", "[::]:9090", "*:9090", "10.0.0.1:9090"}) {
    const auto listen = "listen: '" + std::string(address) + "'";
    BOOST_TEST(bad(api(listen))
                   .starts_with("s.yaml:2:7: /api/listen: beyond loopback a token is required"),
               address);
    BOOST_TEST(good(api(listen + ", " + file("token"))).api.token.value() == std::string(32, 't'));
  }
  BOOST_TEST(bad(api(file("short"))).find("must hold one line of 16 to 512") != std::string::npos);
  BOOST_TEST(bad(api(file("none"))).find("cannot be read") != std::string::npos);
  BOOST_TEST(bad(api("certificate: c.pem")).find("belong together") != std::string::npos);
  BOOST_TEST(good(api("hosts: [LB1.Example.com]")).api.hosts.at(0) == "lb1.example.com");
  BOOST_TEST(bad(api("hosts: ['a b']")).find("must be host names") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_yaml_does_not_take_has_its_place) {
  BOOST_TEST(bad("a: [\n").starts_with("s.yaml:"));
  BOOST_TEST(bad(least + "log: {}\nlog: {}\n") == "s.yaml:3:1: the key 'log' is there twice");
  BOOST_TEST(bad(least + "---\nlog: {}\n") == "s.yaml:2:1: a second document; only one is allowed");
}

BOOST_AUTO_TEST_CASE(an_empty_file_lacks_its_providers) {
  for (const auto* text : {"", "# nothing\n", "{}"})
    BOOST_TEST(bad(text).starts_with("s.yaml:1:1: /providers: must have at least one entry"));
}

BOOST_AUTO_TEST_CASE(a_file_is_loaded_with_its_own_folder) {
  const tests::temp_dir folder;
  tests::write_text(folder / "s.yaml", "providers: [{name: f, type: file, path: b.d}]\n");
  const auto read = load(folder / "s.yaml", {});
  BOOST_REQUIRE(read);
  BOOST_TEST(std::get<file_settings>(read->providers[0].source).path == folder / "b.d");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const auto relative = load("s.yaml", {});
  std::filesystem::current_path(before);
  BOOST_REQUIRE(relative);
  BOOST_TEST((*relative == *read));
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_told_from_a_bad_one) {
  const tests::temp_dir folder;
  BOOST_TEST((load(folder / "none.yaml", {}).error().kind == base::errc::not_found));
  BOOST_TEST((load(folder.path(), {}).error().kind == base::errc::io));
  tests::write_text(folder / "bad.yaml", least + "log: 1\n");
  const auto read = load(folder / "bad.yaml", {});
  BOOST_TEST((read.error().kind == base::errc::invalid));
  BOOST_TEST(read.error().message.starts_with(folder / "bad.yaml" + ":2:1: /log: "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::config
