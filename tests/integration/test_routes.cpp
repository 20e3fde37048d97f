// Routes: rows that choose the backend by host and path, without a reload.

#include <signal.h>

#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <thread>

#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_routes)

namespace {

std::string route(std::string_view host, std::string_view path, std::string_view backend) {
  return "INSERT INTO routes (host, path, backend) VALUES ('" + std::string(host) + "', '" +
         std::string(path) + "', '" + std::string(backend) + "');";
}

struct routed {
  http_upstream a{"a"}, b{"b"}, c{"c"}, fallback{"default"};
  schema db;
  site gateway;
  pid_t worker = 0;

  routed() : gateway(prepared(), unguarded()) {
    BOOST_REQUIRE_MESSAGE(eventually([&] { return answer("other.org", "/") == "default"; }),
                          gateway.log());
    BOOST_REQUIRE(gateway.tells_of_backend("api-backend"));
    worker = gateway.worker_pid();
  }

  static site_options unguarded() {
    site_options o;
    o.more = guard_off;  // the last route goes
    return o;
  }

  std::string prepared() {
    db.sql(insert_server("api-backend", "s", fallback.port()) +
           insert_server("back-a", "s", a.port()) + insert_server("back-b", "s", b.port()) +
           insert_server("back-c", "s", c.port()));
    return db.provider_yaml();
  }

  /// The body, or the status when it is not 200.
  std::string answer(const std::string& host, const std::string& path) const {
    const auto got = http_get(gateway.port(), path, host);
    return got.status == 200 ? got.body : std::to_string(got.status);
  }
  bool becomes(const std::string& host, const std::string& path, const std::string& wanted) const {
    return eventually([&] { return answer(host, path) == wanted; });
  }
  std::string map() const { return gateway.command("show map " + map_file()); }
  std::string map_file() const { return gateway.file("haproxy.routes.map"); }
};

/// Asks for two routes that move together, in turn and all the time: once one of them has moved,
/// neither may be as it was.
class mixture_watch {
 public:
  mixture_watch(const routed& site, std::string one, std::string other)
      : thread_([this, &site, hosts = std::array{std::move(one), std::move(other)}] {
          while (!over_)
            for (const auto& host : hosts) note(site.answer(host, "/p"));
        }) {}
  ~mixture_watch() { stop(); }
  mixture_watch(const mixture_watch&) = delete;
  mixture_watch& operator=(const mixture_watch&) = delete;

  bool moved() const { return moved_; }
  /// What was wrong, "" for nothing.
  std::string stop() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
    return wrong_;
  }

 private:
  void note(const std::string& answer) {
    if (answer == "b")
      moved_ = true;
    else if (answer != "a" || moved_)
      wrong_ += "answered " + answer + (moved_ ? " after b; " : "; ");
  }

  std::string wrong_;
  std::atomic<bool> moved_ = false;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(routes, routed)

BOOST_AUTO_TEST_CASE(the_most_specific_host_then_the_longest_path_wins) {
  db.sql("BEGIN;" + route("example.com", "/", "back-a") + route("example.com", "/v1", "back-b") +
         route("*.example.com", "/", "back-c") + route("", "/any", "back-a") + "COMMIT;");
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  BOOST_TEST(answer("EXAMPLE.com:80", "/v1") == "b");
  BOOST_TEST(answer("example.com.", "/v1/x?y=/v2") == "b");
  BOOST_TEST(answer("example.com", "/v10") == "a");
  BOOST_TEST(answer("www.example.com", "/v1") == "c");
  BOOST_TEST(answer("a.b.example.com", "/") == "default");
  BOOST_TEST(answer("other.org", "/any/x") == "a");
  BOOST_TEST(answer("other.org", "/") == "default");
  BOOST_TEST(answer("www.example.com", "/any") == "c");
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(changes_and_removals_of_routes_need_no_reload) {
  db.sql(route("example.com", "/", "back-a"));
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  continuous_load load(gateway.port(), 2);
  db.sql("UPDATE routes SET backend = 'back-b'");
  BOOST_TEST(becomes("example.com", "/", "b"));
  db.sql("UPDATE routes SET path = '/moved'");
  BOOST_TEST(becomes("example.com", "/moved", "b"));
  BOOST_TEST(becomes("example.com", "/", "default"));
  db.sql("DELETE FROM routes");
  BOOST_TEST(becomes("example.com", "/moved", "default"));
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(a_route_to_a_backend_that_nobody_has_answers_503_until_it_comes) {
  db.sql(route("example.com", "/", "back-d"));
  BOOST_TEST(becomes("example.com", "/", "503"), gateway.log());
  db.sql(insert_server("back-d", "s", a.port()));
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  BOOST_TEST((gateway.worker_pid() == worker) == haproxy_adds_backends());
}

BOOST_AUTO_TEST_CASE(a_route_that_moves_to_a_new_backend_fails_no_request) {
  db.sql(route("", "/", "back-a"));
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  continuous_load load(gateway.port(), 2);
  db.sql("BEGIN;" + insert_server("back-e", "s", b.port()) +
         "UPDATE routes SET backend = 'back-e'; COMMIT;");
  BOOST_TEST(becomes("example.com", "/", "b"), gateway.log());
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
}

BOOST_AUTO_TEST_CASE(routes_survive_a_restart_of_haproxy_and_are_repaired) {
  db.sql(route("example.com", "/", "back-a"));
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  gateway.command("del map " + map_file() + " example.com/");
  gateway.command("add map " + map_file() + " foreign/ back-b");
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  BOOST_TEST(eventually([&] { return map().find("foreign") == std::string::npos; }));
  BOOST_TEST(eventually([&] { return read_text(map_file()) == "example.com/ back-a\n"; }));
  const auto master = gateway.master_pid();
  BOOST_REQUIRE(master > 0);
  BOOST_TEST(::kill(master, SIGKILL) == 0);
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
}

BOOST_AUTO_TEST_CASE(servers_that_leave_wait_for_their_routes_to_move) {
  db.sql(route("", "/", "back-a"));
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  continuous_load load(gateway.port(), 2);
  db.sql(
      "BEGIN; DELETE FROM servers WHERE backend = 'back-a';"
      "UPDATE routes SET backend = 'back-b'; COMMIT;");
  BOOST_TEST(becomes("example.com", "/", "b"), gateway.log());
  const auto totals = load.stop();
  BOOST_TEST(totals.failed == 0U, totals.first_failure);
}

BOOST_AUTO_TEST_CASE(the_maps_file_follows_what_haproxy_has) {
  const auto file_becomes = [&](const std::string& text) {
    return eventually([&] { return read_text(map_file()) == text; });
  };
  db.sql(route("example.com", "/", "back-d"));
  BOOST_TEST(file_becomes("example.com/ *\n"), read_text(map_file()));
  db.sql(insert_server("back-d", "s", a.port()));
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  BOOST_TEST(file_becomes("example.com/ back-d\n"), read_text(map_file()));
  db.sql("DELETE FROM servers WHERE backend = 'back-d'");
  BOOST_TEST(becomes("example.com", "/", "503"), gateway.log());
  BOOST_TEST(file_becomes("example.com/ *\n"), read_text(map_file()));
}

BOOST_AUTO_TEST_CASE(a_deleted_map_file_stops_no_reload) {
  std::filesystem::remove(map_file());
  db.sql(insert_server("back-d", "s", a.port()) + route("example.com", "/", "back-d"));
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
}

BOOST_AUTO_TEST_CASE(an_haproxy_that_ends_after_its_map_file_comes_back_with_the_routes) {
  db.sql(route("example.com", "/", "back-a"));
  BOOST_REQUIRE(eventually([&] { return read_text(map_file()) == "example.com/ back-a\n"; }));
  const auto master = gateway.master_pid();
  BOOST_REQUIRE(master > 0);
  std::filesystem::remove(map_file());
  BOOST_TEST(::kill(master, SIGKILL) == 0);
  BOOST_TEST(eventually([&] {
               const auto now = gateway.master_pid();
               return now > 0 && now != master;
             }),
             gateway.log());
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  BOOST_TEST(eventually(
      [&] { return gateway.log_has("haproxy.routes.map was removed by somebody else"); }));
}

BOOST_AUTO_TEST_CASE(a_map_file_that_somebody_edits_is_written_anew) {
  db.sql(route("example.com", "/", "back-a"));
  const std::string ours = "example.com/ back-a\n";
  BOOST_REQUIRE(eventually([&] { return read_text(map_file()) == ours; }));
  write_text(map_file(), "mine\n");
  BOOST_TEST(eventually([&] { return read_text(map_file()) == ours; }), gateway.log());
  BOOST_TEST(eventually(
      [&] { return gateway.log_has("haproxy.routes.map was changed by somebody else"); }));
  BOOST_TEST(answer("example.com", "/") == "a");
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_CASE(an_entry_that_no_command_can_name_does_not_stop_the_others) {
  gateway.command("add map " + map_file() + " it's/ back-b");
  BOOST_REQUIRE(map().find("it's/") != std::string::npos);
  db.sql(route("example.com", "/", "back-a"));
  BOOST_TEST(becomes("example.com", "/", "a"), gateway.log());
  BOOST_TEST(eventually([&] { return map().find("it's") == std::string::npos; }));
}

BOOST_AUTO_TEST_CASE(a_backend_in_mode_tcp_takes_no_routes) {
  db.sql("INSERT INTO backends (name, mode) VALUES ('back-t', 'tcp');" +
         insert_server("back-t", "s", a.port()) + route("example.com", "/", "back-t"));
  BOOST_TEST(eventually([&] { return gateway.backend_exists("back-t"); }), gateway.log());
  BOOST_TEST(becomes("example.com", "/", "503"), gateway.log());
}

BOOST_AUTO_TEST_CASE(the_documented_frontend_follows_the_routes) {
  const auto docs = read_text(SWITCHYARD_SOURCE_DIR "/docs/routes.md");
  const auto begin = docs.find("```haproxy\n") + 11;
  auto text = docs.substr(begin, docs.find("```", begin) - begin);
  const auto own_port = std::to_string(free_port());
  const auto replace = [&text](const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
      text.replace(at, what.size(), by);
  };
  db.sql(route("example.com", "/v1", "back-a") + route("*.example.com", "/", "gone"));
  replace("8081", own_port);
  replace("/var/lib/switchyard", "@FOLDER@");
  auto options = unguarded();
  options.base = text + "    use_backend %[str(api-backend)]\n";  // as the page says
  site second(db.provider_yaml(), options);
  const auto port = static_cast<std::uint16_t>(std::stoi(own_port));
  const auto own = [&](const std::string& host, const std::string& path) {
    return http_get(port, path, host).body;
  };
  BOOST_TEST(eventually([&] { return own("example.com", "/v1") == "a"; }), second.log());
  BOOST_TEST(http_get(port, "/", "www.example.com").status == 503);
  BOOST_TEST(eventually([&] { return own("other.org", "/") == "default"; }), second.log());
  const auto its_worker = second.worker_pid();
  db.sql("UPDATE routes SET backend = 'back-b' WHERE host = 'example.com'");
  BOOST_TEST(eventually([&] { return own("example.com", "/v1") == "b"; }), second.log());
  db.sql(route("other.org", "/", "back-c"));
  BOOST_TEST(eventually([&] { return own("other.org", "/") == "c"; }), second.log());
  db.sql("DELETE FROM routes");
  for (const auto* host : {"example.com", "www.example.com", "other.org"})
    BOOST_TEST(eventually([&] { return own(host, "/v1") == "default"; }), second.log());
  BOOST_TEST(second.worker_pid() == its_worker);
}

BOOST_AUTO_TEST_CASE(many_routes_are_replaced_in_one_step) {
  db.sql(
      "INSERT INTO routes (host, path, backend) "
      "SELECT 'h' || n || '.example.com', '/p', 'back-a' FROM generate_series(1, 20000) AS n");
  BOOST_TEST(eventually([&] { return answer("h20000.example.com", "/p") == "a"; },
                        std::chrono::seconds(30)),
             gateway.log());
  // The whole map is one version: no moment shows both. They are its first entry and its last one.
  mixture_watch watch(*this, "h1.example.com", "h9999.example.com");
  db.sql("UPDATE routes SET backend = 'back-b'");
  BOOST_TEST(eventually([&] { return watch.moved(); }, std::chrono::seconds(30)));
  BOOST_TEST(answer("h20000.example.com", "/p") == "b");
  BOOST_TEST(watch.stop() == "");
  BOOST_TEST(gateway.worker_pid() == worker);
  db.sql("DELETE FROM routes WHERE host <> 'h7.example.com'");
  BOOST_TEST(eventually([&] { return answer("h8.example.com", "/p") == "default"; },
                        std::chrono::seconds(30)));
  BOOST_TEST(answer("h7.example.com", "/p/q") == "b");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
