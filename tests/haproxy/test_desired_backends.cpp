#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "haproxy/desired_backends.hpp"

namespace switchyard::haproxy {

namespace {

using names = desired_backends::names;

model::backend_ptr make(const std::string& name, const std::vector<std::string>& servers) {
  model::backend b{name, {}, {}};
  for (const auto& s : servers) b.servers.push_back({s, "10.0.0.1", 80});
  return std::make_shared<const model::backend>(std::move(b));
}

apply_request part(std::vector<backend_change> changes, bool complete = true) {
  apply_request request;
  request.complete = complete;
  request.changes = std::move(changes);
  return request;
}

apply_request whole(std::vector<backend_change> changes) {
  auto request = part(std::move(changes));
  request.full = true;
  return request;
}

/// Of which neither HAProxy nor its file has anything.
desired_backends::taken take(desired_backends& d, const apply_request& request) {
  return d.take(request, [](const std::string&) { return names(); });
}

const model::unread no_settings{true, false, {}};
const model::unread no_s2{false, false, {"s2"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(desired_backends_behaviour)

BOOST_AUTO_TEST_CASE(what_differs_is_touched) {
  desired_backends d;
  const auto a = make("a", {"s1"});
  BOOST_TEST((take(d, whole({{"a", a}, {"b", make("b", {})}})).touched == names{"a", "b"}));
  BOOST_TEST(take(d, part({{"a", a}})).touched.empty());
  BOOST_TEST((take(d, part({{"a", make("a", {})}})).touched == names{"a"}));
  const auto gone = take(d, whole({{"a", d.find("a")}}));
  BOOST_TEST((gone.touched == names{"b"} && gone.for_routes && !d.contains("b")));
  BOOST_TEST((take(d, part({{"a", nullptr}})).touched == names{"a"}));
  BOOST_TEST(d.all().empty());
}

BOOST_AUTO_TEST_CASE(nothing_goes_before_every_provider_has_reported) {
  desired_backends d;
  take(d, part({{"a", make("a", {"s1", "s2"})}}, false));
  BOOST_TEST((!d.may_go("old") && !d.may_go("a") && !d.may_go("a", "earlier")));
  // Only what was desired in this run.
  take(d, part({{"a", make("a", {"s1"})}}, false));
  BOOST_TEST((d.may_go("a", "s2") && !d.may_go("a", "earlier")));
  take(d, whole({{"a", make("a", {"s1"})}}));
  BOOST_TEST((d.may_go("old") && d.may_go("a") && d.may_go("a", "earlier")));
}

BOOST_AUTO_TEST_CASE(what_leaves_while_one_never_reports_is_remembered_as_long_as_it_is_there) {
  desired_backends d;
  // HAProxy keeps the last few servers of each backend, on their way out.
  const auto name = [](std::size_t i) { return "s" + std::to_string(i); };
  std::size_t last = 0;
  std::size_t most = 0;
  std::size_t lost = 0;
  const desired_backends::servers_of present = [&](const std::string&) {
    names there;
    for (std::size_t i = last < 5 ? 0 : last - 5; i < last; ++i) there.insert(name(i));
    return there;
  };
  for (; last < 50'000; ++last) {
    d.take(part({{last % 2 == 0 ? "a" : "b", make("", {name(last)})}}, false), present);
    most = std::max(most, d.dismissed());
    for (std::size_t left = 2; left <= std::min<std::size_t>(last, 5); ++left)
      if (!d.may_go((last - left) % 2 == 0 ? "a" : "b", name(last - left))) ++lost;
  }
  BOOST_TEST(most <= desired_backends::few_dismissed + 1);
  BOOST_TEST(most > desired_backends::few_dismissed / 2);
  BOOST_TEST(lost == 0U);
  BOOST_TEST((!d.may_go("a", "earlier") && !d.may_go("a")));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_may_not_go) {
  desired_backends d;
  take(d, whole({{"a", make("a", {"s1"}), no_s2}, {"b", nullptr, no_settings}}));
  BOOST_TEST((d.unread("a") && d.unread("b") && !d.contains("b")));
  BOOST_TEST((!d.may_go("a") && !d.may_go("a", "s2") && d.may_go("a", "s3")));
  BOOST_TEST((!d.may_go("b") && d.may_go("c")));
}

BOOST_AUTO_TEST_CASE(what_can_be_read_again_is_touched) {
  desired_backends d;
  const auto a = make("a", {"s1"});
  take(d, whole({{"a", a, no_s2}, {"b", nullptr, no_settings}}));
  BOOST_TEST((take(d, part({{"a", a}})).touched == names{"a", "b"}));
  BOOST_TEST((d.may_go("a", "s2") && !d.may_go("b")));
  BOOST_TEST((take(d, whole({{"a", a}})).touched == names{"b"}));
  BOOST_TEST(d.may_go("b"));
}

BOOST_AUTO_TEST_CASE(a_new_manager_that_cannot_read_takes_nothing_away) {
  desired_backends d;
  take(d, whole({{"a", make("a", {"s1", "s2"})}, {"b", make("b", {"s1"})}}));
  // It knows nothing of what the one before it had read.
  take(d, part({{"a", make("a", {"s1"}), no_s2}}, false));
  BOOST_TEST(!d.may_go("a", "s2"));
  take(d, whole({{"a", make("a", {"s1"}), no_s2}, {"b", nullptr, no_settings}}));
  BOOST_TEST((!d.may_go("a", "s2") && !d.may_go("b")));
}

BOOST_AUTO_TEST_CASE(the_revision_only_grows) {
  desired_backends d;
  auto request = part({});
  request.revision = 7;
  take(d, request);
  request.revision = 3;
  take(d, request);
  BOOST_TEST(d.revision() == 7U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
