#include "model/event.hpp"

#include <boost/test/unit_test.hpp>

namespace switchyard::model::folded_events {

using namespace std::chrono_literals;

namespace {

backend_ptr make(std::string name, std::vector<server> servers = {},
                 proxy_mode mode = proxy_mode::http) {
  backend b{std::move(name), {}, std::move(servers)};
  b.settings.mode = mode;
  return std::make_shared<const backend>(std::move(b));
}

backend_event plain(backend_ptr value) {
  return {std::move(value), false, false, {}};
}

const server s1{"s1", "10.0.0.1", 80};
const server s2{"s2", "10.0.0.2", 80};

std::string reasons(const report& r) {
  std::string text;
  for (const auto& refused : r.refused) text += refused.key + "=" + refused.reason + " ";
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(event)

BOOST_AUTO_TEST_CASE(the_latest_wins_for_each_backend) {
  report earlier;
  earlier.backends = {{"a", plain(make("a", {s1}))}, {"b", plain(make("b", {s1}))}};
  report later;
  later.backends = {{"b", plain(make("b", {s2}))}, {"c", plain(nullptr)}};
  fold(earlier, std::move(later));
  BOOST_TEST(!earlier.full);
  BOOST_TEST(earlier.backends.size() == 3U);
  BOOST_TEST((earlier.backends.at("a").value->servers == std::vector{s1}));
  BOOST_TEST((earlier.backends.at("b").value->servers == std::vector{s2}));
  BOOST_TEST((earlier.backends.at("c").value == nullptr));
}

BOOST_AUTO_TEST_CASE(a_later_snapshot_replaces_everything) {
  report earlier;
  earlier.backends = {{"a", plain(make("a"))}};
  earlier.refused = {{"old", "x"}};
  report later;
  later.full = true;
  later.backends = {{"b", plain(make("b"))}};
  later.refused = {{"new", "y"}};
  fold(earlier, std::move(later));
  BOOST_TEST(earlier.full);
  BOOST_TEST((earlier.backends.size() == 1 && earlier.backends.contains("b")));
  BOOST_TEST(reasons(earlier) == "new=y ");
}

BOOST_AUTO_TEST_CASE(a_snapshot_stays_one_when_changes_follow) {
  report earlier;
  earlier.full = true;
  earlier.backends = {{"a", plain(make("a"))}};
  report later;
  later.backends = {{"b", plain(make("b"))}};
  fold(earlier, std::move(later));
  BOOST_TEST((earlier.full && earlier.backends.size() == 2));
}

BOOST_AUTO_TEST_CASE(routes_stay_when_a_later_report_has_not_read_them) {
  report earlier;
  earlier.routes = {{"", "/", "a"}};
  fold(earlier, {});
  BOOST_TEST(earlier.routes->size() == 1U);
  report empty;
  empty.routes.emplace();
  fold(earlier, std::move(empty));
  BOOST_TEST(earlier.routes->empty());
}

BOOST_AUTO_TEST_CASE(the_time_of_the_first_telling_stays) {
  report earlier;
  earlier.seen_at = report{}.seen_at + 5s;
  report later;
  later.seen_at = report{}.seen_at + 9s;
  fold(earlier, std::move(later));
  BOOST_TEST((earlier.seen_at == report{}.seen_at + 5s));
}

BOOST_AUTO_TEST_CASE(what_the_later_report_refuses_comes_from_the_earlier) {
  report earlier;
  earlier.backends = {{"a", plain(make("a", {s1, s2}, proxy_mode::tcp))}};
  earlier.routes = {{"h", "/", "a"}};
  report later;
  later.backends = {{"a", {make("a", {s1}), true, false, {"s2", "s3"}}}};
  later.routes.emplace();
  later.refused_routes = {{"h", "/"}, {"i", "/"}};
  fold(earlier, std::move(later));
  const auto& event = earlier.backends.at("a");
  BOOST_TEST((!event.settings_refused && event.refused_servers.empty()));
  BOOST_TEST((event.value->settings.mode == proxy_mode::tcp));
  BOOST_TEST((event.value->servers == std::vector{s1, s2}));
  BOOST_TEST((earlier.routes == std::vector<route>{{"h", "/", "a"}}));
  BOOST_TEST(earlier.refused_routes.empty());
}

BOOST_AUTO_TEST_CASE(what_no_report_could_read_stays_refused) {
  report earlier;
  earlier.backends = {{"a", {make("a"), true, false, {"s1"}}}};
  report later;
  later.backends = {{"a", {make("a", {s2}), true, false, {"s1"}}}};
  fold(earlier, std::move(later));
  const auto& event = earlier.backends.at("a");
  BOOST_TEST((event.settings_refused && event.refused_servers.contains("s1")));
  BOOST_TEST((event.value->servers == std::vector{s2}));
}

BOOST_AUTO_TEST_CASE(of_two_reasons_for_one_object_the_later_is_kept) {
  report earlier;
  earlier.refused = {{"x", "old"}, {"y", "old"}};
  report later;
  later.refused = {{"x", "new"}, {"z", "new"}};
  fold(earlier, std::move(later));
  BOOST_TEST(reasons(earlier) == "y=old x=new z=new ");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace switchyard::model::folded_events
