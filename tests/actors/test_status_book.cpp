#include "actors/status_book.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::actors {

namespace {

std::vector<haproxy::reload_reason> reasons_for(std::size_t count) {
  std::vector<haproxy::reload_reason> all;
  for (std::size_t i = 0; i < count; ++i)
    all.push_back({haproxy::reload_cause::new_backend, "b" + std::to_string(i)});
  return all;
}

struct a_book {
  status_book book;
  model::desired_state desired{{"p"}};
  refusal_log refusals;

  a_book() {
    config::settings settings;
    settings.providers.push_back({.name = "p", .source = config::memory_settings{}});
    book.configure(settings);
  }
  api::status view() const { return book.view(desired, refusals); }
  void passed(const haproxy::apply_report& report, pass_kind kind = pass_kind::changes,
              const std::vector<std::string>& backends = {}) {
    book.passed(kind, report, backends, api::wall_time{});
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(status_book_behaviour, a_book)

BOOST_AUTO_TEST_CASE(the_last_passes_are_kept_newest_first) {
  haproxy::apply_report report;
  for (report.revision = 1; report.revision <= 30; ++report.revision) passed(report);
  const auto status = view();
  BOOST_TEST(status.applies == 30U);
  BOOST_REQUIRE_EQUAL(status.recent.size(), status_book::kept_passes);
  BOOST_TEST(status.recent.front().revision == 30U);
  BOOST_TEST(status.recent.back().revision == 11U);
}

BOOST_AUTO_TEST_CASE(reconciles_that_did_nothing_push_no_pass_out) {
  haproxy::apply_report report;
  passed(report);
  for (int i = 0; i < 30; ++i) passed(report, pass_kind::reconcile);
  BOOST_TEST(view().recent.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_last_reloads_are_kept_those_that_failed_too) {
  haproxy::apply_report report;
  report.reload_error = "refused";
  passed(report);
  report.reload_error.reset();
  report.reload.emplace();
  for (int i = 0; i < 19; ++i) passed(report);
  BOOST_REQUIRE_EQUAL(view().haproxy.reloads.size(), status_book::kept_reloads);
  BOOST_TEST(!view().haproxy.reloads.back().ok);
  passed(report);
  BOOST_REQUIRE_EQUAL(view().haproxy.reloads.size(), status_book::kept_reloads);
  BOOST_TEST(view().haproxy.reloads.back().ok);
  BOOST_TEST(view().reloads == 20U);
}

BOOST_AUTO_TEST_CASE(of_many_reasons_the_first_are_named_and_the_rest_is_counted) {
  haproxy::apply_report report;
  report.waiting = reasons_for(status_book::kept_names);
  passed(report);
  BOOST_TEST(view().haproxy.waiting.size() == status_book::kept_names);
  report.waiting = reasons_for(status_book::kept_names + 5);
  passed(report);
  const auto waiting = view().haproxy.waiting;
  BOOST_REQUIRE_EQUAL(waiting.size(), status_book::kept_names + 1);
  BOOST_TEST(waiting.front() == "new backend b0");
  BOOST_TEST(waiting.back() == "and 5 more");
}

BOOST_AUTO_TEST_CASE(of_many_backends_of_a_pass_the_first_are_named) {
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) names.push_back("b" + std::to_string(i));
  passed({}, pass_kind::changes, names);
  BOOST_TEST(view().recent.front().backends.size() == status_book::kept_names);
}

BOOST_AUTO_TEST_CASE(of_many_refusals_the_first_are_named_and_all_are_counted) {
  model::report report;
  for (int i = 0; i < 50; ++i) report.refused.push_back({"k" + std::to_string(i), "bad"});
  refusals.lines("p", report);
  const auto status = view();
  BOOST_REQUIRE_EQUAL(status.providers.size(), 1U);
  BOOST_TEST(status.providers.front().refused == 50U);
  BOOST_TEST(status.providers.front().refusals.size() == status_book::kept_objects);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
