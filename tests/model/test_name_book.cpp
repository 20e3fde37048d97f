#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "model/name_book.hpp"

using namespace switchyard::model;

namespace {

using names = std::set<std::string>;
using addresses = std::vector<std::string>;
using namespace std::chrono_literals;

server named(std::string name, std::string host, name_resolution which = name_resolution::first) {
  server s;
  s.name = std::move(name);
  s.host = std::move(host);
  s.resolve = which;
  s.port = 80;
  return s;
}

backend_ptr of(std::string name, std::vector<server> servers) {
  sort_servers(servers);
  return std::make_shared<const backend>(backend{std::move(name), {}, std::move(servers)});
}

const server fixed{"s1", "10.0.0.1", 80};

/// A backend "web" of s1, which has an address, and of servers with names.
struct web_book {
  explicit web_book(std::vector<server> more) {
    more.push_back(fixed);
    web = of("web", std::move(more));
    book.take("web", web);
  }
  /// "name address" of each server.
  names now() {
    unread = {};
    names all;
    const auto with = book.addressed(web, unread);
    for (const auto& s : with->servers) all.insert(s.name + " " + s.address);
    return all;
  }
  names resolved(addresses found, std::chrono::seconds ttl = 0s) {
    return book.resolved("a.example", {std::move(found), ttl}, clock);
  }
  backend_ptr web;
  name_book book;
  switchyard::model::unread unread;
  name_book::clock::time_point clock{1h};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(name_book_behaviour)

BOOST_AUTO_TEST_CASE(a_backend_without_names_is_passed_on_as_it_is) {
  name_book book;
  const auto web = of("web", {fixed});
  BOOST_TEST(!book.take("web", web));
  BOOST_TEST(book.empty());
  unread none;
  BOOST_TEST((book.addressed(web, none) == web));
  BOOST_TEST((book.addressed(nullptr, none) == nullptr));
  BOOST_TEST(!none.any());
}

BOOST_AUTO_TEST_CASE(a_name_that_was_never_resolved_is_unread) {
  web_book b({named("s2", "a.example")});
  BOOST_TEST(b.now() == names{"s1 10.0.0.1"});
  BOOST_TEST(b.unread.by_name == names{"s2"});
  BOOST_TEST(!b.unread.servers);
  web_book all({named("s2", "a.example", name_resolution::all)});
  BOOST_TEST(all.now() == names{"s1 10.0.0.1"});
  BOOST_TEST(!all.unread.servers);
  for (const auto* mine : {"s2", "s2-10.0.0.7", "s2-2001:db8::1"})
    BOOST_TEST(all.unread.covers(mine), mine);
  for (const auto* other : {"s3", "s2-blue", "s2-", "s22-10.0.0.7", "10.0.0.7"})
    BOOST_TEST(!all.unread.covers(other), other);
}

// Servers that a name is to take the place of stay until somebody knows where that is.
BOOST_AUTO_TEST_CASE(nobody_leaves_for_a_name_that_was_never_resolved) {
  name_book book;
  const auto web = of("web", {named("s2", "a.example")});
  book.take("web", web);
  unread u;
  BOOST_TEST(book.addressed(web, u)->servers.empty());
  BOOST_TEST(u.servers);
  BOOST_TEST(book.resolved("a.example", {{"10.0.0.2"}}, {}) == names{"web"});
  u = {};
  book.addressed(web, u);
  BOOST_TEST(!u.any());
}

BOOST_AUTO_TEST_CASE(the_first_address_is_taken_and_kept_while_it_is_among_the_answers) {
  web_book b({named("s2", "a.example")});
  BOOST_TEST(b.resolved({"10.0.1.2", "10.0.1.1"}) == names{"web"});
  BOOST_TEST(b.now() == (names{"s1 10.0.0.1", "s2 10.0.1.2"}));
  BOOST_TEST(!b.unread.any());
  BOOST_TEST(b.resolved({"10.0.1.1", "10.0.1.2"}).empty());
  b.resolved({"10.0.1.0", "10.0.1.2"});
  BOOST_TEST(b.now().contains("s2 10.0.1.2"));
  b.resolved({"10.0.1.9", "10.0.1.0"});
  BOOST_TEST(b.now().contains("s2 10.0.1.9"));
}

BOOST_AUTO_TEST_CASE(each_of_all_addresses_is_a_server) {
  web_book b({named("s2", "a.example", name_resolution::all)});
  b.resolved({"10.0.1.2", "2001:db8::1", "10.0.1.1", "10.0.1.2"});
  BOOST_TEST(b.now() == (names{"s1 10.0.0.1", "s2-10.0.1.1 10.0.1.1", "s2-10.0.1.2 10.0.1.2",
                               "s2-2001:db8::1 2001:db8::1"}));
  b.resolved({"10.0.1.2"});
  BOOST_TEST(b.now() == (names{"s1 10.0.0.1", "s2-10.0.1.2 10.0.1.2"}));
}

// -- partial answers

struct held_book : web_book {
  held_book() : web_book({named("s2", "a.example", name_resolution::all)}) {
    book.hold_obsolete(30s);
    resolved({"10.0.1.1", "10.0.1.2"});
  }
  bool has(const std::string& address) { return now().contains("s2-" + address + ' ' + address); }
};

BOOST_FIXTURE_TEST_CASE(an_address_leaves_only_after_it_was_missing_for_a_while, held_book) {
  BOOST_TEST(resolved({"10.0.1.1"}).empty());
  clock += 29s;
  BOOST_TEST(resolved({"10.0.1.1"}).empty());
  BOOST_TEST(has("10.0.1.2"));
  clock += 1s;
  BOOST_TEST(resolved({"10.0.1.1"}) == names{"web"});
  BOOST_TEST(!has("10.0.1.2"));
  BOOST_TEST(has("10.0.1.1"));
}

BOOST_FIXTURE_TEST_CASE(an_address_that_is_seen_now_and_then_stays, held_book) {
  for (int i = 0; i < 20; ++i) {
    clock += 20s;
    resolved({i % 2 == 0 ? "10.0.1.1" : "10.0.1.2"});
    BOOST_TEST((has("10.0.1.1") && has("10.0.1.2")), i);
  }
}

// However long ago it was seen: one answer may be partial.
BOOST_FIXTURE_TEST_CASE(no_address_leaves_with_the_first_answer_without_it, held_book) {
  book.failed("a.example", "no answer");
  clock += 1h;
  resolved({"10.0.1.1"});
  BOOST_TEST(has("10.0.1.2"));
}

BOOST_FIXTURE_TEST_CASE(a_cached_answer_counts_once_for_its_time_to_live, held_book) {
  resolved({"10.0.1.1"}, 120s);
  clock += 119s;
  resolved({"10.0.1.1"}, 1s);
  BOOST_TEST(has("10.0.1.2"));
  clock += 1s;
  resolved({"10.0.1.1"}, 120s);
  BOOST_TEST(!has("10.0.1.2"));
  resolved({"10.0.1.3"}, 24h);
  clock += name_book::longest_ttl;
  resolved({"10.0.1.3"}, 24h);
  BOOST_TEST(!has("10.0.1.1"));
}

BOOST_FIXTURE_TEST_CASE(the_first_address_moves_at_once_unless_its_whole_family_is_missing,
                        held_book) {
  web = of("web", {named("s2", "a.example"), fixed});
  book.take("web", web);
  BOOST_TEST(now().contains("s2 10.0.1.1"));
  BOOST_TEST(resolved({"2001:db8::1"}) == names{"web"});
  BOOST_TEST(now().contains("s2 10.0.1.1"));
  resolved({"10.0.1.3", "2001:db8::1"});
  BOOST_TEST(now().contains("s2 10.0.1.3"));
  resolved({"2001:db8::1"});
  clock += 30s;
  resolved({"2001:db8::1"});
  BOOST_TEST(now().contains("s2 2001:db8::1"));
}

// An earlier run has told HAProxy of addresses that the first answer may lack.
BOOST_FIXTURE_TEST_CASE(what_haproxy_has_of_a_name_may_leave_a_while_after_its_first_answer,
                        held_book) {
  BOOST_TEST(now().size() == 3U);
  BOOST_TEST(unread.covers("s2-10.0.1.9"));
  BOOST_TEST(!unread.lacking());
  clock += 29s;
  BOOST_TEST(resolved({"10.0.1.1", "10.0.1.2"}).empty());
  clock += 1s;
  BOOST_TEST(resolved({"10.0.1.1", "10.0.1.2"}) == names{"web"});
  now();
  BOOST_TEST(!unread.any());
}

// A name server that makes up addresses, each time others.
BOOST_FIXTURE_TEST_CASE(held_addresses_are_bounded_and_those_of_the_answer_stay, held_book) {
  for (int i = 0; i < 1000; ++i)
    resolved({"10.0.1.1", "10.7." + std::to_string(i / 250) + '.' + std::to_string(i % 250)});
  BOOST_TEST(now().size() == name_book::most_addresses + 1);
  BOOST_TEST(has("10.0.1.1"));
  BOOST_TEST(has("10.7.3.249"));
}

BOOST_AUTO_TEST_CASE(of_very_many_addresses_in_any_order_the_same_ones_stay) {
  web_book b({named("s2", "a.example", name_resolution::all)});
  addresses many;
  for (int i = 0; i < 300; ++i)
    many.push_back("10.1." + std::to_string(i / 250) + '.' + std::to_string(i % 250));
  b.resolved(many);
  const auto before = b.now();
  std::ranges::reverse(many);
  BOOST_TEST(b.resolved(many).empty());
  BOOST_TEST(b.now() == before);
}

// -- versions of a backend that are not used

BOOST_AUTO_TEST_CASE(names_of_a_version_that_is_not_used_are_known_when_it_stands_in) {
  name_book book;
  const auto mine = of("web", {named("s1", "a.example")});
  const auto theirs = of("web", {named("s1", "b.example")});
  BOOST_TEST(book.take("web", mine, {mine, theirs}));
  BOOST_TEST(!book.take("web", mine, {mine, theirs}));
  BOOST_TEST(book.names() == (names{"a.example", "b.example"}));
  BOOST_TEST(book.unresolved() == addresses{"a.example"});
  BOOST_TEST(book.resolved("b.example", {{"10.0.0.2"}}, {}).empty());
  BOOST_TEST(book.take("web", theirs, {theirs}));
  book.forget_unused();
  BOOST_TEST(book.names() == names{"b.example"});
  unread none;
  BOOST_TEST(book.addressed(theirs, none)->servers.at(0).address == "10.0.0.2");
  BOOST_TEST(!none.any());
  BOOST_TEST(book.take("web", nullptr));
  book.forget_unused();
  BOOST_TEST(book.empty());
}

// Backends that change together are taken one after the other.
BOOST_AUTO_TEST_CASE(a_name_that_moves_to_another_backend_keeps_its_address) {
  name_book book;
  const auto blue = of("blue", {named("s1", "a.example")});
  const auto green = of("green", {named("s1", "a.example")});
  book.take("blue", blue);
  book.forget_unused();
  book.resolved("a.example", {{"10.0.0.1"}}, {});
  BOOST_TEST(book.take("blue", nullptr));
  BOOST_TEST(book.unresolved().empty());
  BOOST_TEST(book.take("green", green));
  book.forget_unused();
  unread none;
  BOOST_TEST(book.addressed(green, none)->servers.at(0).address == "10.0.0.1");
  BOOST_TEST(!none.any());
  BOOST_TEST((book.resolved("a.example", {{"10.0.0.2"}}, {}) == names{"green"}));
}

BOOST_AUTO_TEST_CASE(a_name_that_nobody_uses_yet_fails_without_a_word) {
  name_book book;
  const auto mine = of("web", {fixed});
  const auto theirs = of("web", {named("s1", "b.example")});
  book.take("web", mine, {mine, theirs});
  BOOST_TEST(!book.failed("b.example", "no such name"));
  BOOST_TEST(book.failures().empty());
  book.take("web", theirs, {theirs});
  BOOST_TEST(book.failures().size() == 1U);
  BOOST_TEST(book.failed("b.example", "no such name"));
  BOOST_TEST(!book.failed("b.example", "no such name"));
}

// --

BOOST_AUTO_TEST_CASE(a_server_of_the_source_goes_before_one_that_is_made_of_an_address) {
  server own{"s2-10.0.1.1", "10.9.9.9", 80};
  web_book b({named("s2", "a.example", name_resolution::all), own});
  b.resolved({"10.0.1.1"});
  BOOST_TEST(b.now() == (names{"s1 10.0.0.1", "s2-10.0.1.1 10.9.9.9"}));
}

BOOST_AUTO_TEST_CASE(a_name_that_stops_resolving_keeps_its_last_address_and_is_told_of) {
  web_book b({named("s2", "a.example")});
  b.resolved({"10.0.1.2"});
  BOOST_TEST(b.book.failed("a.example", "no such name"));
  BOOST_TEST(!b.book.failed("a.example", "no such name"));
  BOOST_TEST(b.now().contains("s2 10.0.1.2"));
  const auto told = b.book.failures();
  BOOST_REQUIRE_EQUAL(told.size(), 1U);
  BOOST_TEST((told[0] == name_book::failure{"a.example", "no such name", {"10.0.1.2"}, "web"}));
  b.resolved({"10.0.1.2"});
  BOOST_TEST(b.book.failures().empty());
}

BOOST_AUTO_TEST_CASE(names_come_and_go_with_the_backends_that_use_them) {
  name_book book;
  BOOST_TEST(book.take("web", of("web", {named("s1", "a.example"), named("s2", "b.example")})));
  BOOST_TEST(book.take("api", of("api", {named("s1", "b.example")})));
  BOOST_TEST(book.names() == (names{"a.example", "b.example"}));
  BOOST_TEST(book.resolved("b.example", {{"10.0.0.1"}}, {}) == (names{"api", "web"}));
  BOOST_TEST(book.take("web", of("web", {named("s1", "a.example")})));
  BOOST_TEST(book.resolved("b.example", {{"10.0.0.2"}}, {}) == names{"api"});
  BOOST_TEST(book.take("api", nullptr));
  book.forget_unused();
  BOOST_TEST(book.names() == names{"a.example"});
  BOOST_TEST(!book.take("web", of("web", {named("s9", "a.example")})));
  BOOST_TEST(book.take("web", of("web", {fixed})));
  book.forget_unused();
  BOOST_TEST(book.empty());
  BOOST_TEST(book.resolved("a.example", {{"10.0.0.1"}}, {}).empty());
  BOOST_TEST(!book.failed("a.example", "late"));
}

BOOST_AUTO_TEST_CASE(very_many_addresses_are_cut) {
  web_book b({named("s2", "a.example", name_resolution::all)});
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i)
    many.push_back("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250));
  b.resolved(many);
  BOOST_TEST(b.now().size() == name_book::most_addresses + 1);
}

BOOST_AUTO_TEST_SUITE_END()
