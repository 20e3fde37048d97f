// Certificates that change on disk while HAProxy runs.

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/haproxy/gateway_sites.hpp"
#include "tests/support/tls.hpp"

namespace {

using namespace switchyard::tests;
using namespace std::chrono_literals;
using switchyard::haproxy::apply_report;
using switchyard::haproxy::certificates;

/// A folder of certificates for a.test and b.test.
struct certificate_folder {
  certificate_folder() {
    put("a.pem", a.pem());
    put("b.pem", b.pem());
  }
  std::string at(std::string_view name) const { return folder / name; }
  /// Replaces a file as renewal programs do.
  void put(std::string_view name, const std::string& text) const {
    write_text(folder / ".new", text);
    std::filesystem::rename(folder / ".new", at(name));
  }

  temp_dir folder;
  key_pair a = self_signed("a.test"), b = self_signed("b.test");
  std::uint16_t tls_port = free_port();
};

struct tls_site : certificate_folder, gateway_site {
  /// The bind has the whole folder, or one file of it.
  explicit tls_site(bool tapped = false, const std::string& file = "")
      : gateway_site({.tapped = tapped,
                      .binds = {{"127.0.0.1",
                                 tls_port,
                                 file.empty() ? folder.path().string() : at(file),
                                 {"h2"}}}}) {
    begin({web_site::web()});
    // The files are so new that they are compared with what HAProxy has.
    const auto first = look();
    BOOST_TEST(first.certificates == 0U);
    BOOST_TEST(first.notices.empty(), words(first));
    worker = worker_pid();
  }

  /// A reconcile, and what is due a moment later.
  apply_report look(std::chrono::milliseconds later = certificates::settled_after) {
    auto all = reconcile();
    now += later;
    const auto then = tick();
    all.certificates += then.certificates;
    all.notices.insert(all.notices.end(), then.notices.begin(), then.notices.end());
    all.waiting = then.waiting;
    return all;
  }
  bool serves(std::string_view host, const key_pair& wanted) const {
    return tls_hello(tls_port, host).certificate == fingerprint(wanted.certificate);
  }
  bool same_worker() const { return worker_pid() == worker; }

  pid_t worker = 0;
};

struct tapped_tls_site : tls_site {
  tapped_tls_site() : tls_site(true) {}
};

struct one_file_site : tls_site {
  one_file_site() : tls_site(false, "a.pem") {}
};

/// One that HAProxy's runtime API cannot name.
const std::string unnameable = "a b.pem";
constexpr std::string_view garbage =
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_certificates, tls_site)

BOOST_AUTO_TEST_CASE(a_renewed_file_is_served_without_a_reload) {
  BOOST_REQUIRE(serves("b.test", b));
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.pem());
  const auto report = look();
  BOOST_TEST(report.certificates == 1U);
  BOOST_TEST(told(report, at("b.pem") + " renewed without a reload: valid until ") == 1U,
             words(report));
  BOOST_TEST(serves("b.test", renewed));
  BOOST_TEST(serves("a.test", a));
  BOOST_TEST(tls_hello(tls_port, "b.test").protocol == "h2");
  BOOST_TEST(same_worker());
  BOOST_TEST(look().notices.empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_written_anew_with_the_same_is_left_alone) {
  put("b.pem", "What is around it does not count.\n\n" + b.pem());
  const auto report = look();
  BOOST_TEST(report.certificates == 0U);
  BOOST_TEST(report.notices.empty(), words(report));
}

BOOST_AUTO_TEST_CASE(links_that_lead_elsewhere_are_a_renewal) {
  // As certbot keeps them: the key in a file of its own, and links to the current version.
  const auto c = self_signed("c.test");
  const auto renewed = self_signed("c.test");
  std::filesystem::create_directory(at("archive"));
  write_text(at("archive/cert1"), c.certificate);
  write_text(at("archive/key1"), c.key);
  write_text(at("archive/cert2"), renewed.certificate);
  write_text(at("archive/key2"), renewed.key);
  std::filesystem::create_symlink("archive/key1", at("c.pem.key"));
  std::filesystem::create_symlink("archive/cert1", at("c.pem"));
  BOOST_TEST(told(look(), "c.pem added without a reload") == 1U);
  BOOST_TEST(serves("c.test", c));
  for (const auto* name : {"cert", "key"}) {
    std::filesystem::create_symlink(std::string("archive/") + name + "2", at(".link"));
    std::filesystem::rename(at(".link"), at(name == std::string("cert") ? "c.pem" : "c.pem.key"));
  }
  BOOST_TEST(told(look(), "c.pem renewed without a reload") == 1U);
  BOOST_TEST(serves("c.test", renewed));
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(a_file_is_awaited_while_it_is_written) {
  const auto renewed = self_signed("b.test");
  const auto text = renewed.pem();
  write_text(at("b.pem"), text.substr(0, text.size() / 2));
  auto report = look(certificates::settled_after / 2);
  write_text(at("b.pem"), text);
  now += certificates::settled_after / 2;
  report = tick();
  BOOST_TEST(report.notices.empty(), words(report));
  now += certificates::settled_after;
  BOOST_TEST(tick().certificates == 1U);
  BOOST_TEST(serves("b.test", renewed));
}

BOOST_AUTO_TEST_CASE(a_file_that_stays_half_written_is_told_once_and_taken_when_it_is_whole) {
  const auto renewed = self_signed("b.test");
  const auto text = renewed.pem();
  put("b.pem", text.substr(0, text.size() - 60));
  const auto report = look();
  BOOST_TEST(told(report, "b.pem is not taken, and the one before goes on being served") == 1U,
             words(report));
  BOOST_TEST(told(look(), "b.pem") == 0U);
  BOOST_TEST(serves("b.test", b));
  put("b.pem", text);
  BOOST_TEST(look().certificates == 1U);
  BOOST_TEST(serves("b.test", renewed));
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(a_key_of_another_certificate_is_refused_by_haproxy_and_told_once) {
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.certificate + b.key);
  const auto report = look();
  BOOST_TEST(told(report, "b.pem is not taken") == 1U, words(report));
  BOOST_TEST(told(report, "inconsistencies between private key and certificate") == 1U,
             words(report));
  BOOST_TEST(look().notices.empty());
  BOOST_TEST(command("show ssl cert").find("# transaction") == std::string::npos);
  BOOST_TEST(serves("b.test", b));
  put("b.pem", renewed.pem());
  BOOST_TEST(look().certificates == 1U);
  BOOST_TEST(serves("b.test", renewed));
}

BOOST_AUTO_TEST_CASE(no_line_of_a_file_becomes_a_command) {
  const auto renewed = self_signed("b.test");
  const std::string hostile = "set server web/s1 state maint\n";
  const auto middle = renewed.certificate.find('\n', 40) + 1;
  // Around the blocks it is left out; within a block the whole file is refused.
  put("b.pem", "\n" + hostile + renewed.certificate + "\n\n" + hostile + "\n" + renewed.key + "\n" +
                   hostile);
  BOOST_TEST(look().certificates == 1U);
  BOOST_TEST(serves("b.test", renewed));
  put("b.pem", b.certificate + "\n" + hostile + "\n" + b.key.substr(0, middle) + "\n" + hostile +
                   b.key.substr(middle));
  BOOST_TEST(told(look(), "b.pem is not taken") == 1U);
  BOOST_TEST(serves("b.test", renewed));
  BOOST_TEST(server("web", "s1") == ready);
}

BOOST_AUTO_TEST_CASE(files_come_to_a_folder_and_leave_it_without_a_reload) {
  const auto c = self_signed("c.test");
  put("c.pem", c.pem());
  auto report = look();
  BOOST_TEST(told(report, at("c.pem") + " added without a reload: valid until ") == 1U,
             words(report));
  BOOST_TEST(serves("c.test", c));
  BOOST_TEST(tls_hello(tls_port, "c.test").protocol == "h2");
  std::filesystem::remove(at("c.pem"));
  BOOST_TEST(look().notices.empty());
  BOOST_TEST(serves("c.test", c));  // it may come back
  report = look(certificates::gone_after);
  BOOST_TEST(told(report, "c.pem removed without a reload") == 1U, words(report));
  BOOST_TEST(serves("c.test", a));
  BOOST_TEST(command("show ssl cert").find("c.pem") == std::string::npos);
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(a_new_file_that_is_broken_leaves_nothing_behind) {
  const auto c = self_signed("c.test");
  put("c.pem", c.certificate + b.key);
  BOOST_TEST(told(look(), "c.pem is not served, until the file changes") == 1U);
  BOOST_TEST(command("show ssl cert").find("c.pem") == std::string::npos);
  put("c.pem", c.pem());
  BOOST_TEST(look().certificates == 1U);
  BOOST_TEST(serves("c.test", c));
}

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

BOOST_AUTO_TEST_CASE(names_that_one_version_takes_for_others_are_renewed_as_well) {
  // "set ssl cert b.crt" means "b" to HAProxy 2.6.
  const auto c = self_signed("c.test");
  put("b", b.pem());
  put("b.crt", c.pem());
  look();
  settle();
  const auto renewed = self_signed("c.test");
  put("b.crt", renewed.pem());
  look();
  settle();
  BOOST_TEST(serves("c.test", renewed));
  BOOST_TEST(serves("b.test", b));
  BOOST_TEST(command("show ssl cert").find("# transaction") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_empty_or_absent_folder_takes_nothing_away) {
  std::filesystem::rename(folder.path(), folder.path().string() + "-away");
  BOOST_TEST(told(look(), "certificates: there is none in " + folder.path().string()) == 1U);
  BOOST_TEST(look(1min).notices.empty());
  BOOST_TEST(serves("b.test", b));
  std::filesystem::rename(folder.path().string() + "-away", folder.path());
  look();
  BOOST_TEST(serves("b.test", b));
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_looked_at_is_neither_changed_nor_gone) {
  std::filesystem::remove(at("b.pem"));
  std::filesystem::create_symlink("nowhere", at("b.pem"));
  std::filesystem::create_symlink("nowhere", at("c.pem"));
  const auto report = look();
  BOOST_TEST(told(report, "b.pem cannot be looked at: ") == 1U, words(report));
  BOOST_TEST(told(report, "c.pem cannot be looked at: ") == 1U, words(report));
  BOOST_TEST(look(certificates::gone_after).notices.empty());
  BOOST_TEST(serves("b.test", b));
  const auto renewed = self_signed("b.test");
  put("nowhere", renewed.pem());
  look();
  look();
  BOOST_TEST(serves("b.test", renewed));
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(what_changed_while_switchyard_was_away_is_brought_in) {
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.pem());
  restart_gateway();
  BOOST_TEST(look().certificates == 1U);
  BOOST_TEST(serves("b.test", renewed));
  restart_gateway();
  BOOST_TEST(look().certificates == 0U);
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(a_new_worker_has_read_the_files_itself) {
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.pem());
  reload_by_hand();
  BOOST_TEST(look().certificates == 0U);
  BOOST_TEST(serves("b.test", renewed));
  put("b.pem", b.pem());
  BOOST_TEST(look().certificates == 1U);
  BOOST_TEST(serves("b.test", b));
}

BOOST_AUTO_TEST_CASE(a_transaction_of_somebody_else_is_waited_for_and_ended_when_it_stays) {
  const auto renewed = self_signed("b.test");
  command("set ssl cert " + at("a.pem") + " <<\n" + renewed.pem());
  put("b.pem", renewed.pem());
  const auto report = look();
  BOOST_TEST(report.certificates == 0U);
  BOOST_TEST(told(report, "certificates wait for a transaction of somebody else") == 1U,
             words(report));
  now += certificates::transaction_ends_after;
  BOOST_TEST(tick().certificates == 1U);
  BOOST_TEST(serves("b.test", renewed));
  BOOST_TEST(serves("a.test", a));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_certificates_of_one_file, one_file_site)

BOOST_AUTO_TEST_CASE(a_file_that_a_bind_names_is_renewed_and_its_neighbours_do_not_count) {
  const auto renewed = self_signed("a.test");
  put("b.pem", self_signed("b.test").pem());
  put("a.pem", renewed.pem());
  BOOST_TEST(look().certificates == 1U);
  BOOST_TEST(serves("a.test", renewed));
  BOOST_TEST(serves("b.test", renewed));
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(a_file_that_a_bind_names_and_is_gone_is_told_once) {
  std::filesystem::remove(at("a.pem"));
  BOOST_TEST(told(look(), "a.pem is not there") == 1U);
  BOOST_TEST(look(certificates::gone_after).notices.empty());
  BOOST_TEST(serves("a.test", a));
  const auto renewed = self_signed("a.test");
  put("a.pem", renewed.pem());
  BOOST_TEST(look().certificates == 1U);
  BOOST_TEST(serves("a.test", renewed));
  std::filesystem::remove(at("a.pem"));
  BOOST_TEST(told(look(), "a.pem is not there") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_certificates_and_broken_conversations, tapped_tls_site)

BOOST_AUTO_TEST_CASE(a_conversation_that_breaks_before_the_commit_is_made_up_for) {
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.pem());
  tap().break_at(wiretap::cut::before, "commit ssl cert");
  BOOST_TEST(look().certificates == 0U);
  BOOST_TEST(serves("b.test", b));
  settle();
  look(certificates::transaction_ends_after);
  BOOST_TEST(look(certificates::transaction_ends_after).certificates <= 1U);
  BOOST_TEST(serves("b.test", renewed));
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(a_conversation_that_breaks_after_the_commit_is_made_up_for) {
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.pem());
  tap().break_at(wiretap::cut::after, "commit ssl cert");
  look();
  settle();
  look();
  BOOST_TEST(serves("b.test", renewed));
  BOOST_TEST(tap().count("commit ssl cert") == 1U);  // HAProxy had it already
  BOOST_TEST(command("show ssl cert").find("# transaction") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(unchanged_files_cost_no_command) {
  const auto before = tap().count("show ssl");
  look();
  BOOST_TEST(tap().count("show ssl") == before);
}

BOOST_AUTO_TEST_SUITE_END()
