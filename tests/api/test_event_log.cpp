#include "api/event_log.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

namespace switchyard::api {

namespace {

event one(const std::string& text) {
  event e;
  e.text = text;
  return e;
}

std::vector<std::string> texts(const event_log::reading& read) {
  std::vector<std::string> all;
  for (const auto& e : read.events) all.push_back(e->text);
  return all;
}

using list = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(the_event_log)

BOOST_AUTO_TEST_CASE(gives_ids_that_grow_by_one) {
  event_log log;
  BOOST_TEST(log.last() == 0U);
  BOOST_TEST(log.append(one("a")) == 1U);
  BOOST_TEST(log.append(one("b")) == 2U);
  const auto read = log.after(0, 10);
  BOOST_TEST(texts(read) == (list{"a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(read.events[1]->id == 2U);
  BOOST_TEST(!read.lost);
}

BOOST_AUTO_TEST_CASE(goes_on_after_an_id) {
  event_log log;
  for (const auto* text : {"a", "b", "c"}) log.append(one(text));
  BOOST_TEST(texts(log.after(1, 10)) == (list{"b", "c"}), boost::test_tools::per_element());
  BOOST_TEST(texts(log.after(1, 1)) == (list{"b"}), boost::test_tools::per_element());
  BOOST_TEST(log.after(3, 10).events.empty());
  BOOST_TEST(!log.after(3, 10).lost);
}

BOOST_AUTO_TEST_CASE(keeps_the_last_ones_and_says_what_is_lost) {
  event_log log(2);
  for (const auto* text : {"a", "b", "c"}) log.append(one(text));
  BOOST_TEST(!log.after(1, 10).lost);
  const auto read = log.after(0, 10);
  BOOST_TEST(read.lost);
  BOOST_TEST(texts(read) == (list{"b", "c"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(takes_an_id_that_it_never_gave_for_that_of_another_log) {
  event_log log;
  log.append(one("a"));
  const auto read = log.after(7, 10);
  BOOST_TEST(read.lost);
  BOOST_TEST(texts(read) == (list{"a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(wakes_a_reader_that_waits) {
  event_log log;
  event_log::reading read;
  std::thread reader([&] { read = log.await(0, 10, std::chrono::seconds(30)); });
  log.append(one("a"));
  reader.join();
  BOOST_TEST(texts(read) == (list{"a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(gives_up_waiting_in_time) {
  const event_log log;
  BOOST_TEST(log.await(0, 10, std::chrono::milliseconds(1)).events.empty());
}

BOOST_AUTO_TEST_CASE(loses_nothing_while_writers_and_readers_run_at_once) {
  constexpr std::uint64_t each = 2000;
  event_log log(10'000);
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i)
    writers.emplace_back([&] {
      for (std::uint64_t n = 0; n < each; ++n) log.append(one("x"));
    });
  std::uint64_t at = 0;
  bool in_order = true;
  while (at < 3 * each) {
    const auto read = log.await(at, 64, std::chrono::seconds(30));
    BOOST_REQUIRE(!read.events.empty());
    for (const auto& e : read.events) in_order = in_order && e->id == ++at;
  }
  for (auto& w : writers) w.join();
  BOOST_TEST(in_order);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
