#include "haproxy/blame_book.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <memory>

namespace {

using switchyard::haproxy::blame_book;
namespace model = switchyard::model;
using std::chrono::seconds;

struct bed {
  /// Another one each time.
  model::backend_ptr version() {
    model::backend b;
    b.settings.check.rise = ++versions;
    return std::make_shared<const model::backend>(b);
  }

  std::uint32_t versions = 0;
  blame_book book;
  blame_book::time_point now{seconds(1'000)};
  model::backend_ptr one = version();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(blames, bed)

BOOST_AUTO_TEST_CASE(a_blame_is_of_one_version_and_lasts_its_time) {
  book.blame("shop", one, now);
  BOOST_TEST(book.blamed("shop", one, now));
  BOOST_TEST(!book.blamed("shop", version(), now));
  BOOST_TEST(!book.blamed("other", one, now));
  now += blame_book::lasts;
  BOOST_TEST(!book.blamed("shop", one, now));
  BOOST_TEST(book.was_blamed("shop", one));
  BOOST_TEST(!book.was_blamed("shop", version()));
}

BOOST_AUTO_TEST_CASE(a_removal_is_a_version_too) {
  BOOST_TEST(!book.was_blamed("shop", nullptr));
  book.blame("shop", nullptr, now);
  BOOST_TEST(book.blamed("shop", nullptr, now));
  BOOST_TEST(!book.blamed("shop", one, now));
}

// Else each server that comes or goes would be a reload that is refused again.
BOOST_AUTO_TEST_CASE(servers_that_come_and_go_make_no_other_version) {
  book.blame("shop", one, now);
  book.tried("shop", one);
  auto more = *one;
  more.servers.resize(1);
  const auto with_server = std::make_shared<const model::backend>(more);
  BOOST_TEST(book.blamed("shop", with_server, now));
  BOOST_TEST(book.was_tried("shop", with_server));
  BOOST_TEST(blame_book::same(one, with_server));
  BOOST_TEST(!blame_book::same(one, nullptr));
  BOOST_TEST(!blame_book::same(nullptr, one));
}

BOOST_AUTO_TEST_CASE(while_the_search_goes_on_it_lasts_longer) {
  book.blame("shop", one, now);
  book.blame("old", one, now - seconds(61));
  book.extend(now, now + seconds(30));
  BOOST_TEST(book.blamed("shop", one, now + seconds(89)));
  BOOST_TEST(!book.blamed("shop", one, now + seconds(90)));
  BOOST_TEST(!book.blamed("old", one, now));  // it was over
  book.extend(now, now);
  BOOST_TEST(book.blamed("shop", one, now + seconds(89)));  // and never shorter
}

BOOST_AUTO_TEST_CASE(what_was_taken_is_forgotten) {
  book.blame("shop", one, now);
  book.blame("other", one, now);
  book.acquit({"shop"});
  BOOST_TEST(!book.was_blamed("shop", one));
  BOOST_TEST((book.all() == blame_book::names{"other"}));
  book.tidy([](const auto& name, const auto&) { return name == "other"; });
  BOOST_TEST(book.all().empty());
}

BOOST_AUTO_TEST_CASE(what_was_part_of_a_failed_load_is_known_until_one_succeeds) {
  book.tried("shop", one);
  BOOST_TEST(book.was_tried("shop", one));
  BOOST_TEST(!book.was_tried("shop", version()));
  BOOST_TEST(!book.was_tried("other", nullptr));
  book.loaded();
  BOOST_TEST(!book.was_tried("shop", one));
}

BOOST_AUTO_TEST_SUITE_END()
