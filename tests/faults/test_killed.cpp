// switchyard is killed (SIGKILL) at every step of an apply, one after the other.

#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <functional>
#include <set>

#include "base/subprocess.hpp"
#include "haproxy/configuration.hpp"
#include "haproxy/routes.hpp"
#include "haproxy/server_state.hpp"
#include "tests/faults/installation.hpp"

BOOST_AUTO_TEST_SUITE(test_faults_killed)

namespace {

using namespace switchyard::tests;
namespace base = switchyard::base;
namespace haproxy = switchyard::haproxy;
namespace model = switchyard::model;
namespace fs = std::filesystem;

struct desired {
  std::vector<model::backend> backends;
  std::vector<model::route> routes;
};

/// The entries of these routes where all backends are there.
haproxy::route_entries entries_of(const std::vector<model::route>& routes) {
  const auto there = [](const std::string&) { return haproxy::backend_presence::running; };
  return haproxy::wanted_entries(routes, there, {});
}

/// A file without its fingerprint of what HAProxy was loaded with: of the same backends some may
/// have come at run time.
std::string without_layout(std::string text) {
  const auto at = text.find("setenv " + std::string(haproxy::layout_variable));
  if (at != std::string::npos) text.erase(at, text.find('\n', at) - at);
  return text;
}

/// What HAProxy would start with.
struct files {
  std::string config;
  std::string map;
  bool operator==(const files&) const = default;
};

struct folders {
  temp_dir config;
  temp_dir trap;

  std::string kill_at() const { return trap / "kill"; }
  site_options options(bool managed) const {
    site_options o;
    o.managed = managed;
    o.config_in = config.path().string();
    o.reconcile = "10m";  // the apply alone is what makes calls
    o.environment = {{"LD_PRELOAD", SWITCHYARD_KILL_AT_LIBRARY},
                     {"TEST_KILL_AT", kill_at()},
                     {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
    return o;
  }
};

class killed_site : folders, public installation {
 public:
  explicit killed_site(bool managed) : installation(options(managed)) {}

  /// Kills switchyard on the way from one to the other, each time at the first step at which it was
  /// not killed yet, until it arrives. Returns those steps, each with the one before it: "fsync
  /// .haproxy.cfg.tmp- > rename haproxy.cfg".
  std::vector<std::string> kill_at_each_step(const desired& from, const desired& to);

 private:
  void arm(const std::vector<std::string>& not_at) const {
    fs::remove(kill_at() + ".died");
    std::string list = "\n";
    for (const auto& step : not_at) list += step + "\n";
    write_text(kill_at() + ".new", list);
    fs::rename(kill_at() + ".new", kill_at());
  }
  void disarm() const { fs::remove(kill_at()); }
  std::string died() const { return read_text(kill_at() + ".died"); }
  bool dead() { return !gateway.switchyard().running(); }

  std::string map_file() const {
    return fs::path(gateway.config_file()).replace_filename("haproxy.routes.map");
  }
  files on_disk() const { return {without_layout(gateway.config_text()), read_text(map_file())}; }
  files settled(const desired& at);
  bool is_at(const desired& wanted) const;
  bool serves(const desired& wanted) const;
  std::set<std::string> litter() const;
  /// What the kills have led to; without them the test would show nothing.
  std::set<std::string> seen_;
  void everything_is_whole(const files& from, const files& to);
};

bool killed_site::serves(const desired& wanted) const {
  const auto view = haproxy::parse_servers_state(gateway.command("show servers state"));
  if (!view) return false;
  return std::ranges::all_of(wanted.backends, [&](const model::backend& b) {
    const auto running = view->find(b.name);
    if (running == view->end() || running->second.size() != b.servers.size()) return false;
    return std::ranges::all_of(b.servers, [&](const model::server& s) {
      const auto has = running->second.find(s.name);
      return has != running->second.end() && has->second.port == s.port &&
             has->second.weight == s.weight && has->second.state == s.state;
    });
  });
}

/// What does not belong beside the file while nothing is under way.
std::set<std::string> killed_site::litter() const {
  const std::set<std::string> ours{"haproxy.cfg",          "haproxy.cfg.lock",
                                   "haproxy.cfg.loaded",   "haproxy.cfg.master",
                                   "haproxy.cfg.messages", "haproxy.cfg.previous",
                                   "haproxy.routes.map",   "haproxy.servers.state"};
  std::set<std::string> others;
  const auto folder = fs::path(gateway.config_file()).parent_path();
  for (const auto& entry : fs::directory_iterator(folder))
    if (const auto name = entry.path().filename().string(); !ours.contains(name))
      others.insert(name);
  if (read_text(folder / "haproxy.servers.state") != haproxy::no_server_state)
    others.insert("rows in haproxy.servers.state");
  return others;
}

bool killed_site::is_at(const desired& wanted) const {
  const auto file = haproxy::parse_configuration(gateway.config_text());
  if (!file || file->backends.size() != wanted.backends.size()) return false;
  for (const auto& b : wanted.backends) {
    const auto section = haproxy::render_backend(b);
    const auto found = file->backends.find(b.name);
    if (!section || found == file->backends.end() || *found->second != *section) return false;
  }
  const auto routes = entries_of(wanted.routes);
  const auto running = haproxy::parse_map(gateway.command("show map " + map_file()));
  const std::string variable(haproxy::layout_variable);
  const auto loaded = gateway.command("show env " + variable);
  return read_text(map_file()) == haproxy::map_text(routes) && running && *running == routes &&
         loaded.starts_with(variable + "=" + file->layout()) && serves(wanted);
}

/// The files once all of it is as desired.
files killed_site::settled(const desired& at) {
  want(at.backends, at.routes);
  BOOST_REQUIRE_MESSAGE(
      eventually([&] { return is_at(at) && litter().empty(); }, std::chrono::seconds(20)),
      gateway.config_text() + gateway.log());
  return on_disk();
}

void killed_site::everything_is_whole(const files& from, const files& to) {
  const auto now = on_disk();
  BOOST_TEST((now.config == from.config || now.config == to.config), now.config);
  BOOST_TEST((now.map == from.map || now.map == to.map), now.map);
  seen_.insert(now.config == from.config ? "the old file" : "the new file");
  if (!litter().empty()) seen_.insert("litter");
  base::command_line check{{haproxy_binary(), "-c"}, {}, std::chrono::seconds(20)};
  if (fs::exists(gateway.file("base.cfg")))
    check.argv.insert(check.argv.end(), {"-f", gateway.file("base.cfg")});
  check.argv.insert(check.argv.end(), {"-f", gateway.config_file()});
  const auto checked = base::run(check);
  BOOST_REQUIRE(bool(checked));
  BOOST_TEST(checked->exit_code == 0, checked->output);
}

std::vector<std::string> killed_site::kill_at_each_step(const desired& from, const desired& to) {
  // Once there and back, so that both files have all profiles.
  settled(from);
  const auto new_files = settled(to);
  const auto old_files = settled(from);
  BOOST_REQUIRE((settled(to) == new_files));
  BOOST_REQUIRE((settled(from) == old_files));

  const unbroken_traffic traffic(*this);
  std::vector<std::string> steps;
  constexpr std::size_t most_steps = 400;
  while (steps.size() < most_steps) {
    arm(steps);
    want(to.backends, to.routes);
    const bool arrived =
        eventually([&] { return dead() || is_at(to); }, std::chrono::seconds(20)) &&
        !eventually([&] { return dead(); }, std::chrono::seconds(2));
    disarm();
    if (arrived) {
      BOOST_TEST(seen_ == (std::set<std::string>{"litter", "the new file", "the old file"}),
                 boost::test_tools::per_element());
      return steps;
    }
    BOOST_TEST_CONTEXT("killed before " << died()) {
      BOOST_REQUIRE_MESSAGE(dead(), "neither killed nor at its end:\n" + gateway.log());
      steps.push_back(died());
      everything_is_whole(old_files, new_files);
      BOOST_TEST(http_get(gateway.port()).status == 200);
      gateway.start_switchyard();
      // Once it is there the file may be checked and saved another time.
      const bool is_there =
          eventually([&] { return is_at(to) && litter().empty(); }, std::chrono::seconds(20));
      BOOST_TEST(is_there, gateway.log());
      if (!is_there)
        BOOST_TEST(litter() == std::set<std::string>(), boost::test_tools::per_element());
      BOOST_REQUIRE(gateway.switchyard().running());
      BOOST_REQUIRE_EQUAL(traffic.failed(), 0U);
      BOOST_REQUIRE_MESSAGE(settled(from) == old_files, gateway.log());
    }
  }
  BOOST_FAIL("the apply does not come to its end");
  return steps;
}

/// A step as it starts, "fsync .haproxy.cfg."; or with the one before it, where only that tells
/// which of several it is.
bool has_step(const std::vector<std::string>& steps, const std::string& start) {
  const bool with_the_one_before = start.find(" > ") != std::string::npos;
  return std::ranges::any_of(steps, [&](const auto& s) {
    if (with_the_one_before) return s.starts_with(start);
    const auto at = s.find(" > ");
    return at != std::string::npos && s.substr(at + 3).starts_with(start);
  });
}

/// The folder of a file that was renamed is synced: else the name is lost with the power.
std::string folder_synced_after(const std::string& renamed) {
  return "rename " + renamed + " > fsync sy.";
}

void require_steps(const std::vector<std::string>& taken, const std::vector<std::string>& wanted) {
  for (const auto& step : wanted) BOOST_TEST(has_step(taken, step), "never killed before: " + step);
  std::string all;
  for (const auto& step : taken) all += "  " + step + "\n";
  BOOST_TEST_MESSAGE("killed before:\n" << all);
}

boost::test_tools::assertion_result adds_backends(boost::unit_test::test_unit_id) {
  return haproxy_adds_backends();
}

struct attached_site : killed_site {
  attached_site() : killed_site(false) {}
};
struct managed_site : killed_site {
  managed_site() : killed_site(true) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(switchyard_killed_at_each_step)

BOOST_FIXTURE_TEST_CASE(of_a_reload_leaves_the_old_file_or_the_new_one_and_arrives, attached_site) {
  auto shop = of_its_own_kind("shop");
  const desired from{{api({&one, &two}), shop}, {{"a.example", "/", "shop"}}};
  shop.settings.balance = model::balance_algorithm::source;
  shop.servers.push_back(local_server("s9"));
  model::sort_servers(shop.servers);
  const desired to{{api({&one, &two, &three}), shop},
                   {{"a.example", "/", "shop"}, {"b.example", "/", "shop"}}};
  require_steps(kill_at_each_step(from, to), {"send add server api-backend|srv3",
                                              "mkostemp .haproxy.servers.state.",
                                              "mkstemp .haproxy.cfg.check.",
                                              "write .haproxy.cfg.check.",
                                              "posix_spawn haproxy",
                                              "poll the program",
                                              "waitpid",
                                              "unlink .haproxy.cfg.check.",
                                              "mkostemp .haproxy.cfg.previous.",
                                              "rename haproxy.cfg.previous",
                                              "mkostemp .haproxy.cfg.",
                                              "write .haproxy.cfg.",
                                              "fsync .haproxy.cfg.",
                                              "rename haproxy.cfg",
                                              "rename haproxy.routes.map",
                                              "rename haproxy.servers.state",
                                              "send reload",
                                              "send show info",
                                              "send show servers state",
                                              folder_synced_after("haproxy.cfg"),
                                              folder_synced_after("haproxy.cfg.previous"),
                                              folder_synced_after("haproxy.routes.map"),
                                              folder_synced_after("haproxy.servers.state")});
}

BOOST_FIXTURE_TEST_CASE(of_changes_without_a_reload_leaves_the_old_file_or_the_new_one_and_arrives,
                        managed_site) {
  const desired from{{api({&one, &two})}, {{"a.example", "/", "api-backend"}}};
  auto moved = api({&one, &three});
  moved.servers.front().weight = 7;
  const desired to{{moved}, {{"b.example", "/", "api-backend"}}};
  require_steps(
      kill_at_each_step(from, to),
      {"send set server api-backend|srv1 weight 7", "send show info",
       "send show servers state api-backend", "mkostemp .haproxy.cfg.", "write .haproxy.cfg.",
       "fsync .haproxy.cfg.", "rename haproxy.cfg", "rename haproxy.routes.map",
       folder_synced_after("haproxy.cfg"), folder_synced_after("haproxy.routes.map")});
}

BOOST_FIXTURE_TEST_CASE(of_backends_that_come_and_go_at_run_time_leaves_the_old_or_the_new_ones,
                        managed_site, *boost::unit_test::precondition(adds_backends)) {
  const auto like_api = [&](const std::string& name) {
    auto made = api({&three});
    made.name = name;
    return made;
  };
  const desired from{{api({&one, &two}), like_api("earlier")}, {}};
  const desired to{{api({&one, &two}), like_api("later")}, {}};
  require_steps(kill_at_each_step(from, to),
                {"send add backend later", "send add server later|srv3",
                 "send publish backend later", "send unpublish backend earlier",
                 "send set server earlier|srv3 state maint", "send del server earlier|srv3",
                 "send del backend earlier", "posix_spawn haproxy", "rename haproxy.cfg"});
}

BOOST_FIXTURE_TEST_CASE(of_a_replaced_map_leaves_the_old_routes_or_the_new_ones_and_arrives,
                        managed_site) {
  auto shop = api({&three});
  shop.name = "shop";
  const auto all_to = [](const std::string& backend) {
    std::vector<model::route> routes;
    for (int i = 0; i < 300; ++i) routes.push_back({"h" + std::to_string(i), "/", backend});
    return routes;
  };
  const desired from{{api({&one, &two}), shop}, all_to("api-backend")};
  shop.servers.front().weight = 7;
  const desired to{{api({&one, &two}), shop}, all_to("shop")};
  require_steps(kill_at_each_step(from, to),
                {"send prepare map", "send add map @", "send commit map @",
                 "mkostemp .haproxy.routes.map.", "write .haproxy.routes.map.",
                 "fsync .haproxy.routes.map.", "rename haproxy.routes.map", "rename haproxy.cfg"});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
