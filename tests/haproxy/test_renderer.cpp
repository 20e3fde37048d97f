#include "haproxy/renderer.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>

#include "haproxy/configuration.hpp"
#include "tests/haproxy/config_samples.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

using namespace haproxy;
using base::errc;

namespace {

const std::vector<std::string> hostile_values{
    "a\nserver evil 6.6.6.6:80",
    "a\n",
    "a\rb",
    std::string("a\0b", 3),
    "a b",
    "a\tb",
    "a'b",
    "a\"b",
    "a\\b",
    "${HOME}",
    "\"${HOME}\"",
    "a#b",
    "%[env(HOME)]",
    "a;b",
    "str(a)",
    "na\xc3\xafve",
    "\xff",
    "\x7f",
    "",
};

struct field {
  std::string name;
  std::function<void(model::backend&, const std::string&)> set;
};

const std::vector<field> text_fields{
    {"name", [](model::backend& b, const std::string& v) { b.name = v; }},
    {"server name", [](model::backend& b, const std::string& v) { b.servers[0].name = v; }},
    {"address", [](model::backend& b, const std::string& v) { b.servers[0].address = v; }},
    {"sni", [](model::backend& b, const std::string& v) { b.settings.tls.sni = v; }},
    {"check path", [](model::backend& b, const std::string& v) { b.settings.check.path = v; }},
    {"check path's end",
     [](model::backend& b, const std::string& v) { b.settings.check.path = "/x " + v; }},
    {"cookie", [](model::backend& b, const std::string& v) { b.settings.sticky->cookie = v; }},
};

model::backend victim() {
  auto b = make_backend("victim", 1);
  b.settings.tls.enabled = true;
  b.settings.tls.sni = "api.example.com";
  b.settings.check.type = model::check_type::http;
  b.settings.sticky = model::sticky_settings{"SRV"};
  return b;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(renderer)

BOOST_AUTO_TEST_CASE(a_plain_word_stands_as_it_is_and_others_are_single_quoted) {
  BOOST_TEST(config_word("/etc/switchyard/certs").value() == "/etc/switchyard/certs");
  BOOST_TEST(config_word("/my certs/x").value() == "'/my certs/x'");
  BOOST_TEST(config_word("/a#b").value() == "'/a#b'");
  BOOST_TEST(config_word("/${HOME}").value() == "'/${HOME}'");
}

BOOST_AUTO_TEST_CASE(a_word_that_could_end_its_quotes_or_its_line_is_refused) {
  for (const std::string value :
       {"", "a'b", "a\"b", "a\\b", "a\nb", "a\rb", "a\tb", "\x7f", "\xc3"})
    BOOST_TEST(!config_word(value));
  BOOST_TEST(!config_word(std::string("a\0b", 3)));
}

BOOST_AUTO_TEST_CASE(a_hostile_value_in_any_text_field_is_refused_and_named) {
  BOOST_REQUIRE(render_backend(victim()));
  for (const auto& f : text_fields)
    for (const auto& value : hostile_values) {
      auto b = victim();
      f.set(b, value);
      const auto rendered = render_backend(b);
      BOOST_TEST_CONTEXT(f.name << " = " << value) {
        BOOST_TEST(!rendered);
        if (rendered) continue;
        BOOST_TEST((rendered.error().kind == errc::invalid));
        BOOST_TEST(contains(rendered.error().message, "backend "));
        BOOST_TEST(rendered.error().message.find_first_of("\n\r") == std::string::npos);
      }
    }
}

BOOST_AUTO_TEST_CASE(an_address_that_haproxy_would_take_as_something_else_is_refused) {
  for (const auto* address :
       {"127.1", "localhost", "/var/run/docker.sock", "0.0.0.0", "::", "*", "10.0.0.01",
        "10.0.0.256", "10.0.0", "10.0.0.1.", "[::1]", "::0001", "10.0.0.1:80", "fd@3", "0x7f000001",
        "10.0.0.1/8", "fe80::1%eth0", "abns@x", "unix@/x"})
    BOOST_TEST(!render_server(make_server("s", address)), address);
  BOOST_TEST(!render_server(make_server("s", "10.0.0.1", 0)));
}

BOOST_AUTO_TEST_CASE(numbers_out_of_haproxys_range_are_refused) {
  auto s = make_server("s");
  s.weight = 257;
  BOOST_TEST(!render_server(s));
  s.weight = 0;
  s.maxconn = 1U << 31;
  BOOST_TEST(!render_server(s));

  const std::vector<std::function<void(model::backend_settings&)>> edits{
      [](auto& x) { x.check.interval = std::chrono::milliseconds(0); },
      [](auto& x) { x.check.interval = std::chrono::hours(24 * 25); },
      [](auto& x) { x.check.rise = 0; },
      [](auto& x) { x.check.fall = 1U << 31; },
      [](auto& x) { x.timeouts.connect = std::chrono::milliseconds(-1); },
      [](auto& x) { x.timeouts.server = std::chrono::hours(24 * 25); },
      [](auto& x) { x.timeouts.tunnel = std::chrono::milliseconds(0); },
      [](auto& x) { x.slowstart = std::chrono::milliseconds(0); }};
  for (const auto& edit : edits) {
    auto b = victim();
    edit(b.settings);
    BOOST_TEST(!render_backend(b));
  }
}

BOOST_AUTO_TEST_CASE(what_makes_sense_in_http_mode_only_is_refused_in_tcp_mode) {
  auto b = make_backend("b");
  b.settings.mode = model::proxy_mode::tcp;
  BOOST_CHECK(render_backend(b));
  b.settings.balance = model::balance_algorithm::uri;
  BOOST_TEST(!render_backend(b));
  b.settings.balance = model::balance_algorithm::roundrobin;
  b.settings.protocol = model::server_protocol::h2;
  BOOST_TEST(!render_backend(b));
  b.settings.protocol = model::server_protocol::automatic;
  b.settings.sticky = model::sticky_settings{"SRV"};
  BOOST_TEST(!render_backend(b));
}

BOOST_AUTO_TEST_CASE(persistence_is_a_cookie_of_haproxys_that_is_secure_over_tls) {
  auto b = make_backend("b");
  BOOST_TEST(!contains(render_backend(b)->settings, "ookie"));
  b.settings.sticky = model::sticky_settings{"a.b-C"};
  BOOST_TEST(contains(render_backend(b)->settings,
                      "    cookie 'a.b-C' insert indirect nocache httponly dynamic\n"
                      "    dynamic-cookie-key switchyard\n"
                      "    http-after-response replace-header Set-Cookie '^a[.]b[-]C=.*$' "
                      "'%[res.fhdr(Set-Cookie,-1)]; Secure' if { ssl_fc }\n"),
             render_backend(b)->settings);
  b.settings.sticky->cookie = std::string(65, 'c');
  BOOST_TEST(!render_backend(b));
}

BOOST_AUTO_TEST_CASE(two_servers_of_one_name_are_refused) {
  auto b = make_backend("b");
  b.servers[1].name = b.servers[0].name;
  BOOST_TEST(!render_backend(b));
}

BOOST_AUTO_TEST_CASE(a_server_line_carries_weight_maxconn_backup_and_state) {
  auto s = make_server("srv1");
  BOOST_TEST(render_server(s).value() == "    server srv1 10.0.1.10:8080 weight 100");
  s.maxconn = 30;
  s.backup = true;
  s.state = model::server_state::maint;
  BOOST_TEST(render_server(s).value() ==
             "    server srv1 10.0.1.10:8080 weight 100 maxconn 30 backup disabled");
  s = make_server("srv1", "2001:db8::1", 1);
  s.state = model::server_state::drain;
  BOOST_TEST(render_server(s).value() == "    server srv1 [2001:db8::1]:1 weight 0");
}

BOOST_AUTO_TEST_CASE(the_options_follow_protocol_and_tls) {
  model::backend_settings s;
  BOOST_TEST(server_options(s).value() == "check inter 2s rise 2 fall 3");
  s.protocol = model::server_protocol::h2;
  BOOST_TEST(server_options(s).value() == "check inter 2s rise 2 fall 3 alpn h2,http/1.1 proto h2");
  s.tls.enabled = true;
  s.tls.sni = "a.example.com";
  BOOST_TEST(server_options(s).value() ==
             "check check-ssl inter 2s rise 2 fall 3 ssl verify required ca-file @system-ca "
             "sni str(a.example.com) verifyhost a.example.com check-sni a.example.com "
             "alpn h2,http/1.1 proto h2");
  s = {};
  s.check.type = model::check_type::none;
  BOOST_TEST(server_options(s).value().empty());
}

BOOST_AUTO_TEST_CASE(servers_are_verified_against_the_file_of_the_settings) {
  model::backend_settings s;
  s.tls.enabled = true;
  s.check.type = model::check_type::none;
  BOOST_TEST(server_options(s, "/etc/ssl/ours.pem").value() ==
             "ssl verify required ca-file /etc/ssl/ours.pem sni var(txn.switchyard_no_sni) "
             "alpn h2,http/1.1");
  s.tls.verify = model::tls_verify::none;
  BOOST_TEST(server_options(s, "/etc/ssl/ours.pem").value() ==
             "ssl verify none sni var(txn.switchyard_no_sni) alpn h2,http/1.1");
  auto settings = settings_in("/tmp");
  BOOST_TEST(!contains(render_head(settings, {}, {}).value(), "ca-file"));
  settings.server_ca_file = "/etc/ssl/ours.pem";
  BOOST_TEST(contains(render_head(settings, {}, {}).value(),
                      "\ndefaults switchyard-ca\n    mode http\n    default-server ssl verify "
                      "required ca-file /etc/ssl/ours.pem\n"));
  for (const auto* path :
       {"", "ours.pem", "@system-ca ", "/a b", "/a;b", "/a'b", "/a#b", "/${A}"}) {
    settings.server_ca_file = path;
    BOOST_TEST(!render_head(settings, {}, {}), path);
    BOOST_TEST(!server_options(s, path), path);
  }
}

BOOST_AUTO_TEST_CASE(haproxy_takes_every_kind_of_backend_without_a_warning) {
  const auto c =
      configuration_of(all_kinds_of_backends(), settings_in("/tmp"), {gateway_frontend()});
  const auto verdict = ask_haproxy(c.text());
  BOOST_TEST(verdict.exit_code == 0);
  BOOST_TEST(!contains(verdict.output, "[WARNING]"), verdict.output);
  BOOST_TEST(!contains(verdict.output, "[ALERT]"), verdict.output);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
