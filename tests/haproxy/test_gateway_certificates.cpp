// Certificates that change on disk while HAProxy runs.

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/haproxy/tls_site.hpp"

namespace {

using namespace switchyard::tests;
using namespace std::chrono_literals;
using switchyard::haproxy::certificates;

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

BOOST_AUTO_TEST_CASE(a_chain_that_looks_the_same_to_haproxy_is_renewed_as_well) {
  // It shows of a chain nothing but names.
  const auto first = self_signed("intermediate.test");
  const auto second = self_signed("intermediate.test");
  put("b.pem", b.certificate + first.certificate + b.key);
  BOOST_TEST(look().certificates == 1U);
  put("b.pem", b.certificate + second.certificate + b.key);
  const auto report = look();
  BOOST_TEST(told(report, "b.pem renewed without a reload") == 1U, words(report));
  const std::vector<std::string> wanted{fingerprint(b.certificate),
                                        fingerprint(second.certificate)};
  BOOST_TEST(tls_chain(tls_port, "b.test") == wanted, boost::test_tools::per_element());
  // And of one that was renewed while nobody knew what HAProxy has.
  restart_gateway();
  put("b.pem", b.certificate + first.certificate + b.key);
  look();
  BOOST_TEST(tls_chain(tls_port, "b.test").at(1) == fingerprint(first.certificate));
}

BOOST_AUTO_TEST_CASE(one_that_has_expired_is_served_with_a_warning) {
  const certificate_authority ca;
  const auto old = ca.issue("b.test", -1);
  put("b.pem", old.pem());
  const auto report = look();
  BOOST_TEST(told(report, "b.pem renewed without a reload, and has expired: valid until") == 1U,
             words(report));
  BOOST_TEST((report.notices.back().level == switchyard::haproxy::severity::warning));
  BOOST_TEST(serves("b.test", old));
}

BOOST_AUTO_TEST_CASE(its_commands_count_among_those_that_change_haproxy) {
  const auto renew = [&](const std::string& pem) {
    put("b.pem", pem);
    reconcile();
    now += certificates::settled_after;
    return tick();
  };
  auto report = renew(self_signed("b.test").pem());
  BOOST_REQUIRE(report.certificates == 1U);
  const switchyard::haproxy::command_results once{1, 0, 0};
  BOOST_TEST((report.commands["set ssl cert"] == once));
  BOOST_TEST((report.commands["commit ssl cert"] == once));
  BOOST_TEST(report.repairs.empty());
  // What HAProxy does not take: another one's key.
  report = renew(b.certificate + self_signed("b.test").key);
  std::uint64_t refused = 0;
  for (const auto& [command, results] : report.commands) refused += results.refused;
  BOOST_TEST(refused == 1U, words(report));
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_tried_again) {
  std::filesystem::remove(at("b.pem"));
  std::filesystem::create_symlink("/proc/self/mem", at("b.pem"));
  const auto report = look();
  BOOST_TEST(told(report, "b.pem cannot be read, and is tried again every minute") == 1U,
             words(report));
  BOOST_TEST(serves("b.test", b));
  BOOST_REQUIRE(gateway().next_work().has_value());
  BOOST_TEST((*gateway().next_work() <= now + certificates::read_again_after));
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
  BOOST_TEST(told(report, "no HAProxy starts, and no reload passes, with this file") == 1U);
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

// HAProxy starts with it, too.
BOOST_AUTO_TEST_CASE(a_key_file_that_leads_nowhere_is_no_obstacle_where_none_is_needed) {
  std::filesystem::create_symlink("nowhere", at("b.pem.key"));
  BOOST_TEST(look().notices.empty());
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.pem());
  const auto report = look();
  BOOST_TEST(report.certificates == 1U, words(report));
  BOOST_TEST(serves("b.test", renewed));
  BOOST_TEST(same_worker());
  reload_by_hand();
  BOOST_TEST(serves("b.test", renewed));
}

BOOST_AUTO_TEST_CASE(a_renewed_default_certificate_is_served_to_those_who_ask_for_no_name_of_ours) {
  BOOST_REQUIRE(serves("elsewhere.test", a));
  const auto renewed = self_signed("a.test");
  put("a.pem", renewed.pem());
  BOOST_TEST(look().certificates == 1U);
  BOOST_TEST(serves("elsewhere.test", renewed));
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
