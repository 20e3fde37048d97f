#include "providers/publisher.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/providers/recording_sink.hpp"

using namespace switchyard;

namespace {

model::report with(bool full, std::vector<model::refusal> refused) {
  model::report r;
  r.full = full;
  if (full) r.routes.emplace();
  r.refused = std::move(refused);
  return r;
}

struct fixture {
  tests::recording_sink sink;
  providers::publisher out{sink};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(publishing, fixture)

BOOST_AUTO_TEST_CASE(a_full_view_that_says_the_same_is_no_news) {
  out.report(with(true, {{"k", "bad port"}}));
  out.report(with(true, {{"k", "bad port"}}));
  BOOST_TEST(sink.reports().size() == 1U);
  BOOST_TEST(sink.looks_without_news() == 1U);
  out.report(with(true, {{"k", "bad address"}}));
  BOOST_TEST(sink.reports().size() == 2U);
}

// A key that is refused again and again is remembered once.
BOOST_AUTO_TEST_CASE(of_what_is_refused_the_last_reason_of_each_key_counts) {
  out.report(with(true, {{"a", "bad port"}}));
  for (int i = 0; i < 3; ++i) {
    out.report(with(false, {{"b", "bad address"}}));
    out.report(with(false, {{"a", "bad weight"}}));
  }
  BOOST_TEST(sink.reports().size() == 7U);
  out.report(with(true, {{"a", "bad weight"}, {"b", "bad address"}}));
  BOOST_TEST(sink.reports().size() == 7U);
  out.report(with(true, {{"a", "bad weight"}}));
  BOOST_TEST(sink.reports().size() == 8U);
}

// A route that is refused by a place that nobody could read, or that is another one's: nothing else
// of the report differs when it is gone.
BOOST_AUTO_TEST_CASE(changes_that_only_settle_what_was_refused_are_news_once) {
  const model::refusal route{"routes(h, /%zz)", "bad path", "", "", true};
  const model::refusal server{"servers(a, s)", "bad port", "a", "s"};
  auto read_again = with(false, {});
  read_again.routes.emplace();
  out.report(with(true, {server}));
  auto refused = read_again;
  refused.refused = {route};
  out.report(refused);
  out.report(read_again);
  BOOST_TEST(sink.reports().size() == 3U);
  out.report(read_again);
  BOOST_TEST(sink.reports().size() == 3U);
  // What was settled is forgotten: a full view that says so is none either.
  out.report(with(true, {server}));
  BOOST_TEST(sink.reports().size() == 3U);
  BOOST_TEST(sink.looks_without_news() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
