// Figures of /metrics that say that something is not as it should be.

#include <boost/test/unit_test.hpp>
#include <future>

#include "haproxy/replies.hpp"
#include "tests/integration/observed.hpp"
#include "tests/support/http_api.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_bad_figures)

namespace {

struct bad_figures : observed {};

struct bad_figures_attached : observed {
  bad_figures_attached() : observed(options()) {}
  static site_options options() {
    site_options o;
    o.managed = false;
    return o;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_worker_that_ends_its_connections_is_counted, bad_figures) {
  std::promise<void> let_go;
  const std::shared_future<void> released(let_go.get_future());
  const http_api slow([&](const http_api::request&) {
    released.wait();
    return http_api::answer(200, "late");
  });
  db.sql("UPDATE servers SET port = " + std::to_string(slow.port()));
  BOOST_REQUIRE(all->server_becomes("api-backend", "srv1",
                                    "127.0.0.1:" + std::to_string(slow.port()) + " 100 ready"));
  const auto old_workers = [&] {
    const auto proc = haproxy::parse_proc(ask_socket(all->master_socket(), "show proc"));
    return proc ? static_cast<double>(proc->old_workers.size()) : -1.0;
  };
  auto answer = std::async(std::launch::async, [&] {
    return http_get(all->port(), "/", "test", std::chrono::seconds(60));
  });
  BOOST_REQUIRE(eventually([&] { return !slow.requests().empty(); }));
  db.sql(insert_backend_of_its_own_kind("own-kind"));
  BOOST_TEST(eventually([&] {
               return old_workers() == 1 && count("switchyard_haproxy_old_workers") == 1;
             }),
             scrape().text());
  let_go.set_value();
  BOOST_TEST(answer.get().body == "late");
  BOOST_TEST(eventually([&] {
               return old_workers() == 0 && count("switchyard_haproxy_old_workers") == 0;
             }),
             scrape().text());
}

BOOST_FIXTURE_TEST_CASE(a_source_that_is_away_is_not_up, bad_figures) {
  const auto up = [&] { return scrape().value("switchyard_provider_up{provider=\"db\"}"); };
  BOOST_REQUIRE(eventually([&] { return up() == 1.0; }));
  database().stop();
  const bool fell = eventually([&] { return up() == 0.0; });
  database().start();
  BOOST_TEST(fell, all->log());
  BOOST_TEST(eventually([&] { return up() == 1.0; }, std::chrono::seconds(30)), all->log());
}

BOOST_FIXTURE_TEST_CASE(a_refused_row_is_counted_until_all_is_read_without_it, bad_figures) {
  const auto refused = [&] { return count("switchyard_refused_objects{provider=\"db\"}"); };
  db.sql(R"(INSERT INTO backends (name, options) VALUES ('odd', '{"colour": "red"}'))");
  BOOST_TEST(eventually([&] { return refused() == 1; }), scrape().text());
  db.sql("DELETE FROM backends WHERE name = 'odd'");
  BOOST_TEST(database().terminate_sessions("postgres") > 0U);
  BOOST_TEST(eventually([&] { return refused() == 0; }), scrape().text());
}

BOOST_FIXTURE_TEST_CASE(a_reload_that_fails_is_counted_as_failed, bad_figures_attached) {
  const std::string failed = "switchyard_reloads_total{result=\"failed\"}";
  BOOST_TEST(count(failed) == 0);
  write_text(all->file("base.cfg"), read_text(all->file("base.cfg")) + "nonsense\n");
  db.sql(insert_backend_of_its_own_kind("own-kind"));
  BOOST_TEST(eventually([&] { return count(failed) >= 1; }), all->log());
}

BOOST_FIXTURE_TEST_CASE(what_never_failed_has_zero_restarts_from_the_start, bad_figures) {
  for (const auto* actor : {"api", "manager", "provider db", "timer", "writer"}) {
    const auto restarts =
        scrape().value("switchyard_actor_restarts_total{actor=\"" + std::string(actor) + "\"}");
    BOOST_REQUIRE_MESSAGE(restarts.has_value(), actor);
    BOOST_TEST(*restarts == 0, actor);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
