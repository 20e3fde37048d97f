#include <boost/test/unit_test.hpp>

#include "tests/config/sample.hpp"

namespace switchyard::config {

namespace {

using tests::bad;
using tests::good;
using tests::least;

/// Settings with this line as their second one.
std::string with(const std::string& line) {
  return least + line + "\n";
}

/// Settings with one frontend whose text begins at 3:5.
std::string frontend(const std::string& text) {
  return least + "frontends:\n  - " + text + "\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(load_haproxy)

BOOST_AUTO_TEST_CASE(managed_mode_has_a_master_socket_beside_the_runtime_socket) {
  BOOST_TEST(good(with("haproxy: {runtime_socket: /s/x.sock}")).haproxy.master_socket.value() ==
             "/s/master.sock");
  BOOST_TEST(good(with("haproxy: {master_socket: /m.sock}")).haproxy.master_socket.value() ==
             "/m.sock");
  BOOST_TEST(good(with("haproxy: {master_socket: null}")).haproxy.master_socket.value() ==
             "/run/switchyard/master.sock");
}

BOOST_AUTO_TEST_CASE(managed_mode_has_no_pid_file_and_needs_the_program) {
  BOOST_TEST(
      bad(with("haproxy: {pid_file: /p}")) ==
      "s.yaml:2:11: /haproxy/pid_file: managed mode uses a master socket: leave pid_file out");
  BOOST_TEST(bad(with("haproxy: {binary: ''}")) ==
             "s.yaml:2:11: /haproxy/binary: managed mode starts HAProxy: name its program, or set "
             "haproxy.mode to attached");
}

BOOST_AUTO_TEST_CASE(attached_mode_needs_a_way_to_reload) {
  BOOST_TEST(bad(with("haproxy: {mode: attached}")) ==
             "s.yaml:2:1: /haproxy/master_socket: attached mode reloads through the master socket: "
             "set master_socket (haproxy -S), pid_file or reload.command");
  const auto by_pid = good(with("haproxy: {mode: attached, pid_file: /p, binary: ''}")).haproxy;
  BOOST_TEST(by_pid.pid_file.value() == "/p");
  BOOST_TEST(!by_pid.master_socket);
  BOOST_TEST(by_pid.binary == "");
  BOOST_TEST(!good(with("haproxy: {mode: attached, master_socket: /m}")).haproxy.pid_file);
}

BOOST_AUTO_TEST_CASE(the_servers_authorities_are_a_plain_path) {
  BOOST_TEST(!good(least).haproxy.server_ca_file);
  BOOST_TEST(!good(with("haproxy: {server_ca_file: null}")).haproxy.server_ca_file);
  BOOST_TEST(
      good(with("haproxy: {server_ca_file: /etc/ssl/ca.pem}")).haproxy.server_ca_file.value() ==
      "/etc/ssl/ca.pem");
  const auto beside = good(with("haproxy: {server_ca_file: ca.pem}")).haproxy.server_ca_file;
  BOOST_TEST(beside.value().ends_with("/ca.pem"));
  BOOST_TEST(beside.value().starts_with("/"));
  BOOST_TEST(bad(with("haproxy: {server_ca_file: '/a b'}")) ==
             "s.yaml:2:11: /haproxy/server_ca_file: must be made of A-Z a-z 0-9 /._-+@=:~, for "
             "HAProxy; not \"/a b\"");
}

BOOST_AUTO_TEST_CASE(a_bare_program_name_stays_one) {
  BOOST_TEST(good(with("haproxy: {binary: haproxy-3.2}")).haproxy.binary == "haproxy-3.2");
}

BOOST_AUTO_TEST_CASE(an_unknown_mode_is_refused) {
  BOOST_TEST(bad(with("haproxy: {mode: off}")) ==
             "s.yaml:2:11: /haproxy/mode: must be one of \"managed\", \"attached\", not the string "
             "\"off\"");
}

BOOST_AUTO_TEST_CASE(socket_paths_fit_into_a_socket_address) {
  const auto path = [](std::size_t length) { return "/" + std::string(length - 1, 'x'); };
  for (const std::string key : {"runtime_socket", "master_socket"}) {
    const auto line = [&](std::size_t length) {
      return "haproxy: {" + key + ": " + path(length) + "}";
    };
    BOOST_TEST(bad(with(line(107))) == "taken");
    BOOST_TEST(bad(with(line(108))) ==
               "s.yaml:2:11: /haproxy/" + key +
                   ": the socket's path has 108 bytes and the system allows 107: choose a shorter "
                   "folder");
  }
  // What counts is the absolute path.
  const auto folder = "/" + std::string(100, 'f') + "/s.yaml";
  BOOST_TEST(!parse(with("haproxy: {runtime_socket: run.sock, master_socket: /m}"), folder, {}));
}

BOOST_AUTO_TEST_CASE(the_default_master_socket_meets_the_limit_too) {
  const auto folder = "/" + std::string(98, 'x');
  BOOST_TEST(
      bad(with("haproxy: {runtime_socket: " + folder + "/s}"))
          .starts_with("s.yaml:2:1: /haproxy/master_socket: the socket's path has 111 bytes"));
}

BOOST_AUTO_TEST_CASE(paths_for_haproxy_are_such_as_its_configuration_can_hold) {
  for (const std::string path : {"/it's", "/a\\\"b", "/back\\\\slash", "/größe"}) {
    const auto quoted = "\"" + path + "\"";
    for (const std::string key : {"config_file", "runtime_socket", "master_socket"})
      BOOST_TEST(bad(with("haproxy: {" + key + ": " + quoted + "}"))
                     .starts_with("s.yaml:2:11: /haproxy/" + key + ": must be made of printable"),
                 key + path);
    BOOST_TEST(bad(frontend("{name: a, binds: [{port: 1, certificates: " + quoted + "}]}"))
                   .starts_with("s.yaml:3:33: /frontends/0/binds/0/certificates: must be made of"));
  }
  for (const std::string path : {"/my certs", "/a;b", "/a,b"})
    BOOST_TEST(bad(frontend("{name: a, binds: [{port: 1, certificates: '" + path + "'}]}"))
                   .starts_with("s.yaml:3:33: /frontends/0/binds/0/certificates: must be made of"));
  for (const std::string path : {"/a,b", "/a$b"})
    BOOST_TEST(bad(with("haproxy: {runtime_socket: '" + path + "'}"))
                   .starts_with("s.yaml:2:11: /haproxy/runtime_socket: must be without commas"));
  BOOST_TEST(bad(with("haproxy: {config_file: '/with space'}")) == "taken");
}

BOOST_AUTO_TEST_CASE(a_newline_does_not_get_into_a_path) {
  BOOST_TEST(bad(with("haproxy: {base_file: \"/a\\nb\"}"))
                 .starts_with("s.yaml:2:11: /haproxy/base_file: must not have control characters"));
}

BOOST_AUTO_TEST_CASE(no_two_of_our_files_are_one) {
  BOOST_TEST(bad(with("haproxy: {base_file: /var/lib/switchyard/../switchyard/haproxy.cfg}")) ==
             "s.yaml:2:11: /haproxy/base_file: is the same path as config_file: choose another");
  BOOST_TEST(
      bad(with("haproxy: {runtime_socket: /x, master_socket: /x}")) ==
      "s.yaml:2:31: /haproxy/master_socket: is the same path as runtime_socket: choose another");
}

BOOST_AUTO_TEST_CASE(frontends_need_a_name_and_binds) {
  BOOST_TEST(bad(frontend("{redirect_to_https: true}")) ==
             "s.yaml:3:5: /frontends/0/name: is missing\n"
             "s.yaml:3:5: /frontends/0/binds: is missing");
  BOOST_TEST(bad(frontend("{name: a, binds: []}")) ==
             "s.yaml:3:15: /frontends/0/binds: must have at least one entry, such as {address: "
             "\"*\", port: 80}");
  BOOST_TEST(bad(frontend("{name: a, binds: 80}")) ==
             "s.yaml:3:15: /frontends/0/binds: must be a list, not 80");
}

BOOST_AUTO_TEST_CASE(frontend_names_are_valid_unique_and_not_reserved) {
  BOOST_TEST(bad(frontend("{name: 'a b', binds: [{port: 1}]}")) ==
             "s.yaml:3:6: /frontends/0/name: must be 1 to 128 of the characters A-Z a-z 0-9 _ . : "
             "-, not \"a b\"");
  BOOST_TEST(bad(frontend("{name: '', binds: [{port: 1}]}")).starts_with("s.yaml:3:6: "));
  for (const std::string name : {"GLOBAL", "MASTER", "switchyard-http"})
    BOOST_TEST(bad(frontend("{name: " + name + ", binds: [{port: 1}]}")) ==
               "s.yaml:3:6: /frontends/0/name: \"" + name + "\" is reserved: choose another name");
  BOOST_TEST(
      bad(frontend("{name: a, binds: [{port: 1}]}\n  - {name: a, binds: [{port: 2}]}")) ==
      "s.yaml:4:6: /frontends/1/name: the name \"a\" is taken by an earlier frontend: choose "
      "another");
}

BOOST_AUTO_TEST_CASE(binds_have_a_port_and_an_ip_literal) {
  BOOST_TEST(bad(frontend("{name: a, binds: [{address: '*'}]}")) ==
             "s.yaml:3:23: /frontends/0/binds/0/port: is missing");
  for (const std::string port : {"0", "65536", "-1", "'80'", "80.5"})
    BOOST_TEST(bad(frontend("{name: a, binds: [{port: " + port + "}]}"))
                   .starts_with("s.yaml:3:24: /frontends/0/binds/0/port: must be a whole number "
                                "from 1 to 65535, not "),
               port);
  for (const std::string address : {"localhost", "127.1", "10.0.0.1:80", "[::1]", "::1%lo", ""})
    BOOST_TEST(
        bad(frontend("{name: a, binds: [{address: '" + address + "', port: 1}]}"))
            .starts_with("s.yaml:3:24: /frontends/0/binds/0/address: must be an IPv4 or IPv6 "
                         "address or \"*\""),
        address);
}

BOOST_AUTO_TEST_CASE(an_address_and_port_is_bound_once) {
  BOOST_TEST(
      bad(frontend("{name: a, binds: [{port: 1}, {port: 2}]}\n"
                   "  - {name: b, binds: [{port: 3}, {address: '*', port: 2}]}")) ==
      "s.yaml:4:49: /frontends/1/binds/1/port: the frontend \"a\" binds the same address and "
      "port: choose another");
  BOOST_TEST(bad(frontend("{name: a, binds: [{port: 1, address: '::1'}, {port: 1, address: "
                          "'0:0::1'}]}"))
                 .starts_with("s.yaml:3:51: /frontends/0/binds/1/port: the frontend \"a\" binds"));
  BOOST_TEST(bad(frontend("{name: a, binds: [{port: 1}, {address: 127.0.0.1, port: 1}]}")) ==
             "taken");
}

BOOST_AUTO_TEST_CASE(alpn_is_a_list_of_known_protocols) {
  for (const std::string alpn : {"[h3]", "[h2, h2]", "['h2,http/1.1']", "[1]"})
    BOOST_TEST(bad(frontend("{name: a, binds: [{port: 1, alpn: " + alpn + "}]}")) ==
                   "s.yaml:3:33: /frontends/0/binds/0/alpn: must be a list of \"h2\" and "
                   "\"http/1.1\", each at most once",
               alpn);
  BOOST_TEST(bad(frontend("{name: a, binds: [{port: 1, alpn: h2}]}")) ==
             "s.yaml:3:33: /frontends/0/binds/0/alpn: must be a list, not the string \"h2\"");
  BOOST_TEST(
      good(frontend("{name: a, binds: [{port: 1, alpn: []}]}")).frontends[0].binds[0].alpn.empty());
}

BOOST_AUTO_TEST_CASE(a_default_backend_is_a_name_or_none) {
  BOOST_TEST(bad(frontend("{name: a, default_backend: 'x y', binds: [{port: 1}]}"))
                 .starts_with("s.yaml:3:15: /frontends/0/default_backend: must be 1 to 128 of"));
  BOOST_TEST(!good(frontend("{name: a, default_backend: null, binds: [{port: 1}]}"))
                  .frontends[0]
                  .default_backend);
}

BOOST_AUTO_TEST_CASE(a_tcp_frontend_has_a_default_backend_and_offers_no_protocol_unless_told) {
  const auto f =
      good(frontend("{name: a, mode: tcp, default_backend: db, binds: [{port: 1, certificates: "
                    "/c}, {port: 2, certificates: /c, alpn: [postgresql, 'x/1.0']}]}"))
          .frontends[0];
  BOOST_TEST((f.mode == model::proxy_mode::tcp));
  BOOST_TEST(f.default_backend.value() == "db");
  BOOST_TEST(f.binds[0].alpn.empty());
  const std::vector<std::string> given{"postgresql", "x/1.0"};
  BOOST_TEST(f.binds[1].alpn == given, boost::test_tools::per_element());
  BOOST_TEST((good(frontend("{name: a, binds: [{port: 1}]}")).frontends[0].mode ==
              model::proxy_mode::http));
}

BOOST_AUTO_TEST_CASE(what_a_tcp_frontend_cannot_do_or_be_without_is_refused_at_its_place) {
  BOOST_TEST(bad(frontend("{name: a, mode: tcp, binds: [{port: 1}], redirect_to_https: true}")) ==
             "s.yaml:3:5: /frontends/0/default_backend: is missing: a frontend of mode tcp follows "
             "no routes\n"
             "s.yaml:3:46: /frontends/0/redirect_to_https: needs mode http: in mode tcp bytes pass "
             "as they are");
  BOOST_TEST(bad(frontend("{name: a, mode: tcp, default_backend: null, binds: [{port: 1}]}"))
                 .starts_with("s.yaml:3:26: /frontends/0/default_backend: is missing"));
  BOOST_TEST(bad(frontend("{name: a, mode: tcp, default_backend: b, redirect_to_https: false, "
                          "binds: [{port: 1}]}")) == "taken");
  BOOST_TEST(bad(frontend("{name: a, mode: udp, binds: [{port: 1}]}")) ==
             "s.yaml:3:15: /frontends/0/mode: must be one of \"http\", \"tcp\", not the string "
             "\"udp\"");
  for (const std::string alpn : {"['a,b']", "['a b']", "['']", "[x, x]", "[\"a\\nb\"]", "['$H']"})
    BOOST_TEST(bad(frontend("{name: a, mode: tcp, default_backend: b, binds: [{port: 1, alpn: " +
                            alpn + "}]}"))
                   .starts_with("s.yaml:3:64: /frontends/0/binds/0/alpn: must be a list of "
                                "protocols' names"),
               alpn);
}

BOOST_AUTO_TEST_CASE(a_command_may_reload_an_attached_haproxy) {
  const auto attached =
      good(with("haproxy: {mode: attached, reload: {command: [systemctl, reload, haproxy]}}"));
  const std::vector<std::string> expected{"systemctl", "reload", "haproxy"};
  BOOST_TEST(attached.haproxy.reload.command == expected, boost::test_tools::per_element());
  for (const auto* wrong : {"systemctl reload haproxy", "[]", "[systemctl, 1]", "[\"\"]"})
    BOOST_TEST(bad(with("haproxy: {mode: attached, pid_file: /p, reload: {command: " +
                        std::string(wrong) + "}}"))
                       .find("/haproxy/reload/command") != std::string::npos,
               wrong);
  BOOST_TEST(bad(with("haproxy: {reload: {command: [a]}}")).find("leave command out") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(reload_limits_have_ranges) {
  BOOST_TEST(bad(with("haproxy: {reload: {max_old_workers: 0}}")) ==
             "s.yaml:2:20: /haproxy/reload/max_old_workers: must be a whole number from 1 to 100, "
             "not 0");
  BOOST_TEST(bad(with("haproxy: {reload: {hard_stop_after: 0s}}"))
                 .starts_with("s.yaml:2:20: /haproxy/reload/hard_stop_after: must be a duration"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::config
