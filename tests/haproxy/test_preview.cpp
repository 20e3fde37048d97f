// What a preview tells, and that it changes nothing.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>
#include <thread>

#include "haproxy/preview.hpp"
#include "tests/haproxy/gateway_sites.hpp"

namespace switchyard::tests {

namespace {

using deed = haproxy::preview_step::deed;
using haproxy::preview;
using haproxy::reload_cause;
using lines = std::vector<std::string>;

preview previewed(const gateway_site& site, const haproxy::apply_request& request) {
  auto found = haproxy::preview_of(site.settings, request);
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(found), (found ? "" : found.error().message));
  return std::move(found).value();
}

lines commands(const preview& p) {
  lines all;
  for (const auto& step : p.steps)
    if (step.what == deed::command) all.push_back(step.command);
  return all;
}

bool tells(const preview& p, std::string_view text) {
  return std::ranges::any_of(p.notices, [&](const auto& n) { return contains(n.text, text); });
}

/// Every file of a folder with its time and text; sockets by their inodes.
std::map<std::string, std::string> everything_in(const std::filesystem::path& folder) {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto name = entry.path().string();
    if (name.ends_with(".log")) continue;  // HAProxy's own words
    if (entry.is_regular_file())
      found[name] = std::to_string(entry.last_write_time().time_since_epoch().count()) + " " +
                    read_text(entry.path());
    else
      found[name] = "no regular file";
  }
  return found;
}

/// The columns of `show stat` that what is done to servers would move.
std::string counters(const gateway_site& site) {
  std::string text;
  for (const auto* column : {"status", "weight", "slim", "bck", "stot", "econ", "chkfail",
                             "chkdown", "downtime", "lastsess"})
    for (const auto* server : {"s1", "s2", "BACKEND"})
      text += site.stat("web", server, column) + " ";
  return text;
}

std::string info_line(const gateway_site& site, const std::string& name) {
  std::istringstream text(site.command("show info"));
  for (std::string line; std::getline(text, line);)
    if (line.starts_with(name + ": ")) return line;
  return "";
}

haproxy::apply_request with_routes(haproxy::apply_request request,
                                   const std::vector<model::route>& routes) {
  request.routes = std::make_shared<const std::vector<model::route>>(routes);
  return request;
}

/// TMPDIR in a folder of the test's own while it lives.
struct own_temporary_folder {
  own_temporary_folder() { ::setenv("TMPDIR", folder.path().c_str(), 1); }
  ~own_temporary_folder() { ::unsetenv("TMPDIR"); }
  temp_dir folder;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(preview_)

BOOST_FIXTURE_TEST_CASE(nothing_is_to_be_done_for_what_is_there, web_site) {
  settle();
  const auto p = previewed(*this, whole({change(web())}));
  BOOST_TEST(!p.differs());
  BOOST_TEST(p.reachable);
  BOOST_TEST(haproxy::to_text(p) == "nothing would change\n");
}

BOOST_FIXTURE_TEST_CASE(commands_are_told_as_they_would_be_sent, web_site) {
  settle();
  auto next = web({local_server("s3", 3)});
  next.servers[0].weight = 7;
  std::erase_if(next.servers, [](const auto& s) { return s.name == "s2"; });
  const auto p = previewed(*this, whole({change(next)}));
  const auto told = commands(p);
  BOOST_REQUIRE(told.size() >= 5U);
  BOOST_TEST(told.front() == "set server web/s1 weight 7");
  BOOST_TEST(told.back() == "del server web/s2");
  BOOST_TEST(std::ranges::count(told, "set server web/s2 state drain") == 1);
  BOOST_TEST(p.reload_reasons().empty());
  BOOST_REQUIRE(p.files.size() == 1U);
  BOOST_REQUIRE(p.files[0].sections.size() == 1U);
  BOOST_TEST(p.files[0].sections[0].section == "backend web");
  BOOST_TEST(p.files[0].sections[0].added.size() == 2U);
  BOOST_TEST(p.files[0].sections[0].removed.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_reload_is_told_with_its_reason, web_site) {
  settle();
  const auto shop = of_its_own_kind(backend_of("shop", {local_server("a")}));
  const auto p = previewed(*this, whole({change(web()), change(shop)}));
  BOOST_REQUIRE(p.steps.size() == 1U);
  BOOST_TEST((p.steps[0].what == deed::reload));
  BOOST_REQUIRE(p.reload_reasons().size() == 1U);
  BOOST_TEST((p.reload_reasons()[0] == haproxy::reload_reason{reload_cause::new_backend, "shop"}));
  const auto text = haproxy::to_text(p);
  BOOST_TEST(text.starts_with("0 runtime commands, 1 reload (new backend shop), 1 file changes\n"));
  const auto json = haproxy::to_json(p);
  BOOST_TEST(json["reload"]["count"] == 1);
  BOOST_TEST(json["reload"]["reasons"][0]["cause"] == "new backend");
  BOOST_TEST(json["steps"][0]["do"] == "reload");
}

BOOST_FIXTURE_TEST_CASE(entries_of_the_routes_map_are_told, web_site) {
  settle();
  const auto p =
      previewed(*this, with_routes(whole({change(web())}), {{"api.example.com", "/v1", "web"}}));
  BOOST_TEST(commands(p).size() == 1U);
  BOOST_TEST(commands(p).at(0) ==
             "add map " + path("haproxy.routes.map") + " api.example.com/v1/ web");
  BOOST_REQUIRE(p.files.size() == 1U);
  BOOST_TEST(p.files[0].path == path("haproxy.routes.map"));
}

BOOST_FIXTURE_TEST_CASE(nothing_changes_not_even_for_a_reload, web_site) {
  settle();
  const own_temporary_folder temporary;
  const auto folder = std::filesystem::path(path("")).parent_path();
  const auto before = everything_in(folder);
  const auto state = command("show servers state web");
  const auto seen = counters(*this);
  const auto pid = info_line(*this, "Pid");
  const auto master = processes();
  auto next = of_its_own_kind(web({local_server("s3", 3)}));
  next.servers[0].weight = 1;
  next.servers[1].state = model::server_state::maint;
  const auto p = previewed(*this, with_routes(whole({change(next)}), {{"", "/x", "web"}}));
  BOOST_TEST(p.steps.size() > 3U);
  BOOST_TEST(!p.reload_reasons().empty());

  BOOST_TEST((everything_in(folder) == before));
  BOOST_TEST(std::filesystem::is_empty(temporary.folder.path()));
  const auto without_time = [](std::string table) {
    std::string kept;
    std::istringstream rows(table);
    for (std::string row; std::getline(rows, row);) {
      std::istringstream cells(row);
      std::string cell;
      for (int i = 0; cells >> cell; ++i)
        if (i != 9) kept += cell + " ";  // srv_time_since_last_change
    }
    return kept;
  };
  BOOST_TEST(without_time(command("show servers state web")) == without_time(state));
  BOOST_TEST(counters(*this) == seen);
  BOOST_TEST(info_line(*this, "Pid") == pid);
  BOOST_TEST((processes() == master));
  // Nor does the gateway that runs notice.
  const auto report = reconcile();
  BOOST_TEST(report.steps == 0U);
  BOOST_TEST(words(report) == "");
}

BOOST_FIXTURE_TEST_CASE(what_haproxy_refuses_waits_with_its_words, web_site) {
  settle();
  auto bad = backend_of("bad", {local_server("a")});
  bad.settings.tls.enabled = true;
  auto broken = settings;
  broken.haproxy.server_ca_file = path("missing.pem");
  const auto found = haproxy::preview_of(broken, whole({change(web()), change(bad)}));
  BOOST_REQUIRE(static_cast<bool>(found));
  BOOST_TEST(found->differs());
  BOOST_TEST(tells(*found, "reload failed"));
  BOOST_TEST(
      std::ranges::none_of(found->steps, [](const auto& s) { return s.what == deed::reload; }));
}

BOOST_FIXTURE_TEST_CASE(a_plan_that_nobody_waits_for_any_more_ends_during_a_check, web_site) {
  settle();
  auto slow = settings;
  slow.haproxy.binary = path("slow");
  write_text(slow.haproxy.binary, "#!/bin/sh\n[ \"$1\" = -c ] && touch " + path("checking") +
                                      " && sleep 25\nexec " + settings.haproxy.binary +
                                      " \"$@\"\n");
  std::filesystem::permissions(slow.haproxy.binary, std::filesystem::perms::owner_all);
  base::wakeup enough;
  std::jthread other([&] {
    eventually([&] { return std::filesystem::exists(path("checking")); });
    enough.notify();
  });
  const auto shop = of_its_own_kind(backend_of("shop", {local_server("a")}));
  const base::deadline soon(std::chrono::seconds(15));
  const auto found = haproxy::preview_of(slow, whole({change(web()), change(shop)}), &enough);
  BOOST_REQUIRE(!found);
  BOOST_TEST((found.error().kind == base::errc::unavailable));
  BOOST_TEST(!soon.passed());
}

BOOST_FIXTURE_TEST_CASE(while_haproxy_is_away_the_file_takes_it_all, web_site) {
  settle();
  hide_sockets();
  const auto p = previewed(*this, whole({change(web({local_server("s3")}))}));
  show_sockets();
  BOOST_TEST(!p.reachable);
  BOOST_TEST(p.steps.empty());
  BOOST_TEST(p.files.size() == 1U);
  BOOST_TEST(tells(p, "HAProxy"));
}

BOOST_FIXTURE_TEST_CASE(an_haproxy_that_cannot_be_read_is_not_taken_for_one_that_is_away,
                        web_site) {
  settle();
  auto wrong = settings;
  wrong.haproxy.runtime_socket = *settings.haproxy.master_socket;
  const auto found = haproxy::preview_of(wrong, whole({change(web())}));
  BOOST_REQUIRE(!found);
  BOOST_TEST(contains(found.error().message, "not the runtime API"));
}

BOOST_AUTO_TEST_CASE(an_haproxy_of_our_own_would_be_started) {
  gateway_site site({.managed = true});
  const auto folder = std::filesystem::path(site.path("")).parent_path();
  const auto before = everything_in(folder);
  const auto p = previewed(site, whole({change(web_site::web())}));
  BOOST_REQUIRE(!p.steps.empty());
  BOOST_TEST((p.steps.front().what == deed::start));
  BOOST_TEST(!p.files.empty());
  BOOST_TEST((everything_in(folder) == before));
  BOOST_TEST(site.worker_pid() == 0);
}

BOOST_FIXTURE_TEST_CASE(a_server_with_connections_leaves_within_the_drain_timeout, web_site) {
  http_upstream slow("slow");
  auto next = web({local_server("s3", slow.port())});
  for (auto& s : next.servers)
    if (s.name != "s3") s.state = model::server_state::maint;
  apply(next);
  settle();
  slow.set_delay(std::chrono::milliseconds(3000));
  std::thread client([&] { http_get(port()); });
  const auto busy = eventually([&] {
    return contains(command("show servers conn web"), "web/s3") && stat("web", "s3", "scur") == "1";
  });
  const auto p = previewed(*this, whole({change(web())}));
  client.join();
  BOOST_TEST(busy);
  const auto deletion =
      std::ranges::find_if(p.steps, [](const auto& s) { return s.command == "del server web/s3"; });
  BOOST_REQUIRE((deletion != p.steps.end()));
  BOOST_TEST(deletion->after.count() >= settings.drain_timeout.count());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
