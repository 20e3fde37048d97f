// When the file is written, when an HAProxy that is away is looked for, and what is told once.

#include <boost/test/unit_test.hpp>

#include "haproxy/absence.hpp"
#include "haproxy/save_schedule.hpp"
#include "haproxy/told_topics.hpp"

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using switchyard::haproxy::absence;
using switchyard::haproxy::save_schedule;
using switchyard::haproxy::told_topics;

const save_schedule::time_point schedule_start{seconds(1'000)};

}  // namespace

BOOST_AUTO_TEST_SUITE(a_save_schedule)

BOOST_AUTO_TEST_CASE(a_burst_of_changes_is_written_a_moment_after_the_first) {
  save_schedule saving;
  BOOST_TEST(!saving.next().has_value());
  for (int i = 0; i < 5; ++i) saving.changed(schedule_start + milliseconds(100 * i));
  BOOST_TEST(!saving.due(schedule_start + save_schedule::delay - milliseconds(1)));
  BOOST_TEST(saving.due(schedule_start + save_schedule::delay));
  saving.done();
  BOOST_TEST(!saving.waits());
}

BOOST_AUTO_TEST_CASE(a_file_that_takes_long_to_write_is_written_less_often) {
  save_schedule saving;
  saving.ended(schedule_start, milliseconds(100), false);
  saving.changed(schedule_start);
  BOOST_TEST((saving.next() == schedule_start + milliseconds(1'000)));
  saving.done();
  saving.ended(schedule_start, seconds(5), false);
  saving.changed(schedule_start);
  BOOST_TEST((saving.next() == schedule_start + save_schedule::longest_delay));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_tried_with_growing_waits) {
  save_schedule saving;
  auto last = milliseconds(0);
  auto now = schedule_start;
  for (int i = 0; i < 5; ++i) {
    saving.done();
    saving.failed(now, 1'000'000'000);
    saving.ended(now, milliseconds(0), true);
    const auto wait = *saving.next() - now;
    BOOST_TEST((wait > last));
    last = std::chrono::duration_cast<milliseconds>(wait);
    now += wait;
  }
  BOOST_TEST((last <= seconds(30)));
}

BOOST_AUTO_TEST_CASE(what_had_to_be_left_out_has_its_turn_later) {
  save_schedule saving;
  saving.ended(schedule_start, milliseconds(0), true);
  BOOST_TEST(!saving.waits());
  BOOST_TEST((saving.next() == schedule_start + save_schedule::again_after));
  saving.changed(schedule_start);
  BOOST_TEST((saving.next() == schedule_start + save_schedule::delay));
  saving.done();
  saving.ended(schedule_start, milliseconds(0), false);
  BOOST_TEST(!saving.next().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(an_absence)

// Each apply fails as well: without this the looks would soon be ten seconds apart.
BOOST_AUTO_TEST_CASE(the_next_look_comes_when_it_is_due_however_often_others_fail) {
  absence away;
  away.missed(schedule_start, 0);
  const auto next = away.next_look();
  BOOST_REQUIRE(next.has_value());
  for (int i = 0; i < 1'000; ++i) away.missed(schedule_start, 0);
  BOOST_TEST((away.next_look() == next));
  away.missed(*next, 0);
  BOOST_TEST((*away.next_look() - *next <= milliseconds(40)));
}

BOOST_AUTO_TEST_CASE(looks_keep_their_distance_until_a_whole_pass_has_succeeded) {
  absence away;
  auto now = schedule_start;
  for (int i = 0; i < 10; ++i) {
    away.missed(now, 0);
    now = *away.next_look();
    away.over();
  }
  away.missed(now, 0);
  BOOST_TEST((*away.next_look() - now >= milliseconds(500)));
  away.over();
  away.settled();
  away.missed(now, 0);
  BOOST_TEST((*away.next_look() - now <= milliseconds(20)));
}

BOOST_AUTO_TEST_CASE(it_lasts_from_the_first_miss_on) {
  absence away;
  BOOST_TEST(away.lasted(schedule_start).count() == 0);
  away.missed(schedule_start, 0);
  away.missed(schedule_start + seconds(3), 0);
  BOOST_TEST((away.lasted(schedule_start + seconds(5)) == seconds(5)));
  away.over();
  BOOST_TEST(away.lasted(schedule_start + seconds(5)).count() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(told_once)

BOOST_AUTO_TEST_CASE(a_state_is_told_when_it_begins_and_when_it_changes) {
  told_topics told;
  BOOST_TEST(told.news("disk", "full"));
  BOOST_TEST(!told.news("disk", "full"));
  BOOST_TEST(told.news("disk", "read-only"));
  BOOST_TEST(told.contains("disk"));
  told.quiet("disk");
  BOOST_TEST(!told.contains("disk"));
  BOOST_TEST(told.news("disk", "read-only"));
}

BOOST_AUTO_TEST_CASE(a_trouble_stands_until_something_else_is_told_or_it_has_ended) {
  told_topics told;
  told.news("disk", "full", true);
  told.news("socket", "gone", true);
  told.news("worker", "new");
  const std::vector<std::string> both{"full", "gone"}, one{"gone"};
  BOOST_TEST(told.troubles() == both, boost::test_tools::per_element());
  told.news("disk", "has room again");
  BOOST_TEST(told.troubles() == one, boost::test_tools::per_element());
  told.quiet("socket");
  BOOST_TEST(told.troubles().empty());
  for (int i = 0; i < 100; ++i) told.news(std::to_string(i), "wrong", true);
  BOOST_TEST(told.troubles().size() == told_topics::most_troubles);
}

BOOST_AUTO_TEST_CASE(too_many_topics_make_none_of_the_others_news_again) {
  told_topics told;
  told.news("disk", "full", true);
  const auto tell_all = [&] {
    std::size_t news = 0;
    for (std::size_t i = 0; i < told_topics::most + 10; ++i)
      if (told.news("refused " + std::to_string(i), "why")) ++news;
    return news;
  };
  BOOST_TEST(tell_all() == told_topics::most + 10);
  BOOST_TEST(tell_all() <= 11U);
  BOOST_TEST(told.news("socket", "gone", true));
  BOOST_TEST(!told.news("socket", "gone", true));
  BOOST_TEST(told.troubles().size() == 2U);
}

BOOST_AUTO_TEST_CASE(topics_of_one_kind_end_together) {
  told_topics told;
  for (const auto* topic : {"drift a", "drift b", "driftwood", "disk"}) told.news(topic, "x");
  told.quiet_all("drift ", [](const auto& rest) { return rest == "b"; });
  BOOST_TEST(told.contains("drift a"));
  BOOST_TEST(!told.contains("drift b"));
  told.quiet_all("drift ", [](const auto&) { return true; });
  BOOST_TEST(!told.contains("drift a"));
  BOOST_TEST(told.contains("driftwood"));
  BOOST_TEST(told.contains("disk"));
}

BOOST_AUTO_TEST_SUITE_END()
