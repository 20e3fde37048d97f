// Certificates of a bind with one file, and over conversations that break.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "base/fd.hpp"
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

// HAProxy has read the certificates, and waits for its state file: what it tells of its uptime
// begins after that.
BOOST_FIXTURE_TEST_CASE(a_file_that_changed_while_haproxy_was_loading_is_brought_in, tls_site) {
  haproxy_process().signal(SIGTERM);
  BOOST_REQUIRE(haproxy_process().wait(std::chrono::seconds(5)));
  reconcile();
  const auto state = path("haproxy.servers.state");
  std::filesystem::remove(state);
  BOOST_REQUIRE(::mkfifo(state.c_str(), 0600) == 0);
  background_process loading(command_line(), path("loading.log"));
  switchyard::base::unique_fd held;
  BOOST_REQUIRE(eventually([&] {
    held.reset(::open(state.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return static_cast<bool>(held);
  }));
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.pem());
  const auto put_at = std::chrono::system_clock::now();
  BOOST_REQUIRE(eventually(
      [&] { return std::chrono::system_clock::now() > put_at + std::chrono::seconds(3); }));
  std::filesystem::remove(state);
  write_text(state, "1\n");
  held.reset();
  BOOST_REQUIRE(eventually([&] { return worker_pid() != 0; }));
  BOOST_REQUIRE(serves("b.test", b));
  look();
  look();
  BOOST_TEST(serves("b.test", renewed));
}

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
  BOOST_TEST(command("show ssl cert").find("# transaction") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_breaks_every_conversation_comes_with_a_reload) {
  const auto renewed = self_signed("b.test");
  put("b.pem", renewed.pem());
  std::size_t aways = 0;
  std::size_t reloads = 0;
  for (int i = 0; i < 10; ++i) {
    tap().break_at(wiretap::cut::before, "commit ssl cert " + at("b.pem"));
    const auto report = look(certificates::transaction_ends_after);
    aways += told(report, "HAProxy is away");
    reloads += told(report, "b.pem needs a reload: HAProxy has ended the conversation");
  }
  BOOST_TEST(aways == certificates::most_breaks);

  BOOST_TEST(reloads == 1U);
  BOOST_TEST(!same_worker());
  BOOST_TEST(serves("b.test", renewed));
}

BOOST_AUTO_TEST_CASE(what_was_added_while_its_file_changed_is_known_to_be_there) {
  const auto c = self_signed("c.test");
  const auto renewed = self_signed("c.test");
  put("c.pem", c.pem());
  tap().meanwhile("add ssl crt-list", [&] { put("c.pem", renewed.pem()); });
  auto report = look();
  BOOST_TEST(report.notices.empty(), words(report));
  now += certificates::settled_after;
  report = tick();
  BOOST_TEST(told(report, "c.pem renewed without a reload") == 1U, words(report));
  BOOST_TEST(tap().count("new ssl cert") == 1U);
  BOOST_TEST(serves("c.test", renewed));
}

BOOST_AUTO_TEST_CASE(somebody_else_may_add_one_at_the_same_time) {
  const auto c = self_signed("c.test");
  put("c.pem", c.pem());
  tap().meanwhile("add ssl crt-list", [&] {
    command("add ssl crt-list " + folder.path().string() + " " + at("c.pem"));
  });
  BOOST_TEST(told(look(), "c.pem added without a reload") == 1U);
  BOOST_TEST(serves("c.test", c));
  std::filesystem::remove(at("c.pem"));
  tap().meanwhile("del ssl crt-list", [&] {
    command("del ssl crt-list " + folder.path().string() + " " + at("c.pem"));
  });
  look();
  BOOST_TEST(told(look(certificates::gone_after), "c.pem removed without a reload") == 1U);
  BOOST_TEST(command("show ssl cert").find("c.pem") == std::string::npos);
  BOOST_TEST(same_worker());
}

BOOST_AUTO_TEST_CASE(unchanged_files_cost_one_command_a_folder) {
  const auto all = tap().count("show ssl");
  const auto lists = tap().count("show ssl crt-list -n");
  look();
  BOOST_TEST(tap().count("show ssl") == all + 1);
  BOOST_TEST(tap().count("show ssl crt-list -n") == lists + 1);
}

BOOST_AUTO_TEST_SUITE_END()
