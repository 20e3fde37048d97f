// `switchyard doctor`: every finding provoked once, with its remedy.

#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "base/net.hpp"
#include "tests/integration/doctors_patient.hpp"
#include "tests/support/haproxy_server.hpp"
#include "tests/support/tls.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_doctor)

BOOST_FIXTURE_TEST_SUITE(doctor, patient)

BOOST_AUTO_TEST_CASE(a_sound_installation_has_no_errors_and_no_warnings) {
  const auto result = switchyard({"doctor", "--config", config()});
  BOOST_TEST(result.exit_code == 0, result.output);
  BOOST_TEST(contains(result.output, "nothing to mend"), result.output);
  BOOST_TEST(!contains(result.output, "\x1b["), result.output);
  BOOST_TEST(examine() == 0, all());
  BOOST_TEST(has("ok", "user: permissions are those of ", ""), all());
  BOOST_TEST(has("ok", "files: haproxy.config_file", ""), all());
}

BOOST_AUTO_TEST_CASE(a_finding_hides_no_other_one) {
  const http_upstream holder("holder", port);
  auto text = settings("");
  text.replace(text.find("default_backend: hello"), 22, "default_backend: nobody");
  text.insert(text.find("  - {name: files"),
              "  - {name: db, type: postgres, dsn: \"host=/nowhere dbname=x\"}\n");
  write_text(config(), text);
  BOOST_TEST(examine({{"SWITCHYARD_HAPROXY__BINARY", "/nowhere/haproxy"},
                      {"SWITCHYARD_HAPROXY__SERVER_CA_FILE", folder / "none.pem"}}) >= 4,
             all());
  BOOST_TEST(has("error", "/nowhere/haproxy", "install HAProxy"), all());
  BOOST_TEST(has("error", "none.pem", "readable PEM file"), all());
  BOOST_TEST(has("error", std::to_string(port) + " is in use", "ss -ltnp"), all());
  BOOST_TEST(has("error", "provider db", "start PostgreSQL"), all());
  BOOST_TEST(has("ok", "provider files: 1 backend, 1 server", ""), all());
  BOOST_TEST(has("ok", "well formed; not shown to HAProxy", ""), all());
}

BOOST_AUTO_TEST_CASE(settings_that_cannot_be_read_are_said_with_the_place) {
  write_text(config(), settings("log: {level: \"info}\nreconcile: {interval: 1s}\n"));
  BOOST_TEST(examine() == 1);
  BOOST_TEST(has("error", "the quote that began at 9:", "docs/settings.md"), all());
  std::filesystem::remove(config());
  BOOST_TEST(examine() == 1);
  BOOST_TEST(has("error", "switchyard.yaml", "SWITCHYARD_CONFIG"), all());
}

BOOST_AUTO_TEST_CASE(folders_that_are_not_there_are_noted_and_those_that_cannot_be_are_errors) {
  BOOST_TEST(examine({{"SWITCHYARD_HAPROXY__CONFIG_FILE", folder / "new/haproxy.cfg"}}) == 0,
             all());
  BOOST_TEST(has("ok", "is not there yet; `switchyard run` makes it", ""), all());
  BOOST_TEST(has("ok", "configuration: accepted by HAProxy", ""), all());
  BOOST_TEST(!std::filesystem::exists(folder / "new"));
  BOOST_TEST(examine({{"SWITCHYARD_HAPROXY__CONFIG_FILE", config() + "/haproxy.cfg"}}) > 0);
  BOOST_TEST(has("error", "is no folder", "install -d"), all());
  BOOST_TEST(examine({{"SWITCHYARD_STATE_DIR", config() + "/state"}}) == 0, all());
  BOOST_TEST(has("warning", "state_dir", "install -d"), all());
}

BOOST_AUTO_TEST_CASE(files_of_somebody_else_and_missing_ones_are_named) {
  write_text(folder / "haproxy.cfg", "global\n");
  BOOST_TEST(examine({{"SWITCHYARD_HAPROXY__BASE_FILE", folder / "none.cfg"}}) >= 2, all());
  BOOST_TEST(has("error", "haproxy.cfg", "move it out of the way"), all());
  BOOST_TEST(has("error", "base_file: haproxy.base_file", "leave haproxy.base_file out"), all());
}

BOOST_AUTO_TEST_CASE(certificates_are_looked_at) {
  const auto with = [&](const std::string& path) {
    auto text = settings("");
    text.replace(text.find("port: " + std::to_string(port)), std::to_string(port).size() + 6,
                 "port: " + std::to_string(port) + ", certificates: " + path);
    write_text(config(), text);
    return examine();
  };
  BOOST_TEST(with("none.pem") > 0);
  BOOST_TEST(has("error", "none.pem holds no certificate", "without one HAProxy does not start"),
             all());
  write_text(folder / "cert.pem", self_signed("a.test").certificate);
  BOOST_TEST(with("cert.pem") > 0);
  BOOST_TEST(has("error", "no private key", "private key"), all());
  write_text(folder / "cert.pem",
             self_signed("a.test").certificate + "\n" + self_signed("a.test").key);
  with("cert.pem");
  BOOST_TEST(has("error", "configuration: ", "mend"), all());  // the key is another one's
}

BOOST_AUTO_TEST_CASE(addresses_that_cannot_be_had_have_their_own_remedies) {
  auto text = settings("");
  text.replace(text.find("binds: ["), 8, "binds: [{address: 192.0.2.1, port: 8080}, ");
  write_text(config(), text);
  BOOST_TEST(examine() == 1, all());
  BOOST_TEST(has("error", "192.0.2.1:8080 is no address of this machine", "ip addr"), all());
  const auto taken = base::reserve({"127.0.0.1", api});
  examine();
  BOOST_TEST(has("error", "api: 127.0.0.1:", "set api.listen"), all());
}

BOOST_AUTO_TEST_CASE(low_ports_need_a_capability) {
  auto text = settings("");
  text.replace(text.find("binds: ["), 8, "binds: [{address: 127.0.0.1, port: 81}, ");
  write_text(config(), text);
  const std::string without =
      ::geteuid() != 0 ? ""
                       : "setpriv --bounding-set -net_bind_service --inh-caps -net_bind_service ";
  const auto result = run_program(
      {"sh", "-c", without + SWITCHYARD_BINARY " doctor --config " + config() + " || true"});
  // Containers often let everybody bind every port (ip(7), ip_unprivileged_port_start).
  const bool free_for_all =
      std::stoi(read_text("/proc/sys/net/ipv4/ip_unprivileged_port_start")) <= 81;
  BOOST_TEST(contains(result, "127.0.0.1:81 may not be bound") == !free_for_all, result);
  BOOST_TEST(contains(result, "CAP_NET_BIND_SERVICE") == !free_for_all, result);
}

BOOST_AUTO_TEST_CASE(permissions_are_those_of_who_asks) {
  const auto lock = folder / "haproxy.cfg.lock";
  std::string other = "nobody";
  if (::geteuid() == 0) {
    write_text(lock, "");
    BOOST_REQUIRE(::chown(lock.c_str(), 65534, 65534) == 0);
  } else {
    // Who cannot give a file away has one of somebody else in its place.
    other = "root";
    std::filesystem::create_symlink("/etc/passwd", lock);
  }
  examine();
  BOOST_TEST(
      has("warning", "the daemon is run by " + other, "sudo -u " + other + " switchyard doctor"),
      all());
}

BOOST_AUTO_TEST_CASE(what_leads_nowhere_is_a_warning) {
  auto text = settings("");
  text.replace(text.find("default_backend: hello"), 22, "default_backend: nobody");
  write_text(config(), text);
  write_text(folder / "backends.yaml", backends({&one}) +
                                           "  - {name: raw, mode: tcp, servers: []}\nroutes:\n"
                                           "  - {host: a.test, path: /v1, backend: gone}\n"
                                           "  - {host: b.test, backend: raw}\n");
  BOOST_TEST(examine() == 0, all());
  BOOST_TEST(has("warning", "no source has its default_backend nobody", "add the backend"), all());
  BOOST_TEST(has("warning", "no source has the backend gone that route a.test/v1 leads to",
                 "add the backend to a source"),
             all());
  BOOST_TEST(has("warning", "route b.test/ leads to backend raw, which has mode tcp", "mode http"),
             all());
}

BOOST_AUTO_TEST_CASE(refused_objects_are_told_and_keep_nothing_from_a_start) {
  write_text(folder / "backends.yaml", backends({&one}) + "  - {name: 'a b', servers: []}\n");
  BOOST_TEST(examine() == 0, all());
  BOOST_TEST(has("warning", "provider files: refused ", "mend it in the source"), all());
  const auto checked = switchyard({"check", "--config", config()});
  BOOST_TEST(checked.exit_code == 0, checked.output);
  BOOST_TEST(contains(checked.output, "warn  provider files: refused "), checked.output);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(doctor_of_haproxy, patient)

BOOST_AUTO_TEST_CASE(a_running_installation_is_looked_at_through_its_sockets) {
  write_text(config(), settings("reconcile: {interval: 200ms}\n"));
  const auto daemon = run();
  BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
  // HAProxy's master may be busy with its start.
  BOOST_TEST(eventually([&] { return examine() == 0; }), all());
  BOOST_TEST(has("ok", "level admin", ""), all());
  BOOST_TEST(has("ok", "has loaded ", ""), all());
  BOOST_TEST(has("ok", "master_socket", ""), all());
  BOOST_TEST(has("ok", "limits: HAProxy may open ", ""), all());
  BOOST_TEST(has("ok", "free or HAProxy's already", ""), all());
  BOOST_TEST(has("ok", "ports: nobody else listens on HAProxy's", ""), all());
  BOOST_TEST(has("ok", "switchyard: runs and is ready", ""), all());
  {
    const haproxy_server second(haproxy_site(port, "own", "    server s1 127.0.0.1:9\n"));
    BOOST_TEST(examine() == 0, all());
    BOOST_TEST(has("warning", "listens on 127.0.0.1:" + std::to_string(port) + " too", "end that"),
               all());
  }
  // Before a SIGHUP: what is new must be free.
  const http_upstream holder("holder");
  auto text = settings("");
  text.replace(text.find("binds: ["), 8,
               "binds: [{address: 127.0.0.1, port: " + std::to_string(holder.port()) + "}, ");
  write_text(config(), text);
  BOOST_TEST(examine() == 1, all());
  BOOST_TEST(has("error", std::to_string(holder.port()) + " is in use", "another port"), all());
  // What the daemon is not content with is told as well.
  std::filesystem::remove(folder / "run.sock");
  BOOST_TEST(eventually([&] {
               examine();
               return has("warning", "switchyard: HAProxy: ", "");
             }),
             all());
}

BOOST_AUTO_TEST_CASE(a_socket_that_may_not_be_written_is_an_error_with_the_remedy) {
  const auto daemon = run();
  BOOST_REQUIRE_MESSAGE(answered_by("srv1"), log());
  // Root may write whatever the mode says, unless it lays that down.
  const std::string without =
      ::geteuid() != 0 ? "" : "setpriv --bounding-set -dac_override --inh-caps -dac_override ";
  BOOST_REQUIRE(::chmod((folder / "run.sock").c_str(), 0) == 0);
  const auto result = run_program(
      {"sh", "-c", without + SWITCHYARD_BINARY " doctor --config " + config() + " || true"});
  BOOST_TEST(contains(result, "not permitted for this user"), result);
  BOOST_TEST(contains(result, "may write the socket (`stats socket " + folder / "run.sock"),
             result);
}

BOOST_AUTO_TEST_CASE(before_the_first_start_the_order_is_said) {
  attach("global\n  stats socket " + (folder / "run.sock") +
         " mode 600 level admin expose-fd listeners\n  hard-stop-after 20s\n");
  BOOST_TEST(examine() > 0);
  BOOST_TEST(has("error", "run.sock", "start switchyard first"), all());
  BOOST_TEST(has("error", "pid_file", "haproxy -W -p "), all());
  write_text(folder / "haproxy.pid", "4194999\n");  // no process has that number
  examine();
  BOOST_TEST(has("error", "names no running HAProxy", "haproxy -W -p "), all());
  const auto checked = switchyard({"check", "--config", config()});
  BOOST_TEST(checked.exit_code == 1);
  for (const auto* text : {"run.sock", "start switchyard first", "names no running HAProxy"})
    BOOST_TEST(contains(checked.output, text), checked.output);
}

BOOST_AUTO_TEST_CASE(a_runtime_socket_below_admin_is_named_by_doctor_and_run) {
  attach("global\n  stats socket " + (folder / "run.sock") +
         " mode 600 level operator\n"
         "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n"
         "frontend own\n  bind 127.0.0.1:" +
         std::to_string(port) + "\n");
  const background_process haproxy(
      {haproxy_binary(), "-W", "-p", folder / "haproxy.pid", "-f", folder / "base.cfg"},
      folder / "haproxy.log");
  BOOST_REQUIRE(eventually([&] { return !ask_socket(folder / "run.sock", "show info").empty(); }));
  BOOST_TEST(examine() > 0);
  BOOST_TEST(has("error", "level", "level admin"), all());
  BOOST_TEST(has("error", "does not read", "haproxy -W"), all());
  BOOST_TEST(has("error", "its runtime socket has no `level admin`", "level admin"), all());
  BOOST_TEST(has("warning", "expose-fd", "expose-fd listeners"), all() + "\n");
  BOOST_TEST(has("warning", "hard-stop-after", "hard-stop-after 60s"), all());
  BOOST_TEST(has("warning", "frontend own", "option idle-close-on-response"), all());
  const auto daemon = run();
  BOOST_TEST(logged("add `level admin`"), log());
  BOOST_TEST(!contains(log(), "is away"), log());
}

BOOST_AUTO_TEST_CASE(too_few_files_for_maxconn_and_routes_that_nobody_follows_are_warnings) {
  attach("global\n  stats socket " + (folder / "run.sock") +
         " level admin expose-fd listeners\n  hard-stop-after 20s\n  maxconn 90000000\n"
         "defaults\n  mode http\n  option idle-close-on-response\n"
         "frontend own\n  bind 127.0.0.1:1\n");
  write_text(folder / "backends.yaml",
             backends({&one}) + "routes:\n  - {host: a.test, backend: hello}\n");
  examine();
  BOOST_TEST(has("warning", "maxconn 90000000 needs about", "LimitNOFILE"), all());
  BOOST_TEST(has("warning", "no frontend follows them", "docs/routes.md"), all());
  BOOST_TEST(!has("warning", "frontend own", ""), all());
}

BOOST_AUTO_TEST_CASE(a_version_that_is_not_tested_is_a_warning_and_an_old_one_an_error) {
  const auto pretend = [&](const std::string& version) {
    write_text(folder / "haproxy", "#!/bin/sh\necho 'HAProxy version " + version +
                                       " 2026/01/01 - https://haproxy.org/'\n");
    ::chmod((folder / "haproxy").c_str(), 0755);
    return examine({{"SWITCHYARD_HAPROXY__BINARY", folder / "haproxy"}});
  };
  BOOST_TEST(pretend("2.8.3") == 0, all());
  BOOST_TEST(has("warning", "version 2.8.3 is not among", "2.6, 3.0, 3.2 or 3.4"), all());
  BOOST_TEST(pretend("2.4.1") > 0, all());
  BOOST_TEST(has("error", "too old", "2.6, 3.0, 3.2 or 3.4"), all());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
