// A file and a folder of files as an operator changes them.

#include "providers/file/file_provider.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "fixture.hpp"

using namespace switchyard;
using namespace switchyard::tests;
namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(file_provider)

BOOST_AUTO_TEST_CASE(json_and_yaml_files_are_reported_in_full) {
  for (const auto* name : {"b.json", "b.yaml", "b.yml"}) {
    watched_path w(name);
    w.write(name,
            std::string(name).ends_with("json") ? json_document("api") : yaml_document("api"));
    w.start();
    BOOST_TEST(w.shows("api:80"), name);
    BOOST_TEST(w.live());
    BOOST_TEST(w.sink.reports()[0].full);
    BOOST_TEST(w.sink.reports()[0].routes.has_value());
    BOOST_TEST((w.sink.reports()[0].seen_at != std::chrono::steady_clock::time_point{}));
  }
}

BOOST_AUTO_TEST_CASE(a_change_in_place_is_seen) {
  watched_path w("b.json");
  w.write("b.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  for (int port = 81; port < 90; ++port) {
    w.write("b.json", json_document("api", port));
    BOOST_REQUIRE(w.shows("api:" + std::to_string(port)));
  }
  BOOST_TEST(w.live());
}

BOOST_AUTO_TEST_CASE(an_atomic_replacement_is_seen) {
  watched_path w("b.json");
  w.write("b.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  for (int port = 81; port < 90; ++port) {
    w.replace("b.json", json_document("api", port));
    BOOST_REQUIRE(w.shows("api:" + std::to_string(port)));
  }
}

BOOST_AUTO_TEST_CASE(the_same_bytes_again_cause_no_report) {
  watched_path w("b.json");
  w.write("b.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  w.write("b.json", json_document("api", 80));
  w.replace("b.json", json_document("api", 80));
  w.replace("b.json", json_document("api", 81));
  BOOST_REQUIRE(w.shows("api:81"));
  BOOST_TEST(w.reports() == 2U);
}

BOOST_AUTO_TEST_CASE(a_missing_file_keeps_its_last_good_content) {
  watched_path w("b.json");
  w.write("b.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  fs::remove(w.path("b.json"));
  BOOST_TEST(w.degraded("is not there, the last good content stays in force"));
  BOOST_TEST(w.reports() == 1U);
  w.write("b.json", json_document("api", 80));
  BOOST_TEST(w.live());
  BOOST_TEST(w.reports() == 1U);
  fs::remove(w.path("b.json"));
  BOOST_TEST(w.degraded("is not there"));
  w.write("b.json", json_document("api", 81));
  BOOST_TEST(w.shows("api:81"));
}

BOOST_AUTO_TEST_CASE(an_empty_or_broken_file_keeps_its_last_good_content) {
  watched_path w("b.json");
  w.write("b.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  w.write("b.json", "");
  BOOST_TEST(w.degraded("b.json:1:1: the file is empty"));
  w.write("b.json", " \n\n");
  w.write("b.json", "{\"backends\": [\n  {\"name\": }]}");
  BOOST_TEST(w.degraded("b.json:2:12: "));
  w.write("b.json", "{}");
  BOOST_TEST(w.degraded("b.json: has neither"));
  w.write("b.json", R"({"backends": {}})");
  BOOST_TEST(w.degraded("b.json: /backends: must be a list"));
  w.write("b.json", R"({"backends": [], "backends": []})");
  BOOST_TEST(w.degraded("duplicate key \"backends\""));
  BOOST_TEST(w.reports() == 1U);
  w.write("b.json", R"({"backends": []})");
  BOOST_TEST(w.shows(""));
  BOOST_TEST(w.live());
}

BOOST_AUTO_TEST_CASE(broken_yaml_is_reported_with_line_and_column) {
  watched_path w("b.yaml");
  w.write("b.yaml", yaml_document("api"));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  w.write("b.yaml", "backends:\n  - name: [\n");
  BOOST_TEST(w.degraded("b.yaml:"));
  w.write("b.yaml", "backends:\n  - name: a\n    name: b\n");
  BOOST_TEST(w.degraded("b.yaml:3:5: "));
  BOOST_TEST(w.reports() == 1U);
}

BOOST_AUTO_TEST_CASE(refused_objects_are_named_by_file_and_pointer) {
  watched_path w("b.yaml");
  w.write("b.yaml",
          "backends:\n- name: api\n  servers:\n  - {name: s, address: 10.0.0.1, port: 0}\n");
  w.start();
  BOOST_REQUIRE(w.shows("api:-"));
  BOOST_TEST(
      w.refusals().starts_with("b.yaml: /backends/0/servers/0/port | must be a whole number"));
  BOOST_TEST(w.refusals().find("(line 4, column ") != std::string::npos, w.refusals());
  BOOST_TEST(w.sink.reports()[0].backends.at("api").refused_servers.contains("s"));
  BOOST_TEST(w.live());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_missing_at_start_may_come_later) {
  watched_path w("deep/er/b.json");
  w.start();
  BOOST_REQUIRE(w.degraded("is not there"));
  BOOST_TEST(w.sink.last_health().reason.find("last good") == std::string::npos);
  BOOST_TEST(w.reports() == 0U);
  fs::create_directories(w.path("deep/er"));
  w.write("deep/er/b.json", json_document("api"));
  BOOST_TEST(w.shows("api:80"));
  BOOST_TEST(w.live());
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_missing_at_start_may_come_later) {
  watched_path w("d");
  w.start();
  BOOST_REQUIRE(w.degraded("is not there"));
  fs::create_directory(w.path("tmp"));
  w.write("tmp/b.json", json_document("api"));
  w.rename("tmp", "d");
  BOOST_TEST(w.shows("api:80"));
  w.write("d/c.json", json_document("web"));
  BOOST_TEST(w.shows("api:80 web:80"));
}

BOOST_AUTO_TEST_CASE(a_missing_folder_keeps_the_last_good_content) {
  watched_path w("d");
  fs::create_directory(w.path("d"));
  w.write("d/a.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  w.rename("d", "away");
  BOOST_REQUIRE(w.degraded("is not there, the last good content stays in force"));
  BOOST_TEST(w.reports() == 1U);
  w.rename("away", "d");
  BOOST_REQUIRE(w.live());
  w.write("d/a.json", json_document("api", 81));
  BOOST_TEST(w.shows("api:81"));
  BOOST_TEST(w.reports() == 2U);
}

BOOST_AUTO_TEST_CASE(a_folder_is_one_view_of_its_documents) {
  watched_path w("");
  w.write("b.json", json_document("web", 81));
  w.write("a.yaml", yaml_document("api", 80));
  w.write("c.yml", "routes: [{host: a.example, backend: api}]");
  for (const auto* other :
       {".hidden.json", "old.json~", "README.md", "d.json.swp", "x.json.new", "noext"})
    w.write(other, "not a document");
  fs::create_directory(w.path("nested.json"));
  w.write("nested.json/x.json", json_document("nested"));
  w.start();
  BOOST_TEST(w.shows("api:80 web:81"));
  BOOST_TEST(w.live());
  BOOST_TEST((w.sink.reports()[0].routes == std::vector<model::route>{{"a.example", "/", "api"}}));
  BOOST_TEST(w.sink.reports()[0].full);
}

BOOST_AUTO_TEST_CASE(an_empty_folder_is_an_empty_view) {
  watched_path w("");
  w.start();
  BOOST_TEST(w.shows(""));
  BOOST_TEST((w.live() && w.sink.reports()[0].full));
}

BOOST_AUTO_TEST_CASE(files_come_change_and_go) {
  watched_path w("");
  w.write("a.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  w.write("b.json", json_document("web", 81));
  BOOST_REQUIRE(w.shows("api:80 web:81"));
  w.replace("a.json", json_document("api", 90));
  BOOST_REQUIRE(w.shows("api:90 web:81"));
  fs::remove(w.path("a.json"));
  BOOST_REQUIRE(w.shows("web:81"));
  w.rename("b.json", "b.json.disabled");
  BOOST_REQUIRE(w.shows(""));
  BOOST_TEST(w.sink.reports().back().full);
  BOOST_TEST(w.live());
  w.rename("b.json.disabled", "b.json");
  BOOST_TEST(w.shows("web:81"));
}

BOOST_AUTO_TEST_CASE(a_backend_in_two_files_belongs_to_the_first) {
  watched_path w("");
  w.write("a.json", json_document("api", 80));
  w.write("b.json", R"({"backends": [{"name": "web"}, {"name": "api"}],
                        "routes": [{"host": "h", "backend": "web"}]})");
  w.write("c.json", R"({"routes": [{"host": "h", "backend": "api"}]})");
  w.start();
  BOOST_REQUIRE(w.shows("api:80 web:-"));
  BOOST_TEST(w.refusals() ==
             "b.json: /backends/1 | the backend \"api\" is in a.json already, the one in b.json is "
             "not used\n"
             "c.json: /routes | the route of host \"h\" and path \"/\" is in b.json already, the "
             "one in c.json is not used\n");
  BOOST_TEST((w.sink.reports()[0].routes == std::vector<model::route>{{"h", "/", "web"}}));
  fs::remove(w.path("a.json"));
  BOOST_TEST(w.shows("api:- web:-"));
}

BOOST_AUTO_TEST_CASE(a_broken_file_of_a_folder_keeps_its_content_and_the_rest_goes_on) {
  watched_path w("");
  w.write("a.json", json_document("api", 80));
  w.write("b.json", json_document("web", 81));
  w.start();
  BOOST_REQUIRE(w.shows("api:80 web:81"));
  w.write("a.json", "{");
  BOOST_REQUIRE(w.degraded("a.json:1:"));
  w.write("b.json", json_document("web", 82));
  BOOST_TEST(w.shows("api:80 web:82"));
  BOOST_TEST(w.sink.reports().back().full);
  w.write("a.json", json_document("api", 83));
  BOOST_TEST(w.shows("api:83 web:82"));
  BOOST_TEST(w.live());
}

BOOST_AUTO_TEST_CASE(a_file_that_was_never_readable_keeps_the_view_from_being_a_snapshot) {
  watched_path w("");
  w.write("a.json", json_document("api", 80));
  w.write("b.json", "{");
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  BOOST_TEST(!w.sink.reports()[0].full);
  BOOST_TEST(w.degraded("b.json:1:"));
  w.write("a.json", json_document("other", 80));
  BOOST_REQUIRE(w.shows("api:gone other:80"));
  BOOST_TEST(!w.sink.reports().back().full);
  w.write("b.json", json_document("web", 81));
  BOOST_REQUIRE(w.shows("other:80 web:81"));
  BOOST_TEST(w.sink.reports().back().full);
}

BOOST_AUTO_TEST_CASE(nothing_is_reported_before_something_could_be_read) {
  for (const auto* watched : {"", "a.json"}) {
    watched_path w(watched);
    w.write("a.json", "{");
    w.start();
    BOOST_REQUIRE(w.degraded("a.json:1:"));
    BOOST_TEST(w.reports() == 0U);
    w.write("a.json", json_document("api"));
    BOOST_REQUIRE(w.shows("api:80"));
    BOOST_TEST(w.sink.reports().back().full);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_regular_file_is_not_opened) {
  watched_path w("");
  BOOST_REQUIRE(::mkfifo(w.path("pipe.json").c_str(), 0600) == 0);
  w.write("a.json", json_document("api"));
  w.start();
  BOOST_TEST(w.shows("api:80"));
  BOOST_TEST(w.degraded("pipe.json: is no regular file"));
}

BOOST_AUTO_TEST_CASE(a_single_file_of_another_kind_is_refused) {
  watched_path w("backends.txt");
  w.write("backends.txt", json_document("api"));
  w.start();
  BOOST_TEST(w.degraded("must be a folder, or a file whose name ends in .json, .yaml or .yml"));
  BOOST_TEST(w.reports() == 0U);
}

BOOST_AUTO_TEST_CASE(a_stopped_provider_is_silent_and_starts_again_with_a_full_view) {
  watched_path w("b.json");
  w.write("b.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  w.provider.stop();
  const auto before = w.reports();
  w.write("b.json", json_document("api", 81));
  BOOST_TEST(w.reports() == before);
  w.start();
  BOOST_TEST(w.shows("api:81"));
  BOOST_TEST(w.reports() == before + 1);
}

BOOST_AUTO_TEST_CASE(a_direct_read_gives_the_view_or_the_fault) {
  watched_path w("");
  BOOST_TEST(summary(w.provider.backends().value()) == "");
  w.write("a.json", json_document("api", 80));
  w.write("b.json", json_document("web", 81));
  const auto all = w.provider.backends();
  BOOST_REQUIRE(all);
  BOOST_TEST((all->full && summary(*all) == "api:80 web:81"));
  const auto one = w.provider.backend("web");
  BOOST_REQUIRE(one);
  BOOST_TEST((!one->full && !one->routes && summary(*one) == "web:81"));
  BOOST_TEST(summary(w.provider.backend("none").value()) == "none:gone");

  w.write("b.json", "{");
  const auto broken = w.provider.backends();
  BOOST_REQUIRE(!broken);
  BOOST_TEST((broken.error().kind == base::errc::invalid));
  BOOST_TEST(broken.error().message.find("files: ") == 0U);
  BOOST_TEST(broken.error().message.find("b.json:1:") != std::string::npos);

  watched_path missing("none.json");
  BOOST_TEST((missing.provider.backends().error().kind == base::errc::not_found));
}

/// A document of just so many bytes.
std::string padded(const std::string& backend, int port, std::size_t bytes) {
  auto text = json_document(backend, port);
  return text.append(bytes - text.size(), ' ');
}

BOOST_AUTO_TEST_CASE(a_file_that_was_too_much_is_taken_once_another_one_makes_room) {
  watched_path w("", 24h, 1000);
  w.replace("a.json", padded("a", 80, 500));
  w.replace("z.json", padded("z", 80, 400));
  w.start();
  BOOST_REQUIRE(w.shows("a:80 z:80"));
  w.replace("z.json", padded("z", 81, 600));
  BOOST_REQUIRE(w.degraded("z.json: the source gives more than max_bytes"));
  w.replace("a.json", padded("a", 81, 300));
  BOOST_TEST(w.shows("a:81 z:81"), w.last());
  BOOST_TEST(w.live());
  w.replace("z.json", padded("z", 82, 800));
  BOOST_REQUIRE(w.degraded("max_bytes"));
  fs::remove(w.path("a.json"));
  BOOST_TEST(w.shows("z:82"), w.last());
  BOOST_TEST(w.live());
}

BOOST_AUTO_TEST_CASE(files_that_fit_together_are_taken_together_whichever_comes_first) {
  watched_path w("", 24h, 1000);
  w.replace("a.json", padded("a", 80, 200));
  w.replace("z.json", padded("z", 80, 700));
  w.start();
  BOOST_REQUIRE(w.shows("a:80 z:80"));
  // One burst, of which the one that grows is the first by name.
  fs::create_directory(w.folder.path() / "new");
  w.replace("new/a.json", padded("a", 81, 700));
  w.replace("new/z.json", padded("z", 81, 200));
  w.rename("new/a.json", "a.json");
  w.rename("new/z.json", "z.json");
  BOOST_TEST(w.shows("a:81 z:81"), w.last());
  BOOST_TEST(w.live());
}

BOOST_AUTO_TEST_SUITE_END()
