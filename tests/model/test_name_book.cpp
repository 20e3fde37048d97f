#include <boost/test/unit_test.hpp>

#include "model/name_book.hpp"

using namespace switchyard::model;

namespace {

using names = std::set<std::string>;

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
  backend_ptr web;
  name_book book;
  switchyard::model::unread unread;
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
  BOOST_TEST(all.unread.servers);
}

// Servers that a name is to take the place of stay until somebody knows where that is.
BOOST_AUTO_TEST_CASE(nobody_leaves_for_a_name_that_was_never_resolved) {
  name_book book;
  const auto web = of("web", {named("s2", "a.example")});
  book.take("web", web);
  unread u;
  BOOST_TEST(book.addressed(web, u)->servers.empty());
  BOOST_TEST(u.servers);
  BOOST_TEST(book.resolved("a.example", {"10.0.0.2"}) == names{"web"});
  u = {};
  book.addressed(web, u);
  BOOST_TEST(!u.any());
}

BOOST_AUTO_TEST_CASE(the_first_address_is_taken_and_kept_while_it_is_among_the_answers) {
  web_book b({named("s2", "a.example")});
  BOOST_TEST(b.book.resolved("a.example", {"10.0.1.2", "10.0.1.1"}) == names{"web"});
  BOOST_TEST(b.now() == (names{"s1 10.0.0.1", "s2 10.0.1.2"}));
  BOOST_TEST(!b.unread.any());
  BOOST_TEST(b.book.resolved("a.example", {"10.0.1.1", "10.0.1.2"}).empty());
  b.book.resolved("a.example", {"10.0.1.0", "10.0.1.2"});
  BOOST_TEST(b.now().contains("s2 10.0.1.2"));
  b.book.resolved("a.example", {"10.0.1.9", "10.0.1.0"});
  BOOST_TEST(b.now().contains("s2 10.0.1.9"));
}

BOOST_AUTO_TEST_CASE(each_of_all_addresses_is_a_server) {
  web_book b({named("s2", "a.example", name_resolution::all)});
  b.book.resolved("a.example", {"10.0.1.2", "2001:db8::1", "10.0.1.1", "10.0.1.2"});
  BOOST_TEST(b.now() == (names{"s1 10.0.0.1", "s2-10.0.1.1 10.0.1.1", "s2-10.0.1.2 10.0.1.2",
                               "s2-2001:db8::1 2001:db8::1"}));
  b.book.resolved("a.example", {"10.0.1.2"});
  BOOST_TEST(b.now() == (names{"s1 10.0.0.1", "s2-10.0.1.2 10.0.1.2"}));
}

BOOST_AUTO_TEST_CASE(a_server_of_the_source_goes_before_one_that_is_made_of_an_address) {
  server own{"s2-10.0.1.1", "10.9.9.9", 80};
  web_book b({named("s2", "a.example", name_resolution::all), own});
  b.book.resolved("a.example", {"10.0.1.1"});
  BOOST_TEST(b.now() == (names{"s1 10.0.0.1", "s2-10.0.1.1 10.9.9.9"}));
}

BOOST_AUTO_TEST_CASE(a_name_that_stops_resolving_keeps_its_last_address_and_is_told_of) {
  web_book b({named("s2", "a.example")});
  b.book.resolved("a.example", {"10.0.1.2"});
  BOOST_TEST(b.book.failed("a.example", "no such name"));
  BOOST_TEST(!b.book.failed("a.example", "no such name"));
  BOOST_TEST(b.now().contains("s2 10.0.1.2"));
  const auto told = b.book.failures();
  BOOST_REQUIRE_EQUAL(told.size(), 1U);
  BOOST_TEST((told[0] == name_book::failure{"a.example", "no such name", {"10.0.1.2"}, "web"}));
  b.book.resolved("a.example", {"10.0.1.2"});
  BOOST_TEST(b.book.failures().empty());
}

BOOST_AUTO_TEST_CASE(names_come_and_go_with_the_backends_that_use_them) {
  name_book book;
  BOOST_TEST(book.take("web", of("web", {named("s1", "a.example"), named("s2", "b.example")})));
  BOOST_TEST(book.take("api", of("api", {named("s1", "b.example")})));
  BOOST_TEST(book.names() == (names{"a.example", "b.example"}));
  BOOST_TEST(book.resolved("b.example", {"10.0.0.1"}) == (names{"api", "web"}));
  BOOST_TEST(book.take("web", of("web", {named("s1", "a.example")})));
  BOOST_TEST(book.resolved("b.example", {"10.0.0.2"}) == names{"api"});
  BOOST_TEST(book.take("api", nullptr));
  BOOST_TEST(book.names() == names{"a.example"});
  BOOST_TEST(!book.take("web", of("web", {named("s9", "a.example")})));
  BOOST_TEST(book.take("web", of("web", {fixed})));
  BOOST_TEST(book.empty());
  BOOST_TEST(book.resolved("a.example", {"10.0.0.1"}).empty());
  BOOST_TEST(!book.failed("a.example", "late"));
}

BOOST_AUTO_TEST_CASE(very_many_addresses_are_cut) {
  web_book b({named("s2", "a.example", name_resolution::all)});
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i)
    many.push_back("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250));
  b.book.resolved("a.example", many);
  BOOST_TEST(b.now().size() == name_book::most_addresses + 1);
}

BOOST_AUTO_TEST_SUITE_END()
