// Symbolic links and folders that are swapped as a whole.

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "fixture.hpp"

using namespace switchyard;
using namespace switchyard::tests;
namespace fs = std::filesystem;

namespace {

/// A volume as Kubernetes mounts it: files are links into ..data, which is a link to a folder that
/// a new one replaces with one rename.
struct volume {
  explicit volume(watched_path& to) : w(to) {
    fs::create_directory(w.path("v"));
    publish(80);
    w.make_link("..data/backends.json", "v/backends.json");
  }

  void publish(int port) {
    const auto version = "..2024_" + std::to_string(port);
    fs::create_directory(w.path("v/" + version));
    w.write("v/" + version + "/backends.json", json_document("api", port));
    w.make_link(version, "v/..data_tmp");
    const auto old = fs::exists(w.path("v/..data")) ? fs::read_symlink(w.path("v/..data")) : "";
    w.rename("v/..data_tmp", "v/..data");
    if (!old.empty()) fs::remove_all(w.path("v") / old);
  }

  watched_path& w;
};

void follows_the_volume(const std::string& path) {
  watched_path w(path);
  volume v(w);
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  for (int port = 81; port < 90; ++port) {
    v.publish(port);
    BOOST_REQUIRE(w.shows("api:" + std::to_string(port)));
  }
  BOOST_TEST(w.live());
  for (const auto& report : w.sink.reports()) BOOST_TEST(report.backends.contains("api"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(links)

BOOST_AUTO_TEST_CASE(a_file_of_a_kubernetes_volume_is_followed) {
  follows_the_volume("v/backends.json");
}

BOOST_AUTO_TEST_CASE(a_kubernetes_volume_as_a_folder_is_followed) {
  follows_the_volume("v");
}

BOOST_AUTO_TEST_CASE(the_target_of_a_link_is_watched_where_it_lies) {
  for (const auto* watched : {"d/a.json", "d"}) {
    watched_path w(watched);
    fs::create_directory(w.path("d"));
    fs::create_directory(w.path("other"));
    w.write("other/real.txt", json_document("api", 80));
    w.make_link("../other/real.txt", "d/a.json");
    w.start();
    BOOST_REQUIRE(w.shows("api:80"));
    w.write("other/real.txt", json_document("api", 81));
    BOOST_REQUIRE(w.shows("api:81"));
    w.replace("other/real.txt", json_document("api", 82));
    BOOST_REQUIRE(w.shows("api:82"));
    fs::remove(w.path("other/real.txt"));
    BOOST_REQUIRE(w.degraded("is "));
    w.write("other/real.txt", json_document("api", 83));
    BOOST_TEST(w.shows("api:83"));
    BOOST_TEST(w.live());
  }
}

BOOST_AUTO_TEST_CASE(a_link_on_the_way_to_the_folder_may_be_swapped) {
  watched_path w("current/d");
  for (const auto* release : {"r1", "r2"})
    fs::create_directories(w.path(release + std::string("/d")));
  w.write("r1/d/a.json", json_document("api", 80));
  w.write("r2/d/a.json", json_document("api", 81));
  w.make_link("r1", "current");
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  w.make_link("r2", "next");
  w.rename("next", "current");
  BOOST_REQUIRE(w.shows("api:81"));
  w.write("r2/d/a.json", json_document("api", 82));
  BOOST_TEST(w.shows("api:82"));
}

BOOST_AUTO_TEST_CASE(a_folder_may_be_replaced_by_another) {
  watched_path w("parent/d");
  fs::create_directories(w.path("parent/d"));
  w.write("parent/d/a.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  fs::create_directories(w.path("parent2/d"));
  w.write("parent2/d/a.json", json_document("api", 81));
  w.rename("parent", "old");
  w.rename("parent2", "parent");
  BOOST_REQUIRE(w.shows("api:81"));
  w.write("parent/d/a.json", json_document("api", 82));
  BOOST_TEST(w.shows("api:82"));
}

BOOST_AUTO_TEST_CASE(links_in_a_circle_are_missing_not_endless) {
  watched_path w("a.json");
  w.make_link("b.json", "a.json");
  w.make_link("a.json", "b.json");
  w.start();
  BOOST_TEST(w.degraded("is not there"));
  w.replace("a.json", json_document("api"));
  BOOST_TEST(w.shows("api:80"));
}

BOOST_AUTO_TEST_SUITE_END()
