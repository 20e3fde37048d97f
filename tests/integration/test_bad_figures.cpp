// Figures of /metrics that say that something is not as it should be.

#include <boost/test/unit_test.hpp>
#include <future>

#include "haproxy/replies.hpp"
#include "tests/integration/command_line.hpp"
#include "tests/integration/observed.hpp"
#include "tests/support/http_api.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_bad_figures)

namespace {

struct bad_figures : observed {};

struct bad_figures_uncompared : observed {
  bad_figures_uncompared() : observed(options()) {}
  static site_options options() {
    site_options o;
    o.reconcile = "10m";
    return o;
  }
};

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

BOOST_FIXTURE_TEST_CASE(a_refused_row_is_counted_until_it_is_gone_or_mended, bad_figures) {
  const auto is = [&](double wanted) {
    const auto refused = [&] { return count("switchyard_refused_objects{provider=\"db\"}"); };
    const auto told = [&] {
      return status().at("providers").at(0).at("refused").at("count").get<double>();
    };
    BOOST_TEST(eventually([&] { return refused() == wanted && told() == wanted; }),
               status().dump());
  };
  db.sql(R"(INSERT INTO backends (name, options) VALUES ('odd', '{"colour": "red"}'))");
  is(1);
  db.sql("DELETE FROM backends WHERE name = 'odd'");
  is(0);
  db.sql(R"(UPDATE servers SET options = '{"colour": "red"}')");
  is(1);
  db.sql("UPDATE servers SET options = '{}'");
  is(0);
}

BOOST_FIXTURE_TEST_CASE(a_command_that_haproxy_refuses_is_counted, bad_figures_uncompared) {
  const std::string refused =
      "switchyard_runtime_commands_total{command=\"add server\",result=\"refused\"}";
  BOOST_TEST(count(refused) == 0);
  // What it does not know of yet has the name already. A look at the backend may come in between.
  int number = 0;
  BOOST_TEST(eventually([&] {
               const auto name = "taken" + std::to_string(++number);
               all->command("add server api-backend/" + name + " 127.0.0.1:1");
               add(name);
               BOOST_REQUIRE(eventually([&] { return all->log_has("api-backend/" + name); }));
               return count(refused) >= 1;
             }),
             all->log());
}

BOOST_FIXTURE_TEST_CASE(a_reload_that_fails_is_counted_as_failed, bad_figures_attached) {
  const std::string failed = "switchyard_reloads_total{result=\"failed\"}";
  BOOST_TEST(count(failed) == 0);
  write_text(all->file("base.cfg"), read_text(all->file("base.cfg")) + "nonsense\n");
  db.sql(insert_backend_of_its_own_kind("own-kind"));
  BOOST_TEST(eventually([&] { return count(failed) >= 1; }), all->log());
  const auto shown = switchyard({"status", "--config", all->settings_file()});
  BOOST_TEST(contains(shown.output, " failed: "), shown.output);
  BOOST_TEST(contains(shown.output, "(new backend own-kind)"), shown.output);
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
