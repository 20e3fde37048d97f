// switchyard is killed (SIGKILL) at every step of an apply, one after the other.

#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <functional>
#include <set>

#include "base/subprocess.hpp"
#include "haproxy/configuration.hpp"
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

  std::string settled(const desired& at);
  bool is_at(const desired& wanted) const;
  bool serves(const desired& wanted) const;
  std::set<std::string> litter() const;
  /// What the kills have led to; without them the test would show nothing.
  std::set<std::string> seen_;
  void everything_is_whole(const std::string& from, const std::string& to);
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
  const std::set<std::string> ours{"haproxy.cfg",        "haproxy.cfg.lock",
                                   "haproxy.cfg.master", "haproxy.cfg.previous",
                                   "haproxy.routes.map", "haproxy.servers.state"};
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
  const auto map =
      read_text(fs::path(gateway.config_file()).replace_filename("haproxy.routes.map"));
  const auto lines = static_cast<std::size_t>(std::ranges::count(map, '\n'));
  const std::string variable(haproxy::layout_variable);
  const auto loaded = gateway.command("show env " + variable);
  return lines == wanted.routes.size() && loaded.starts_with(variable + "=" + file->layout()) &&
         serves(wanted);
}

/// The file once all of it is as desired.
std::string killed_site::settled(const desired& at) {
  want(at.backends, at.routes);
  BOOST_REQUIRE_MESSAGE(
      eventually([&] { return is_at(at) && litter().empty(); }, std::chrono::seconds(20)),
      gateway.config_text() + gateway.log());
  return gateway.config_text();
}

void killed_site::everything_is_whole(const std::string& from, const std::string& to) {
  const auto text = gateway.config_text();
  BOOST_TEST((text == from || text == to), text);
  seen_.insert(text == from ? "the old file" : "the new file");
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
  const auto new_text = settled(to);
  const auto old_text = settled(from);
  BOOST_REQUIRE(settled(to) == new_text);
  BOOST_REQUIRE(settled(from) == old_text);

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
      everything_is_whole(old_text, new_text);
      BOOST_TEST(http_get(gateway.port()).status == 200);
      gateway.start_switchyard();
      BOOST_TEST(
          eventually([&] { return is_at(to) && litter().empty(); }, std::chrono::seconds(20)),
          gateway.log());
      BOOST_TEST(litter() == std::set<std::string>(), boost::test_tools::per_element());
      BOOST_REQUIRE(gateway.switchyard().running());
      BOOST_REQUIRE_EQUAL(traffic.failed(), 0U);
      BOOST_REQUIRE(settled(from) == old_text);
    }
  }
  BOOST_FAIL("the apply does not come to its end");
  return steps;
}

bool has_step(const std::vector<std::string>& steps, const std::string& start) {
  return std::ranges::any_of(steps, [&](const auto& s) {
    const auto at = s.find(" > ");
    return at != std::string::npos && s.substr(at + 3).starts_with(start);
  });
}

void require_steps(const std::vector<std::string>& taken, const std::vector<std::string>& wanted) {
  for (const auto& step : wanted) BOOST_TEST(has_step(taken, step), "never killed before: " + step);
  std::string all;
  for (const auto& step : taken) all += "  " + step + "\n";
  BOOST_TEST_MESSAGE("killed before:\n" << all);
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
  require_steps(kill_at_each_step(from, to),
                {"send add server api-backend|srv3", "mkostemp .haproxy.servers.state.",
                 "mkstemp .haproxy.cfg.check.", "write .haproxy.cfg.check.", "posix_spawn haproxy",
                 "poll the program", "waitpid", "unlink .haproxy.cfg.check.",
                 "mkostemp .haproxy.cfg.previous.", "rename haproxy.cfg.previous",
                 "mkostemp .haproxy.cfg.", "write .haproxy.cfg.", "fsync .haproxy.cfg.",
                 "rename haproxy.cfg", "rename haproxy.routes.map", "rename haproxy.servers.state",
                 "send reload", "send show info", "send show servers state"});
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
       "fsync .haproxy.cfg.", "rename haproxy.cfg", "rename haproxy.routes.map"});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
