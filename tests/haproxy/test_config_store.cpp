#include "haproxy/config_store.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "haproxy/transaction.hpp"
#include "tests/haproxy/config_samples.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

using namespace haproxy;
using base::errc;

namespace {

struct store_fixture {
  temp_dir dir;
  config::haproxy_settings settings = settings_in(dir.path().string());
  configuration good = configuration_of({make_backend("a")}, settings);

  config_store store() const { return config_store(settings); }
  std::string file() const { return read_text(settings.config_file); }
  std::size_t files() const {
    const std::filesystem::directory_iterator all(dir.path());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
  /// HAProxy refuses it, our own invariants do not.
  configuration bad() const {
    auto c = good;
    c.head += "    no-such-keyword\n";
    return c;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(config_store_, store_fixture)

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_not_found) {
  BOOST_TEST((store().load().error().kind == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_foreign_file_is_invalid_and_named) {
  write_text(settings.config_file, "global\n");
  const auto loaded = store().load();
  BOOST_REQUIRE(!loaded);
  BOOST_TEST((loaded.error().kind == errc::invalid));
  BOOST_TEST(contains(loaded.error().message, settings.config_file));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_loaded) {
  auto s = store();
  BOOST_REQUIRE(s.write(good));
  BOOST_TEST(s.load().value().text() == good.text());
}

BOOST_AUTO_TEST_CASE(a_good_configuration_is_valid_and_leaves_nothing_behind) {
  const auto ok = store().validate(good);
  BOOST_CHECK_MESSAGE(ok, (ok ? "" : ok.error().message));
  BOOST_TEST(files() == 0U);
}

BOOST_AUTO_TEST_CASE(a_broken_configuration_is_refused_in_haproxys_words) {
  BOOST_REQUIRE(store().write(good));
  const auto refused = store().validate(bad());
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == errc::refused));
  const auto& words = refused.error().message;
  BOOST_TEST(contains(words, "unknown keyword 'no-such-keyword'"), words);
  BOOST_TEST(contains(words, "[" + settings.config_file + ":"), words);
  BOOST_TEST(!contains(words, ".check."), words);
  BOOST_TEST(!contains(words, "[ALERT]"), words);
  BOOST_TEST(!contains(words, "Fatal errors"), words);
  BOOST_TEST(file() == good.text());
  BOOST_TEST(files() == 1U);
}

BOOST_AUTO_TEST_CASE(many_alerts_are_shortened) {
  auto c = good;
  for (int i = 0; i < 40; ++i) c.head += "    no-such-keyword-" + std::to_string(i) + "\n";
  const auto refused = store().validate(c);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(contains(refused.error().message, " more"));
  BOOST_TEST(refused.error().message.size() < 2000U);
}

BOOST_AUTO_TEST_CASE(without_a_binary_only_the_invariants_are_checked) {
  settings.binary = "";
  BOOST_CHECK(store().validate(bad()));
  auto c = good;
  c.head += "listen x\n";
  BOOST_TEST((store().validate(c).error().kind == errc::invalid));
}

BOOST_AUTO_TEST_CASE(a_binary_that_is_not_there_is_not_found) {
  settings.binary = dir / "no-haproxy";
  BOOST_TEST((store().validate(good).error().kind == errc::not_found));
  BOOST_TEST(files() == 0U);
}

BOOST_AUTO_TEST_CASE(a_check_that_does_not_end_is_ended_at_its_deadline) {
  settings.binary = dir / "sleeps";
  write_text(settings.binary, "#!/bin/sh\nwhile :; do sleep 1; done\n");
  std::filesystem::permissions(settings.binary, std::filesystem::perms::owner_all);
  const config_store impatient(settings, base::files_on_disk(), nullptr,
                               std::chrono::milliseconds(100));
  const auto checked = impatient.validate(good);
  BOOST_REQUIRE(!checked);
  BOOST_TEST((checked.error().kind == errc::timeout), checked.error().message);
  BOOST_TEST(processes_with(dir.path().string()).empty());
  BOOST_TEST(files() == 1U);
}

BOOST_AUTO_TEST_CASE(the_base_file_is_checked_with_ours) {
  settings.base_file = dir / "base.cfg";
  good = configuration_of({make_backend("a")}, settings);
  write_text(*settings.base_file, "global\n    stats socket " + settings.runtime_socket + "\n");
  const auto ok = store().validate(good);
  BOOST_CHECK_MESSAGE(ok, (ok ? "" : ok.error().message));
  write_text(*settings.base_file, "backend a\n");
  const auto refused = store().validate(good);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(contains(refused.error().message, "backend 'a'"), refused.error().message);
}

BOOST_AUTO_TEST_CASE(the_environment_does_not_reach_the_check) {
  // Only with an empty environment is the variable unset, so that the line has no word too many.
  settings.base_file = dir / "base.cfg";
  good = configuration_of({}, settings);
  write_text(*settings.base_file, "global\n    stats socket " + settings.runtime_socket +
                                      "\n.if defined(PATH)\n    leaked\n.endif\n");
  const auto ok = store().validate(good);
  BOOST_CHECK_MESSAGE(ok, (ok ? "" : ok.error().message));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_not_there_is_an_io_error) {
  settings.config_file = dir / "missing/haproxy.cfg";
  BOOST_TEST((store().validate(good).error().kind == errc::io));
  auto s = store();
  BOOST_TEST((s.write(good).error().kind == errc::io));
}

BOOST_AUTO_TEST_CASE(the_file_before_is_restored_byte_by_byte) {
  const std::string foreign("anything\r\n\0 at all", 18);
  write_text(settings.config_file, foreign);
  auto s = store();
  BOOST_REQUIRE(s.write(good));
  BOOST_TEST(file() == good.text());
  BOOST_REQUIRE(s.restore_previous());
  BOOST_TEST(file() == foreign);
}

BOOST_AUTO_TEST_CASE(only_the_file_right_before_is_restored) {
  auto s = store();
  BOOST_REQUIRE(s.write(good));
  BOOST_TEST((s.restore_previous().error().kind == errc::not_found));
  BOOST_TEST(file() == good.text());
  const auto second = configuration_of({make_backend("b")}, settings);
  BOOST_REQUIRE(s.write(second));
  BOOST_REQUIRE(s.write(configuration_of({make_backend("c")}, settings)));
  BOOST_REQUIRE(s.restore_previous());
  BOOST_TEST(file() == second.text());
  std::filesystem::remove(settings.config_file);
  BOOST_REQUIRE(s.write(good));
  BOOST_TEST((s.restore_previous().error().kind == errc::not_found));
}

BOOST_AUTO_TEST_CASE(the_file_that_was_loaded_last_is_restored_and_kept) {
  auto s = store();
  BOOST_REQUIRE(s.write(good));
  BOOST_TEST((s.restore_loaded().error().kind == errc::not_found));
  BOOST_TEST(!s.was_loaded_otherwise(good));
  BOOST_REQUIRE(s.keep_loaded(good, std::chrono::system_clock::now()));
  BOOST_TEST((s.restore_loaded().error().kind == errc::not_found));  // it is the same
  for (int i = 0; i < 2; ++i) {
    const auto other = configuration_of({make_backend("b")}, settings);
    BOOST_REQUIRE(s.write(other));
    BOOST_TEST(s.was_loaded_otherwise(other));
    BOOST_REQUIRE(s.restore_loaded());
    BOOST_TEST(file() == good.text());
  }
}

// HAProxy has not started with them.
BOOST_AUTO_TEST_CASE(servers_that_came_since_a_start_are_no_part_of_what_was_loaded) {
  auto s = store();
  BOOST_REQUIRE(s.write(good));
  const auto started = std::chrono::system_clock::now();
  BOOST_REQUIRE(s.keep_loaded(good, started));
  auto more = transaction::begin(good);
  auto server = make_backend("a").servers.front();
  server.name = "late";
  BOOST_REQUIRE(more.upsert_server("a", server));
  BOOST_REQUIRE(s.rewrite(more.draft()));
  BOOST_REQUIRE(s.keep_loaded(more.draft(), started));
  BOOST_REQUIRE(s.restore_loaded());
  BOOST_TEST(file() == good.text());
  // A later start took them.
  BOOST_REQUIRE(s.rewrite(more.draft()));
  BOOST_REQUIRE(s.keep_loaded(more.draft(), started + std::chrono::seconds(5)));
  BOOST_TEST((s.restore_loaded().error().kind == errc::not_found));
}

BOOST_AUTO_TEST_CASE(what_somebody_else_does_to_the_file_is_seen) {
  auto s = store();
  using state = own_file::state;
  BOOST_TEST((s.look() == state::ours));
  BOOST_REQUIRE(s.write(good));
  BOOST_TEST((s.look() == state::ours && s.look() == state::ours));
  const auto ours = file();
  write_text(settings.config_file, ours + "# by hand\n");
  BOOST_TEST((s.look() == state::edited && s.look() == state::edited));
  write_text(settings.config_file, ours);
  BOOST_TEST((s.look() == state::ours));
  std::filesystem::remove(settings.config_file);
  BOOST_TEST((s.look() == state::removed));
  BOOST_REQUIRE(s.rewrite(good));
  BOOST_TEST((s.look() == state::ours && file() == ours));
}

BOOST_AUTO_TEST_CASE(what_somebody_else_wrote_is_kept_beside_the_file) {
  auto s = store();
  BOOST_REQUIRE(s.write(good));
  BOOST_TEST(s.take_edited().empty());
  const auto edited = file() + "# by hand\n";
  write_text(settings.config_file, edited);
  BOOST_REQUIRE(s.rewrite(configuration_of({make_backend("b")}, settings)));
  BOOST_TEST(s.take_edited() == settings.config_file + ".edited");
  BOOST_TEST(read_text(settings.config_file + ".edited") == edited);
  BOOST_TEST(s.take_edited().empty());
  BOOST_REQUIRE(s.write(good));
  BOOST_TEST(s.take_edited().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(invariants)

BOOST_AUTO_TEST_CASE(what_we_render_holds_them) {
  const auto ok =
      check_invariants(configuration_of(all_kinds_of_backends(), settings_in("/tmp")).text());
  BOOST_CHECK_MESSAGE(ok, (ok ? "" : ok.error().message));
}

BOOST_AUTO_TEST_CASE(each_is_told_with_its_line) {
  const std::string start = "global\nbackend a from x\n    server s1 10.0.0.1:80 weight 1\n";
  BOOST_REQUIRE(check_invariants(start));
  const std::vector<std::string> endings{"    server s1 10.0.0.2:80 weight 1\n",  // twice
                                         "backend a from y\n",
                                         "    server s2 localhost:80\n",
                                         "    server s2 127.1:80\n",
                                         "    server s2 10.0.0.1\n",
                                         "    server s2 /var/run/docker.sock\n",
                                         "    server s2 0.0.0.0:80\n",
                                         "    server s2\n",
                                         "    balance\rroundrobin\n",
                                         "    x \"${HOME}\"\n",
                                         "    x a\\\n",
                                         "\tserver s2 10.0.0.1:80\n",
                                         std::string("    x \0\n", 8),
                                         "    x \x80\n",
                                         "listen b\n",
                                         "program p\n",
                                         "backend\n"};
  for (const auto& ending : endings) {
    const auto broken = check_invariants(start + ending);
    BOOST_REQUIRE_MESSAGE(!broken, ending);
    BOOST_TEST((broken.error().kind == errc::invalid));
    BOOST_TEST(contains(broken.error().message, "line 4"), broken.error().message);
  }
}

BOOST_AUTO_TEST_CASE(the_last_line_must_be_whole) {
  BOOST_TEST(!check_invariants(""));
  BOOST_TEST(!check_invariants("global"));
  BOOST_TEST(!check_invariants("global\n    maxconn 5"));
}

BOOST_AUTO_TEST_CASE(the_same_server_may_be_in_two_backends) {
  const std::string server = "    server s1 10.0.0.1:80 weight 1\n";
  BOOST_CHECK(check_invariants("backend a from x\n" + server + "backend b from x\n" + server));
}

BOOST_AUTO_TEST_CASE(a_server_outside_of_a_backend_is_refused) {
  BOOST_TEST(!check_invariants("frontend f from x\n    server s1 10.0.0.1:80 weight 1\n"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
