#include "actors/status_book.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "api/views.hpp"

namespace switchyard::actors {

namespace {

std::vector<haproxy::reload_reason> reasons_for(std::size_t count) {
  std::vector<haproxy::reload_reason> all;
  for (std::size_t i = 0; i < count; ++i)
    all.push_back({haproxy::reload_cause::new_backend, "b" + std::to_string(i)});
  return all;
}

using namespace std::chrono_literals;
using level = model::provider_health::level;

/// Long after the clock's beginning.
constexpr api::wall_time start{1'000'000s};
constexpr status_book::steady_time begin{50'000s};

struct a_book {
  status_book book;
  model::desired_state desired{{"p"}};
  refusal_log refusals;

  a_book() {
    config::settings settings;
    settings.providers.push_back({.name = "p", .source = config::memory_settings{}});
    book.configure(settings);
  }
  api::status view() const { return book.view(desired, refusals, start, begin, {}); }
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

BOOST_AUTO_TEST_CASE(restarts_of_haproxy_are_counted_and_the_last_one_is_kept) {
  BOOST_TEST(api::view(view()).at("haproxy").at("last_restart").is_null());
  haproxy::apply_report report;
  for (const auto* end : {"SIGSEGV", "exit code 1"}) {
    report.restarted_after = end;
    passed(report, pass_kind::reconcile);
  }
  report.restarted_after.reset();
  passed(report);
  BOOST_TEST(view().haproxy.restarts == 2U);
  BOOST_TEST((view().haproxy.last_restart == api::restart_status{{}, "exit code 1"}));
  const auto shown = api::view(view()).at("haproxy");
  BOOST_TEST(shown.at("restarts") == 2);
  BOOST_TEST(shown.at("last_restart").at("after") == "exit code 1");
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
  refusals.take("p", report);
  const auto status = view();
  BOOST_REQUIRE_EQUAL(status.providers.size(), 1U);
  BOOST_TEST(status.providers.front().refused == 50U);
  BOOST_TEST(status.providers.front().refusals.size() == status_book::kept_objects);
}

BOOST_AUTO_TEST_CASE(a_view_that_nobody_vouches_for_becomes_stale) {
  const auto stale_at = [this](std::chrono::seconds later,
                               std::map<std::string, std::chrono::seconds> read) {
    return book.view(desired, refusals, start + later, begin + later, read).providers.at(0);
  };
  const auto limit = api::stale_after;
  model::report all;
  all.full = true;
  desired.fold("p", all);
  book.health("p", {level::live, ""}, begin - 2h);
  BOOST_TEST(!stale_at(0s, {{"p", 1h}}).stale);
  book.health("p", {level::degraded, "it is away"}, begin);
  BOOST_TEST(!stale_at(limit - 1s, {{"p", 1h}}).stale);
  const auto old = stale_at(limit, {{"p", 1h}});
  BOOST_REQUIRE(old.stale);
  BOOST_TEST((*old.stale == start));
  BOOST_TEST((old.stale_age == limit));
  BOOST_TEST(old.state == "degraded");
  // Another reason, and another try, make it no younger.
  book.health("p", {level::connecting, ""}, begin + 1min);
  book.health("p", {level::degraded, "it hangs"}, begin + 2min);
  BOOST_TEST((stale_at(2h, {{"p", 3h}}).stale_age == 2h));
  BOOST_TEST((stale_at(2h, {}).stale_age == 2h));
  // A source that is read all the same, by and by.
  BOOST_TEST(!stale_at(2h, {{"p", 10s}}).stale);
  BOOST_TEST((stale_at(2h, {{"p", 10min}}).stale_age == 10min));
  BOOST_TEST((stale_at(2h, {{"p", 10min}}).stale == start + 2h - 10min));
  book.health("p", {level::live, ""}, begin + 2h);
  BOOST_TEST(!stale_at(3h, {{"p", 3h}}).stale);
}

BOOST_AUTO_TEST_CASE(a_view_that_was_never_read_is_the_last_good_one_and_not_stale) {
  book.health("p", {level::degraded, "it is away"}, begin);
  book.serves_last_good("p", start - 2h);
  const auto p = book.view(desired, refusals, start + 1h, begin + 1h, {}).providers.at(0);
  BOOST_TEST(!p.stale);
  BOOST_TEST((p.last_good_age == 3h));
  BOOST_TEST(
      (book.view(desired, refusals, start - 5h, begin + 1h, {}).providers.at(0).last_good_age ==
       0s));
}

BOOST_AUTO_TEST_CASE(what_is_stale_is_told_of_with_its_age) {
  api::status s;
  auto& db = s.providers.emplace_back();
  db.name = "db";
  db.state = "degraded";
  db.reported = true;
  BOOST_TEST(api::degraded(s).size() == 1U);
  BOOST_TEST(api::view(db).at("stale").is_null());
  db.stale = start;
  db.stale_age = 3h;
  const std::vector<std::string> told{
      "provider db: degraded",
      "provider db: is stale: what is served was last known to be so 3 h ago"};
  BOOST_TEST(api::degraded(s) == told, boost::test_tools::per_element());
  const auto shown = api::view(db).at("stale");
  BOOST_TEST(shown.at("as_of") == "1970-01-12T13:46:40.000Z");
  BOOST_TEST(shown.at("age_seconds") == 10'800);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
