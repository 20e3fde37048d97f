#include "haproxy/messages.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "tests/support/support.hpp"

namespace {

using namespace switchyard::tests;
using namespace switchyard::haproxy;
using std::chrono::milliseconds;
using std::chrono::seconds;
using switchyard::base::errc;

struct spoken {
  message_lines lines;
  message_lines::time_point now{seconds(1000)};

  std::vector<message> say(std::string_view bytes) { return lines.take(bytes, now); }
  message one(std::string_view line) {
    const auto said = say(std::string(line) + "\n");
    BOOST_REQUIRE(said.size() == 1U);
    return said.front();
  }
};

struct with_fifo {
  temp_dir folder;
  std::string config = folder / "haproxy.cfg";
  std::string path = folder / "haproxy.cfg.messages";

  mode_t mode() const {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode : 0;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(messages_of_haproxy)

BOOST_FIXTURE_TEST_CASE(its_own_levels_are_ours, spoken) {
  BOOST_TEST(
      (one("[ALERT]    (12) : backend 'b' has no server available!") ==
       message{severity::error, "HAProxy (process 12): backend 'b' has no server available!"}));
  BOOST_TEST((one("[WARNING]  (7) : Server b/s1 is UP.") ==
              message{severity::warning, "HAProxy (process 7): Server b/s1 is UP."}));
  BOOST_TEST((one("[NOTICE]   (7) : New worker (8) forked") ==
              message{severity::debug, "HAProxy (process 7): New worker (8) forked"}));
  BOOST_TEST(
      (one("[ALERT] without a process") == message{severity::error, "HAProxy: without a process"}));
  for (const auto* routine :
       {"Proxy b stopped (cumulated conns: FE: 0, BE: 7).",
        "Former worker (6) exited with code 0 (Exit)", "All workers exited. Exiting... (0)"})
    BOOST_TEST((one("[WARNING]  (7) : " + std::string(routine)).level == severity::debug), routine);
  BOOST_TEST((one("[WARNING]  (7) : Former worker (6) exited with code 143 (Terminated)").level ==
              severity::warning));
  BOOST_TEST((one("[ALERT]") == message{severity::error, "HAProxy: "}));
}

BOOST_FIXTURE_TEST_CASE(an_indented_line_belongs_to_the_one_before, spoken) {
  const auto all = say("[ALERT] (1) : config : Errors:\n  | line 3\nother\n  | more\n\n   \n");
  BOOST_REQUIRE(all.size() == 4U);
  BOOST_TEST((all[1] == message{severity::error, "HAProxy:   | line 3"}));
  BOOST_TEST((all[2].level == severity::info));
  BOOST_TEST((all[3].level == severity::info));
}

BOOST_FIXTURE_TEST_CASE(the_priority_in_front_of_a_log_line_is_its_level, spoken) {
  BOOST_TEST((one("<3>a") == message{severity::error, "HAProxy: a"}));
  BOOST_TEST((one("<4>a").level == severity::warning));
  BOOST_TEST((one("<134>Nov 29 a").level == severity::info));
  BOOST_TEST((one("<7>a").level == severity::debug));
  for (const auto* none : {"<>a", "<1234>a", "<12345678>a", "<6", "<x>", "< 3>a"})
    BOOST_TEST((one(none) == message{severity::info, std::string("HAProxy: ") + none}), none);
}

BOOST_FIXTURE_TEST_CASE(a_line_may_come_in_pieces, spoken) {
  BOOST_TEST(say("[ALERT]  (1)").empty());
  BOOST_TEST(lines.has_rest());
  const auto all = say(" : one\n[NOTICE] (1) : two\n[WARN");
  BOOST_REQUIRE(all.size() == 2U);
  BOOST_TEST(all[0].text == "HAProxy (process 1): one");
  BOOST_TEST(all[1].text == "HAProxy (process 1): two");
  // A writer that was killed, or had no room for the rest.
  const auto rest = lines.rest();
  BOOST_REQUIRE(rest.size() == 1U);
  BOOST_TEST(rest.front().text == "HAProxy: [WARN");
  BOOST_TEST(!lines.has_rest());
}

BOOST_FIXTURE_TEST_CASE(a_line_without_an_end_takes_no_memory, spoken) {
  for (int i = 0; i < 100; ++i) BOOST_TEST(say(std::string(1000, 'x')).empty());
  const auto all = say("\n");
  BOOST_REQUIRE(all.size() == 1U);
  BOOST_TEST(all.front().text.size() ==
             message_lines::longest_line + std::string("HAProxy: ").size());
}

BOOST_FIXTURE_TEST_CASE(what_is_too_much_for_a_second_is_counted, spoken) {
  std::string many;
  for (std::size_t i = 0; i < message_lines::most_in_a_second + 20; ++i) many += "line\n";
  BOOST_TEST(say(many).size() == message_lines::most_in_a_second);
  now += milliseconds(900);
  BOOST_TEST(say("line\n").empty());
  // Nor does one flood hide what is worse.
  BOOST_TEST(say("[ALERT] (1) : no server\n").size() == 1U);
  BOOST_TEST(lines.has_rest());
  now += milliseconds(200);
  const auto next = say("line\n");
  BOOST_REQUIRE(next.size() == 2U);
  BOOST_TEST(
      (next[0] ==
       message{severity::warning,
               "21 lines of HAProxy's left out here: more than 1000 of a level in a second"}));
  BOOST_TEST(next[1].text == "HAProxy: line");
  BOOST_TEST(lines.rest().empty());
}

BOOST_FIXTURE_TEST_CASE(the_pipe_is_ours_alone_and_waits_for_nobody, with_fifo) {
  BOOST_TEST(messages_beside(config) == path);
  const auto reader = open_messages(config);
  BOOST_REQUIRE((reader && *reader));
  BOOST_TEST((mode() == (S_IFIFO | 0600U)));
  const auto writer = open_messages(config);
  BOOST_REQUIRE((writer && *writer));
  const std::string block(4096, 'x');
  ssize_t last = 0;
  for (int i = 0; i < 10'000 && (last = ::write(writer->get(), block.data(), block.size())) > 0;)
    ++i;
  BOOST_TEST(last == -1);
  BOOST_TEST(errno == EAGAIN);
  // A stale one, of whatever rights, is taken as it is found.
  ::chmod(path.c_str(), 0666);
  BOOST_TEST(bool(open_messages(config)));
  BOOST_TEST((mode() == (S_IFIFO | 0600U)));
}

BOOST_FIXTURE_TEST_CASE(what_is_in_its_place_is_left_alone, with_fifo) {
  write_text(path, "somebody's");
  auto refused = open_messages(config);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == errc::conflict));
  BOOST_TEST(contains(refused.error().message, path), refused.error().message);
  BOOST_TEST(read_text(path) == "somebody's");
  // Nor is a link followed, whatever it leads to.
  std::filesystem::remove(path);
  BOOST_REQUIRE(::mkfifo((folder / "other").c_str(), 0644) == 0);
  std::filesystem::create_symlink(folder / "other", path);
  refused = open_messages(config);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == errc::conflict));
  const auto nowhere = open_messages(folder / "none/haproxy.cfg");
  BOOST_REQUIRE(!nowhere);
  BOOST_TEST((nowhere.error().kind == errc::io));
}

BOOST_AUTO_TEST_SUITE_END()
