#include "haproxy/transaction.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/haproxy/config_samples.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

using namespace haproxy;
using base::errc;

namespace {

struct transaction_fixture {
  temp_dir dir;
  config::haproxy_settings settings = settings_in(dir.path().string());
  configuration current = configuration_of({make_backend("a", 3), make_backend("b", 2)}, settings);
  config_store store{settings};
  transaction t = transaction::begin(current);

  std::string file() const { return read_text(settings.config_file); }
  std::string drafted() const { return t.draft().text(); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(transaction_, transaction_fixture)

BOOST_AUTO_TEST_CASE(an_untouched_one_changes_nothing) {
  BOOST_TEST(!t.changed());
  BOOST_TEST(!t.changes_layout());
  BOOST_TEST(drafted() == current.text());
}

BOOST_AUTO_TEST_CASE(edits_touch_only_the_draft) {
  const auto before = current.text();
  auto added = make_server("srv9", "10.9.9.9");
  BOOST_REQUIRE(t.upsert_server("a", added));
  BOOST_REQUIRE(t.remove_server("b", "srv0"));
  BOOST_REQUIRE(t.upsert_backend(make_backend("c")));
  BOOST_TEST(current.text() == before);
  BOOST_TEST(drafted() != before);
  BOOST_TEST(file().empty());
}

BOOST_AUTO_TEST_CASE(editing_servers_one_by_one_gives_what_rendering_the_backend_gives) {
  auto wanted = make_backend("a", 12);
  for (auto at = wanted.servers.rbegin(); at != wanted.servers.rend(); ++at)
    BOOST_REQUIRE(t.upsert_server("a", *at));
  BOOST_TEST((*t.draft().backends.at("a") == render_backend(wanted).value()));
  wanted.servers[3].weight = 7;
  BOOST_REQUIRE(t.upsert_server("a", wanted.servers[3]));
  BOOST_REQUIRE(t.remove_server("a", wanted.servers[5].name));
  wanted.servers.erase(wanted.servers.begin() + 5);
  BOOST_TEST((*t.draft().backends.at("a") == render_backend(wanted).value()));
}

BOOST_AUTO_TEST_CASE(a_server_whose_name_begins_another_name_is_its_own) {
  for (const auto* name : {"x", "x-1", "x.1", "x1"})
    BOOST_REQUIRE(t.upsert_server("a", make_server(name)));
  BOOST_REQUIRE(t.remove_server("a", "x"));
  for (const auto* name : {"x-1", "x.1", "x1"}) BOOST_CHECK(t.remove_server("a", name));
  BOOST_TEST(drafted() == current.text());
}

BOOST_AUTO_TEST_CASE(server_edits_need_no_reload) {
  BOOST_REQUIRE(t.upsert_server("a", make_server("new")));
  BOOST_REQUIRE(t.remove_server("b", "srv0"));
  BOOST_REQUIRE(t.upsert_backend(make_backend("b", 7)));
  BOOST_TEST(t.changed());
  BOOST_TEST(!t.changes_layout());
}

BOOST_AUTO_TEST_CASE(settings_backends_and_the_head_need_a_reload) {
  auto changed = make_backend("a", 3);
  changed.settings.balance = model::balance_algorithm::leastconn;
  BOOST_REQUIRE(t.upsert_backend(changed));
  BOOST_TEST(t.changes_layout());
  t.rollback();
  BOOST_REQUIRE(t.upsert_backend(make_backend("new")));
  BOOST_TEST(t.changes_layout());
  t.rollback();
  BOOST_REQUIRE(t.remove_backend("a"));
  BOOST_TEST(t.changes_layout());
  t.rollback();
  t.set_head(current.head + "\n");
  BOOST_TEST(t.changes_layout());
}

BOOST_AUTO_TEST_CASE(edits_that_cancel_out_change_nothing) {
  BOOST_REQUIRE(t.upsert_server("a", make_server("new")));
  BOOST_TEST(t.changed());
  BOOST_REQUIRE(t.remove_server("a", "new"));
  BOOST_REQUIRE(t.upsert_backend(make_backend("b", 2)));
  t.set_head(current.head);
  BOOST_TEST(!t.changed());
  BOOST_TEST(!t.changes_layout());
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_not_found) {
  for (const auto& kind :
       {t.remove_backend("x").error().kind, t.upsert_server("x", make_server("s")).error().kind,
        t.remove_server("x", "s").error().kind, t.remove_server("a", "s").error().kind})
    BOOST_TEST((kind == errc::not_found));
  BOOST_TEST(!t.changed());
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_written_leaves_the_draft_as_it_was) {
  BOOST_TEST((t.upsert_server("a", make_server("s", "localhost")).error().kind == errc::invalid));
  auto b = make_backend("a");
  b.servers[1].name = "a b";
  BOOST_TEST((t.upsert_backend(b).error().kind == errc::invalid));
  BOOST_TEST(!t.changed());
}

BOOST_AUTO_TEST_CASE(a_commit_writes_the_file_and_ends_the_transaction) {
  BOOST_REQUIRE(t.upsert_backend(make_backend("c")));
  const auto committed = t.commit(store, transaction::purpose::load, transaction::previous::keep);
  BOOST_REQUIRE_MESSAGE(committed, (committed ? "" : committed.error().message));
  BOOST_TEST(file() == committed->text());
  BOOST_TEST(committed->backends.contains("c"));
  BOOST_TEST(!t.changed());
}

// HAProxy would be called one that was loaded with another file.
BOOST_AUTO_TEST_CASE(a_load_of_other_servers_alone_keeps_the_layout) {
  current.loaded_as = "0123456789abcdef";  // a backend came since, at run time
  current.profiles = profiles_for(current.backends, {});
  auto servers = transaction::begin(current);
  BOOST_REQUIRE(servers.upsert_server("a", make_server("new")));
  const auto same = servers.commit(store, transaction::purpose::load, transaction::previous::keep);
  BOOST_REQUIRE_MESSAGE(same, (same ? "" : same.error().message));
  BOOST_TEST(same->layout() == current.loaded_as);
  BOOST_REQUIRE(servers.upsert_backend(make_backend("c")));
  const auto other = servers.commit(store, transaction::purpose::load, transaction::previous::keep);
  BOOST_REQUIRE(other);
  BOOST_TEST(other->layout() == other->fingerprint());
}

BOOST_AUTO_TEST_CASE(a_refused_commit_leaves_the_file_and_the_open_transaction) {
  BOOST_REQUIRE(store.write(current));
  BOOST_REQUIRE(t.upsert_backend(make_backend("c")));
  t.set_head(current.head + "    no-such-keyword\n");
  const auto refused = t.commit(store, transaction::purpose::load, transaction::previous::keep);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == errc::refused));
  BOOST_TEST(file() == current.text());
  BOOST_TEST(t.changed());
  t.set_head(current.head);
  BOOST_CHECK(t.commit(store, transaction::purpose::load, transaction::previous::keep));
  BOOST_TEST(store.load().value().backends.contains("c"));
}

BOOST_AUTO_TEST_CASE(even_without_haproxy_the_invariants_stop_a_commit) {
  BOOST_REQUIRE(store.write(current));
  t.set_head(current.head + "    x \"${HOME}\"\n");
  const auto refused = t.commit(store, transaction::purpose::record, transaction::previous::keep);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == errc::invalid));
  BOOST_TEST(file() == current.text());
  BOOST_TEST(t.changed());
}

BOOST_AUTO_TEST_CASE(a_rollback_drops_all_edits) {
  BOOST_REQUIRE(t.upsert_server("a", make_server("new")));
  BOOST_REQUIRE(t.remove_backend("b"));
  t.rollback();
  BOOST_TEST(!t.changed());
  BOOST_TEST(drafted() == current.text());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
