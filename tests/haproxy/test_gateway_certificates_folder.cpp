// A folder of certificates that cannot be trusted, or that HAProxy has otherwise.

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/haproxy/tls_site.hpp"

namespace {

using namespace switchyard::tests;
using namespace std::chrono_literals;
using switchyard::haproxy::certificates;

struct folder_site : tls_site {
  std::string path() const { return folder.path().string(); }
  void take_away() const { std::filesystem::rename(path(), path() + "-away"); }
  void bring_back() const {
    std::filesystem::remove(path());
    std::filesystem::rename(path() + "-away", path());
  }
  /// Whatever happens on disk takes nothing from those that are served.
  void check_kept(std::string_view why) {
    const auto report = look();
    BOOST_TEST(told(report, why) == 1U, words(report));
    BOOST_TEST(told(report, "go on being served") == 1U, words(report));
    for (int i = 0; i < 3; ++i) {
      const auto later = look(certificates::gone_after);
      BOOST_TEST(later.notices.empty(), words(later));
    }
    BOOST_TEST(serves("a.test", a));
    BOOST_TEST(serves("b.test", b));
    BOOST_TEST(same_worker());
  }
  void check_followed_again() {
    const auto renewed = self_signed("b.test");
    put("b.pem", renewed.pem());
    BOOST_TEST(look().certificates == 1U);
    BOOST_TEST(serves("b.test", renewed));
    BOOST_TEST(serves("a.test", a));
    BOOST_TEST(same_worker());
  }
};

struct three_files_site : folder_site {
  three_files_site() {
    put("c.pem", c.pem());
    BOOST_TEST(look().certificates == 1U);
  }

  key_pair c = self_signed("c.test");
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_certificates_of_a_folder, folder_site)

BOOST_AUTO_TEST_CASE(a_folder_that_is_gone_takes_nothing_away) {
  take_away();
  check_kept(path() + " is not there");
  bring_back();
  check_followed_again();
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_a_link_to_nowhere_takes_nothing_away) {
  take_away();
  std::filesystem::create_symlink("nowhere", path());
  check_kept(path() + " cannot be looked at: ");
  bring_back();
  check_followed_again();
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_reached_takes_nothing_away) {
  take_away();
  std::filesystem::create_symlink(path(), path());
  check_kept(path() + " cannot be looked at: ");
  bring_back();
  check_followed_again();
}

BOOST_AUTO_TEST_CASE(a_file_in_place_of_the_folder_takes_nothing_away) {
  take_away();
  write_text(path(), a.pem());
  check_kept(path() + " is no folder any more");
  bring_back();
  check_followed_again();
}

BOOST_AUTO_TEST_CASE(an_empty_folder_takes_nothing_away) {
  take_away();
  std::filesystem::create_directory(path());
  check_kept("there is none in " + path());
  bring_back();
  check_followed_again();
}

BOOST_AUTO_TEST_CASE(a_file_that_was_missed_before_the_folder_went_is_not_removed) {
  std::filesystem::remove(at("b.pem"));
  look();
  take_away();
  look(certificates::gone_after);
  look(certificates::gone_after);
  BOOST_TEST(serves("b.test", b));
  bring_back();
  BOOST_TEST(look().certificates == 0U);
  BOOST_TEST(look(certificates::gone_after).certificates == 1U);
  BOOST_TEST(serves("b.test", a));
}

BOOST_AUTO_TEST_CASE(what_was_taken_out_by_hand_comes_back) {
  command("del ssl crt-list " + path() + " " + at("b.pem"));
  command("del ssl cert " + at("b.pem"));
  BOOST_REQUIRE(serves("b.test", a));
  const auto report = look();
  BOOST_TEST(told(report, "b.pem added without a reload") == 1U, words(report));
  BOOST_TEST(serves("b.test", b));
  BOOST_TEST(look().certificates == 0U);
}

BOOST_AUTO_TEST_CASE(what_was_put_in_by_hand_leaves) {
  const auto c = self_signed("c.test");
  command("new ssl cert " + at("c.pem"));
  command("set ssl cert " + at("c.pem") + " <<\n" + c.pem());
  command("commit ssl cert " + at("c.pem"));
  command("add ssl crt-list " + path() + " " + at("c.pem"));
  BOOST_REQUIRE(serves("c.test", c));
  BOOST_TEST(look().certificates == 0U);
  BOOST_TEST(told(look(certificates::gone_after), "c.pem removed without a reload") == 1U);
  BOOST_TEST(serves("c.test", a));
}

BOOST_AUTO_TEST_CASE(what_no_reload_takes_out_of_haproxy_is_left_alone) {
  // HAProxy lists it as a file that is not there.
  const auto c = self_signed("c.test");
  put("c\nd.pem", c.pem());
  std::size_t told_of = 0;
  int workers = 0;
  auto last = worker_pid();
  for (int i = 0; i < 20; ++i) {
    const auto report = look(certificates::gone_after);
    told_of += told(report, "and HAProxy has it still after a reload");
    const auto there = worker_pid();
    workers += there == last ? 0 : 1;
    last = there;
    now += 1s;
  }
  BOOST_TEST(workers == 2);  // one brings it, and one was to take the other name out
  BOOST_TEST(told_of == 1U);
  BOOST_TEST(serves("c.test", c));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(gateway_certificates_of_three_files, three_files_site)

BOOST_AUTO_TEST_CASE(more_than_half_of_a_folder_at_once_stay_until_files_are_back) {
  std::filesystem::remove(at("b.pem"));
  std::filesystem::remove(at("c.pem"));
  auto report = look();
  BOOST_TEST(report.notices.empty(), words(report));
  report = look(certificates::gone_after);
  BOOST_TEST(told(report, "more are gone from " + path() + " than are left") == 1U, words(report));
  BOOST_TEST(look(certificates::gone_after).notices.empty());
  BOOST_TEST(serves("b.test", b));
  BOOST_TEST(serves("c.test", c));
  put("b.pem", b.pem());
  look();
  report = look(certificates::gone_after);
  BOOST_TEST(told(report, "c.pem removed without a reload") == 1U, words(report));
  BOOST_TEST(serves("b.test", b));
  BOOST_TEST(serves("c.test", a));
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(a_reload_tells_that_most_were_meant_to_go) {
  std::filesystem::remove(at("b.pem"));
  std::filesystem::remove(at("c.pem"));
  look(certificates::gone_after);
  BOOST_TEST(serves("b.test", b));
  reload_by_hand();
  look();
  BOOST_TEST(serves("b.test", a));
  const auto report = look(certificates::gone_after);
  BOOST_TEST(report.notices.empty(), words(report));
}

BOOST_AUTO_TEST_CASE(nothing_is_reloaded_for_certificates_while_most_are_gone) {
  std::filesystem::remove(at("b.pem"));
  std::filesystem::remove(at("c.pem"));
  const auto d = self_signed("d.test");
  look();
  put("a.pem.issuer", b.certificate);
  put("a.pem", d.pem());
  const auto report = look(1s);
  BOOST_TEST(told(report, "a.pem needs a reload") == 1U, words(report));
  BOOST_TEST(report.waiting.empty());
  BOOST_TEST(serves("b.test", b));
  put("b.pem", b.pem());
  put("c.pem", c.pem());
  look();
  settle();
  BOOST_TEST(serves("d.test", d));
  BOOST_TEST(serves("b.test", b));
}

BOOST_AUTO_TEST_CASE(all_files_may_have_other_names_at_once) {
  for (const auto* name : {"a", "b", "c"})
    std::filesystem::rename(at(name + std::string(".pem")), at(name + std::string("2.pem")));
  look();
  look(certificates::gone_after);
  settle();
  BOOST_TEST(serves("b.test", b));
  BOOST_TEST(serves("c.test", c));
  const auto listed = command("show ssl crt-list -n " + path());
  BOOST_TEST(listed.find("c2.pem") != std::string::npos, listed);
  BOOST_TEST(listed.find("c.pem") == std::string::npos, listed);
}

BOOST_AUTO_TEST_SUITE_END()
