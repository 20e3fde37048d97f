// Certificates of a bind with one file, and over conversations that break.

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/haproxy/tls_site.hpp"

namespace {

using namespace switchyard::tests;
using switchyard::haproxy::certificates;

struct tapped_tls_site : tls_site {
  tapped_tls_site() : tls_site(true) {}
};

struct one_file_site : tls_site {
  one_file_site() : tls_site(false, "a.pem") {}
};

}  // namespace

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
