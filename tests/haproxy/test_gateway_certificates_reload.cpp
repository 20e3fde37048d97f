// Changes of certificates that take a reload, and those that HAProxy refuses then.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/haproxy/picky_haproxy.hpp"
#include "tests/haproxy/tls_site.hpp"

namespace {

using namespace switchyard::tests;
using namespace std::chrono_literals;
using switchyard::haproxy::certificates;

/// One that HAProxy's runtime API cannot name.
const std::string unnameable = "a b.pem";
constexpr std::string_view garbage =
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";

/// HAProxy 2.6 ends the conversation when a payload does not fit into its buffer; 3.4 takes it.
struct small_buffers_site : tls_site {
  small_buffers_site() : tls_site(false, "", "http/1.1") {  // HTTP/2 wants larger ones
    write_text(*settings.haproxy.base_file,
               read_text(*settings.haproxy.base_file) + "    tune.bufsize 8192\n");
    start_haproxy();
    look();
    worker = worker_pid();
  }
  /// One that does not fit.
  std::string long_text(const key_pair& pair) const {
    auto text = pair.pem();
    while (text.size() < 9'000) text += a.certificate;
    return text;
  }
};

struct picky_tls_site : with_dislikes, tls_site {
  picky_tls_site()
      : tls_site(false, "", "h2",
                 [this](const auto& s) { return std::make_unique<picky_haproxy>(s, about); }) {}
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_reload_of_somebody_else_holds_a_certificate_up_for_seconds,
                        picky_tls_site) {
  about->busy = 1;
  const auto c = self_signed("c.test");
  put(unnameable, c.pem());
  auto report = look();
  BOOST_TEST(told(report, "busy with another reload") == 1U, words(report));
  BOOST_TEST(!report.waiting.empty());
  now = std::max(now, std::chrono::steady_clock::now()) + 5s;
  report = tick();
  BOOST_TEST(report.reload.has_value(), words(report));
  BOOST_TEST(serves("c.test", c));
}

BOOST_FIXTURE_TEST_SUITE(gateway_certificates_by_reload, tls_site)

BOOST_AUTO_TEST_CASE(the_default_certificate_leaves_with_one_reload) {
  std::filesystem::remove(at("a.pem"));
  look();
  const auto report = look(certificates::gone_after);
  BOOST_REQUIRE(!same_worker());
  BOOST_TEST(told(report, "a.pem needs a reload") == 1U, words(report));
  BOOST_TEST(told(report, "reloaded HAProxy") == 1U, words(report));
  BOOST_TEST(told(report, "certificate " + at("a.pem")) >= 1U, words(report));
  BOOST_TEST(serves("a.test", b));
  const auto after = worker_pid();
  settle();
  BOOST_TEST(look().waiting.empty());
  BOOST_TEST(worker_pid() == after);
}

BOOST_AUTO_TEST_CASE(what_the_runtime_api_cannot_name_comes_with_one_reload) {
  const auto c = self_signed("c.test");
  put(unnameable, c.pem());
  const auto report = look();
  BOOST_TEST(told(report, "a b.pem needs a reload") == 1U, words(report));
  BOOST_TEST(!same_worker());
  BOOST_TEST(serves("c.test", c));
  const auto after = worker_pid();
  settle();
  BOOST_TEST(look().waiting.empty());
  BOOST_TEST(worker_pid() == after);
}

BOOST_AUTO_TEST_CASE(what_haproxy_cannot_show_is_loaded_once) {
  const auto c = self_signed("c.test");
  put("c\nd.pem", c.pem());
  look();
  BOOST_TEST(!same_worker());
  BOOST_TEST(serves("c.test", c));
  for (int i = 0; i < 3; ++i) {
    const auto before = worker_pid();
    now += 1min;
    BOOST_TEST(look().waiting.empty());
    BOOST_TEST(worker_pid() == before);
    reload_by_hand();
  }
}

BOOST_AUTO_TEST_CASE(a_reload_that_is_refused_is_not_tried_again_until_the_file_changes) {
  put(unnameable, std::string(garbage));
  auto report = look();
  BOOST_TEST(told(report, "reload failed, HAProxy goes on as it was") == 1U, words(report));
  BOOST_TEST(report.waiting.empty());
  for (int i = 0; i < 5; ++i) {
    now += 60s;
    BOOST_TEST(look().waiting.empty());
  }
  BOOST_TEST(same_worker());
  const auto c = self_signed("c.test");
  put(unnameable, c.pem());
  look();
  settle();
  BOOST_TEST(serves("c.test", c));
}

BOOST_AUTO_TEST_CASE(a_refused_reload_is_tried_again_after_a_long_while) {
  const auto base = read_text(*settings.haproxy.base_file);
  write_text(*settings.haproxy.base_file, base + "    no-such-directive\n");
  const auto c = self_signed("c.test");
  put(unnameable, c.pem());
  BOOST_TEST(told(look(), "reload failed") == 1U);
  write_text(*settings.haproxy.base_file, base);
  now += certificates::reload_again_after / 2;
  look();
  BOOST_TEST(same_worker());
  now += certificates::reload_again_after / 2;
  look();
  BOOST_TEST(serves("c.test", c));
}

// HAProxy takes no second proxy of the name of the operator's.
BOOST_AUTO_TEST_CASE(a_backend_that_haproxy_refuses_does_not_hold_up_a_certificate) {
  write_text(*settings.haproxy.base_file,
             read_text(*settings.haproxy.base_file) +
                 "backend clash\n    timeout connect 1s\n    timeout server 1s\n");
  BOOST_TEST(told(apply(of_its_own_kind(backend_of("clash", {local_server("c1")}))),
                  "reload failed") == 1U);
  const auto c = self_signed("c.test");
  put(unnameable, c.pem());
  reconcile();
  now += 1min;
  const auto report = tick();
  BOOST_TEST(told(report, "backend clash is left as it was") == 1U, words(report));
  BOOST_TEST(!same_worker());
  BOOST_TEST(serves("c.test", c));
}

BOOST_AUTO_TEST_CASE(a_chain_that_is_too_long_for_the_runtime_api_comes_with_a_reload) {
  const auto renewed = self_signed("b.test");
  auto text = renewed.pem();
  while (text.size() < 16'000) text += a.certificate;
  put("b.pem", text);
  const auto report = look();
  BOOST_TEST(told(report, "b.pem needs a reload") == 1U, words(report));
  BOOST_TEST(serves("b.test", renewed));
}

BOOST_AUTO_TEST_CASE(a_transaction_that_somebody_else_forgot_holds_nothing_up_for_ever) {
  const temp_dir elsewhere;
  const auto o = self_signed("o.test");
  const auto file = elsewhere / "o.pem";
  write_text(file, o.pem());
  write_text(*settings.haproxy.base_file, read_text(*settings.haproxy.base_file) +
                                              "frontend ops\n    mode http\n    timeout client 1s\n"
                                              "    bind 127.0.0.1:" +
                                              std::to_string(free_port()) + " ssl crt " + file +
                                              "\n");
  start_haproxy();
  look();
  const auto before = worker_pid();
  command("set ssl cert " + file + " <<\n" + self_signed("o.test").pem());
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.pem());
  BOOST_TEST(told(look(), "certificates wait for a transaction of somebody else") == 1U);
  BOOST_TEST(told(look(certificates::transaction_blocks_for / 2), "needs a reload") == 0U);
  BOOST_TEST(worker_pid() == before);
  const auto report = look(certificates::transaction_blocks_for);
  BOOST_TEST(told(report, "has been open for ") == 1U, words(report));
  BOOST_TEST(another_worker_than(before, *this));
  BOOST_TEST(serves("b.test", renewed));
}

BOOST_AUTO_TEST_CASE(a_certificate_with_more_beside_it_is_renewed_by_a_reload) {
  const auto renewed = self_signed("b.test");
  put("b.pem.issuer", a.certificate);
  look();
  BOOST_TEST(same_worker());
  put("b.pem", renewed.pem());
  BOOST_TEST(told(look(), ".ocsp, .sctl or .issuer are beside it") == 1U);
  BOOST_TEST(!same_worker());
  BOOST_TEST(serves("b.test", renewed));
}

BOOST_AUTO_TEST_CASE(a_certificate_with_an_ocsp_response_is_known_again) {
  const certificate_authority ca;
  const auto renewed = ca.issue("b.test");
  const auto text = renewed.certificate + read_text(ca.file()) + renewed.key;
  put("b.pem.ocsp", ca.ocsp_response(renewed));
  put("b.pem", text);
  look();
  settle();
  BOOST_REQUIRE(serves("b.test", renewed));
  BOOST_REQUIRE(command("show ssl ocsp-response").find("Certificate ID key") != std::string::npos);
  const auto before = worker_pid();
  restart_gateway();
  put("b.pem", text);
  look();
  settle();
  BOOST_TEST(worker_pid() == before);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_certificates_that_break_the_conversation, small_buffers_site)

BOOST_AUTO_TEST_CASE(what_is_too_long_for_haproxys_buffer_comes_in_the_end) {
  const auto renewed = self_signed("b.test");
  put("b.pem", long_text(renewed));
  std::size_t aways = 0;
  for (int i = 0; i < 20; ++i) aways += told(look(), "HAProxy is away");
  BOOST_TEST(aways <= certificates::most_breaks);
  BOOST_TEST(serves("b.test", renewed));
}

BOOST_AUTO_TEST_CASE(tries_come_ever_more_slowly) {
  for (const auto* name : {"a.pem", "b.pem", "c.pem", "d.pem", "e.pem"})
    put(name, long_text(self_signed("x.test")));
  look(0ms);
  now += certificates::settled_after;
  const auto began = now;
  int passes = 0;
  for (; now < began + 1s && passes < 100; ++passes) {
    tick();
    now = std::max(now, gateway().next_work().value_or(began + 1s));
  }
  BOOST_TEST(passes < 9);  // without a growing pause all ten breaks come at once
}

BOOST_AUTO_TEST_SUITE_END()
