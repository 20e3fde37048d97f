// What stands in the file before its backends: global settings, defaults and frontends.

#include <boost/test/unit_test.hpp>
#include <functional>

#include "haproxy/configuration.hpp"
#include "haproxy/renderer.hpp"
#include "tests/haproxy/config_samples.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

using namespace haproxy;

namespace {

std::string head_of(const config::haproxy_settings& s, const config::frontend_settings& f,
                    const backend_modes& modes = {}) {
  return render_head(s, {f}, modes).value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(renderer_of_the_head)

BOOST_AUTO_TEST_CASE(our_file_and_the_operators_own_do_not_disturb_each_other) {
  const std::string base = R"(global
    log 127.0.0.1:514 local0
    stats socket /tmp/switchyard-unused.sock level admin
defaults
    mode http
    log global
    option httplog
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend their-gateway
    bind 127.0.0.1:18081
    default_backend theirs
    use_backend api if { path_beg /api }
backend theirs
    server x 127.0.0.1:1
)";
  auto s = settings_in("/tmp");
  s.base_file = "/etc/haproxy/haproxy.cfg";
  const auto c = configuration_of({make_backend("api")}, s, {gateway_frontend()});
  BOOST_TEST(!contains(c.head, "stats socket"));
  BOOST_TEST(!contains(c.head, "hard-stop-after"));
  for (const bool managed : {false, true}) {
    if (managed) s.mode = config::haproxy_mode::managed;
    const auto verdict =
        ask_haproxy(configuration_of({make_backend("api")}, s, {gateway_frontend()}).text(), base);
    BOOST_TEST(verdict.exit_code == 0);
    BOOST_TEST(!contains(verdict.output, "[WARNING]"), verdict.output);
  }
}

BOOST_AUTO_TEST_CASE(managed_mode_gets_a_socket_and_a_limit_for_old_workers) {
  auto s = settings_in("/tmp");
  s.runtime_socket = "/tmp/a folder/run.sock";
  s.mode = config::haproxy_mode::managed;
  s.reload.hard_stop_after = std::chrono::seconds(90);
  const auto head = head_of(s, gateway_frontend());
  BOOST_TEST(contains(
      head,
      "    stats socket '/tmp/a folder/run.sock' mode 600 level admin expose-fd listeners\n"));
  BOOST_TEST(contains(head, "    hard-stop-after 90s\n"));
  BOOST_TEST(ask_haproxy(configuration_of({}, s, {gateway_frontend()}).text()).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(a_socket_path_that_haproxy_reads_differently_is_refused) {
  for (const auto* path : {"relative.sock", "/run/${USER}.sock", "/run/a,b.sock", "/run/a'b", ""}) {
    auto s = settings_in("/tmp");
    s.runtime_socket = path;
    BOOST_TEST(!render_head(s, {}, {}), path);
  }
}

BOOST_AUTO_TEST_CASE(a_default_backend_may_come_later_but_is_never_one_of_another_mode) {
  const auto s = settings_in("/tmp");
  const std::string line = "    use_backend %[str(api)]\n";
  BOOST_TEST(contains(head_of(s, gateway_frontend()), line));
  BOOST_TEST(contains(head_of(s, gateway_frontend(), {{"api", model::proxy_mode::http}}), line));
  BOOST_TEST(ask_haproxy(configuration_of({}, s, {gateway_frontend()}).text()).exit_code == 0);
  auto tcp = make_backend("api");
  tcp.settings.mode = model::proxy_mode::tcp;
  const auto c = configuration_of({tcp}, s, {gateway_frontend()});
  BOOST_TEST(!contains(c.head, "use_backend %[str("));
  BOOST_TEST(ask_haproxy(c.text()).exit_code == 0);
}

BOOST_AUTO_TEST_CASE(binds_take_certificates_and_every_form_of_address) {
  auto f = gateway_frontend();
  f.redirect_to_https = true;
  f.binds[0].certificates = "/etc/my-certs";
  f.binds[1].certificates = "/etc/certs";
  f.binds[1].alpn.clear();
  const auto head = head_of(settings_in("/tmp"), f);
  BOOST_TEST(contains(head, "    bind *:18080 ssl crt /etc/my-certs alpn h2,http/1.1\n"));
  BOOST_TEST(contains(head, "    bind 127.0.0.1:18080 ssl crt /etc/certs\n"));
  BOOST_TEST(contains(head, "    bind [::1]:18080\n"));
  BOOST_TEST(contains(head, "    http-request redirect scheme https code 301 unless { ssl_fc }\n"));
}

BOOST_AUTO_TEST_CASE(a_tcp_frontend_passes_bytes_to_its_backend_and_knows_no_requests) {
  auto f = gateway_frontend();
  f.mode = model::proxy_mode::tcp;
  f.binds = {f.binds[1]};
  f.binds[0].certificates = "/etc/certs";
  f.binds[0].alpn.clear();
  auto s = settings_in("/tmp/a folder");  // its map could not be named
  const auto head = head_of(s, f, {{"api", model::proxy_mode::tcp}});
  BOOST_TEST(head.ends_with("\nfrontend http-gateway from switchyard-tcp\n    no log\n"
                            "    bind 127.0.0.1:18080 ssl crt /etc/certs\n"
                            "    use_backend %[str(api)]\n"),
             head);
  f.redirect_to_https = true;
  BOOST_TEST(!render_head(s, {f}, {}));
}

BOOST_AUTO_TEST_CASE(haproxy_takes_frontends_of_both_modes_without_a_warning) {
  auto tcp = gateway_frontend();
  tcp.name = "db";
  tcp.mode = model::proxy_mode::tcp;
  tcp.binds.resize(1);
  tcp.binds[0].port = 18'081;
  const auto c =
      configuration_of(all_kinds_of_backends(), settings_in("/tmp"), {gateway_frontend(), tcp});
  const auto verdict = ask_haproxy(c.text());
  BOOST_TEST(verdict.exit_code == 0);
  BOOST_TEST(!contains(verdict.output, "[WARNING]"), verdict.output);
}

BOOST_AUTO_TEST_CASE(a_default_backend_of_another_mode_is_left_out_and_told) {
  auto http = gateway_frontend();
  auto tcp = gateway_frontend();
  tcp.name = "db";
  tcp.mode = model::proxy_mode::tcp;
  const std::vector both{http, tcp};
  const auto lines = [](const std::string& head) {
    std::size_t n = 0;
    for (auto at = head.find("(api)]"); at != std::string::npos; at = head.find("(api)]", at + 1))
      ++n;
    return n;
  };
  const auto s = settings_in("/tmp");
  // One that is not known may be the operator's own.
  BOOST_TEST(lines(render_head(s, both, {}).value()) == 2U);
  BOOST_TEST(misfits(both, {}).empty());
  for (const auto mode : {model::proxy_mode::http, model::proxy_mode::tcp}) {
    BOOST_TEST(lines(render_head(s, both, {{"api", mode}}).value()) == 1U);
    const auto told = misfits(both, {{"api", mode}});
    BOOST_REQUIRE(told.size() == 1U);
    const bool is_http = mode == model::proxy_mode::http;
    BOOST_TEST(told.at(is_http ? "db" : "http-gateway") ==
               (is_http
                    ? "frontend db is of mode tcp and does not lead to its default_backend api, "
                      "which is of mode http"
                    : "frontend http-gateway is of mode http and does not lead to its "
                      "default_backend api, which is of mode tcp"));
  }
}

BOOST_AUTO_TEST_CASE(a_frontend_with_the_name_of_a_backend_is_told_of) {
  config::frontend_settings web;
  web.name = "web";
  web.default_backend = "web";
  BOOST_TEST(misfits({web}, {{"api", model::proxy_mode::http}}).empty());
  const auto told = misfits({web}, {{"web", model::proxy_mode::http}});
  BOOST_REQUIRE(told.size() == 1U);
  BOOST_TEST(told.at("web").starts_with("frontend web has the name of a backend: "));
  BOOST_TEST(
      misfits({web}, {{"web", model::proxy_mode::tcp}}).at("web").find("; frontend web has") !=
      std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_frontend_that_cannot_be_written_is_refused_and_named) {
  const std::vector<std::function<void(config::frontend_settings&)>> edits{
      [](auto& f) { f.name = "a b"; },
      [](auto& f) { f.binds[0].address = "localhost"; },
      [](auto& f) { f.binds[0].address = "/run/x.sock"; },
      [](auto& f) { f.binds[0].port = 0; },
      [](auto& f) { f.binds[0].certificates = "/x'y"; },
      [](auto& f) { f.binds[0].certificates = "/my certs"; },
      [](auto& f) {
        f.binds[0].certificates = "/x";
        f.binds[0].alpn = {"h2", "a\nb"};
      },
      [](auto& f) {
        f.binds[0].certificates = "/x";
        f.binds[0].alpn = {""};
      }};
  for (const auto& edit : edits) {
    auto f = gateway_frontend();
    edit(f);
    const auto head = render_head(settings_in("/tmp"), {f}, {});
    BOOST_REQUIRE(!head);
    BOOST_TEST(head.error().message.starts_with("frontend "));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
