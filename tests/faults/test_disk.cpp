// The disk under the configuration file is full, or read-only.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/subprocess.hpp"
#include "haproxy/configuration.hpp"
#include "tests/faults/installation.hpp"
#include "tests/faults/small_disk.hpp"

namespace {

using namespace switchyard::tests;
namespace base = switchyard::base;
namespace model = switchyard::model;

constexpr const char* not_saved = "runtime changes go on, but ";
constexpr const char* routes_not_saved = "routes are served, but not saved";

struct own_mounts {
  own_mounts() {
    // CTest takes this line for "skipped" (see CMakeLists.txt).
    if (!enter_private_mounts().empty())
      std::cerr << "NOT RUN: a full disk cannot be had here: " << enter_private_mounts() << '\n';
  }
};
BOOST_TEST_GLOBAL_FIXTURE(own_mounts);

boost::test_tools::assertion_result disks_can_be_had(boost::unit_test::test_unit_id) {
  return enter_private_mounts().empty();
}

site_options on(const small_disk& disk) {
  site_options o;
  o.config_in = disk.path();
  return o;
}

struct disk_first {
  small_disk disk;
};
struct site_on_disk : disk_first, installation {
  site_on_disk() : installation(on(disk)) {
    // A file of more than one page, so that it can be written in part.
    want({many({&one, &two})});
    BOOST_REQUIRE(file_gets("    server x99 "));
    before = gateway.config_text();
    BOOST_REQUIRE(eventually([&] { return listing().contains("haproxy.cfg.loaded"); }));
    files = listing();
  }

  model::backend many(const std::vector<const http_upstream*>& upstreams) const {
    auto b = api(upstreams);
    for (int i = 0; i < 100; ++i) {
      b.servers.push_back(local_server("x" + std::to_string(i)));
      b.servers.back().state = model::server_state::maint;
    }
    model::sort_servers(b.servers);
    return b;
  }

  bool file_gets(const std::string& text) const {
    return eventually([&] { return gateway.config_text().find(text) != std::string::npos; },
                      std::chrono::seconds(40));
  }

  /// What /v1/status says that HAProxy's side has trouble with.
  std::vector<std::string> troubles() const {
    const auto answer = http_ask(gateway.api_port(), "GET", "/v1/status");
    return nlohmann::json::parse(answer.body).at("haproxy").at("troubles");
  }
  bool has_trouble(const std::string& text) const {
    return std::ranges::any_of(troubles(), [&](const auto& t) { return contains(t, text); });
  }

  std::set<std::string> listing() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(disk.path()))
      if (const auto name = entry.path().filename().string(); name != "filler") names.insert(name);
    return names;
  }

  static bool haproxy_takes(const std::string& file) {
    const auto checked =
        base::run({{haproxy_binary(), "-c", "-f", file}, {}, std::chrono::seconds(20)});
    return checked && checked->exit_code == 0;
  }

  /// What is there while nothing can be written.
  void nothing_has_changed() const {
    BOOST_TEST((gateway.config_text() == before));
    BOOST_TEST(haproxy_takes(gateway.config_file()));
    // One that cannot be written to its end is there for a moment.
    eventually([&] { return listing() == files; });
    BOOST_TEST(listing() == files, boost::test_tools::per_element());
  }

  /// A change at run time, a route, and one that takes a reload; then the disk is mended. `told`:
  /// what the log must tell meanwhile.
  void goes_on_and_catches_up(const std::vector<std::string>& told,
                              const std::function<void()>& mend);

  std::string before;
  std::set<std::string> files;
};

void site_on_disk::goes_on_and_catches_up(const std::vector<std::string>& told,
                                          const std::function<void()>& mend) {
  const unbroken_traffic traffic(*this);
  const auto worker = gateway.worker_pid();
  want({many({&one, &three})}, {{"a.example", "/", "api-backend"}});
  BOOST_TEST(gateway.answered_by({"srv1", "srv3"}), gateway.log());
  for (const auto& text : told) {
    BOOST_TEST(eventually([&] { return gateway.log_has(text); }), text);
    BOOST_TEST(eventually([&] { return has_trouble(text); }), text);
  }
  BOOST_TEST(http_get(gateway.port(), "/", "a.example").status == 200);
  nothing_has_changed();
  want({many({&one, &three}), of_its_own_kind("other-backend")},
       {{"a.example", "/", "api-backend"}});
  BOOST_TEST(
      eventually([&] { return gateway.log_has("reload failed, HAProxy goes on as it was"); }),
      gateway.log());
  nothing_has_changed();
  BOOST_TEST(gateway.worker_pid() == worker);
  mend();
  BOOST_TEST(file_gets("    server srv3 "), gateway.log());
  BOOST_TEST(file_gets("backend other-backend "), gateway.log());
  BOOST_TEST(eventually([&] { return has_backend("other-backend"); }), gateway.log());
  BOOST_TEST(eventually([&] {
    return read_text(disk.path() + "/haproxy.routes.map").find("a.example") != std::string::npos;
  }));
  BOOST_TEST(haproxy_takes(gateway.config_file()));
  files.insert("haproxy.cfg.previous");
  BOOST_TEST(eventually([&] { return listing() == files; }));
  BOOST_TEST(listing() == files, boost::test_tools::per_element());
  BOOST_TEST(gateway.answered_by({"srv1", "srv3"}), gateway.log());
  BOOST_TEST(eventually([&] { return troubles().empty(); }));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(without_a_disk_to_write_to, *boost::unit_test::precondition(disks_can_be_had))

BOOST_FIXTURE_TEST_CASE(a_full_disk_stops_no_runtime_change_and_is_caught_up_with, site_on_disk) {
  disk.fill();
  goes_on_and_catches_up({not_saved, routes_not_saved, "No space left on device"},
                         [&] { disk.make_room(); });
}

BOOST_FIXTURE_TEST_CASE(a_disk_that_fills_in_the_middle_of_a_file_leaves_no_half_of_it,
                        site_on_disk) {
  BOOST_REQUIRE(before.size() > 4096U);
  disk.fill(4096);
  // There is room for the routes.
  goes_on_and_catches_up({not_saved, "No space left on device"}, [&] { disk.make_room(); });
}

BOOST_FIXTURE_TEST_CASE(a_read_only_disk_stops_no_runtime_change_and_is_caught_up_with,
                        site_on_disk) {
  disk.make_read_only();
  goes_on_and_catches_up({not_saved, routes_not_saved, "Read-only file system"},
                         [&] { disk.make_writable(); });
}

// What writing beside the file and renaming is for: a plain write would have lost it.
BOOST_FIXTURE_TEST_CASE(a_full_disk_would_cost_a_file_that_is_written_in_place, site_on_disk) {
  const auto naive = disk.path() + "/naive.cfg";
  write_text(naive, before);
  BOOST_REQUIRE(haproxy_takes(naive));
  disk.fill();
  std::filesystem::resize_file(naive, 0);
  disk.fill(4096);
  BOOST_CHECK_THROW(write_text(naive, before), std::runtime_error);
  BOOST_TEST(!switchyard::haproxy::parse_configuration(read_text(naive)));
}

BOOST_AUTO_TEST_SUITE_END()
