#include "providers/exec/exec_provider.hpp"

#include <boost/test/unit_test.hpp>

#include "providers/registry.hpp"
#include "tests/providers/exec/scripts.hpp"
#include "tests/providers/recording_sink.hpp"

namespace switchyard::providers {

namespace {

using namespace std::chrono_literals;
using level = model::provider_health::level;
using tests::contains;
using tests::eventually;

/// A provider whose command prints the file `document`, or does what the file `script` says.
struct printing : tests::scripts {
  exec::exec_provider provider{"hosts", settings("if [ -e $0/script ]; then . $0/script; fi; "
                                                 "cat $0/document && echo x >> $0/runs")};
  tests::recording_sink sink;

  ~printing() { provider.stop(); }

  void print(const std::string& text) const {
    tests::write_text(folder / "next", text);
    std::filesystem::rename(folder / "next", folder / "document");
  }
  void print_servers(const std::string& servers) const {
    print(R"({"backends": [{"name": "api", "servers": [)" + servers + "]}]}");
  }
  static std::string server(const std::string& name) {
    return R"({"name": ")" + name + R"(", "address": "10.0.0.1", "port": 80})";
  }
  /// Waits for two whole runs from now on.
  bool ran_again() const {
    const auto before = tests::read_text(folder / "runs").size();
    return eventually([&] { return tests::read_text(folder / "runs").size() >= before + 4; });
  }
  std::size_t servers() const {
    const auto all = sink.reports();
    if (all.empty()) return 0;
    const auto found = all.back().backends.find("api");
    return found == all.back().backends.end() ? 0 : found->second.value->servers.size();
  }
  bool degraded_with(std::string_view reason) const {
    return eventually([&] {
      return sink.last_health().value == level::degraded &&
             contains(sink.last_health().reason, reason);
    });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(exec_source, printing)

BOOST_AUTO_TEST_CASE(what_is_added_changed_and_deleted_is_reported) {
  print_servers(server("a"));
  provider.start(sink);
  BOOST_TEST(eventually([&] { return servers() == 1; }));
  print_servers(server("a") + "," + server("b"));
  BOOST_TEST(eventually([&] { return servers() == 2; }));
  print_servers("");
  BOOST_TEST(eventually([&] { return servers() == 0; }));
  BOOST_TEST(sink.reports().size() == 3U);
  BOOST_TEST((sink.last_health().value == level::live));
}

BOOST_AUTO_TEST_CASE(the_same_output_again_costs_no_report) {
  print_servers(server("a"));
  provider.start(sink);
  BOOST_REQUIRE(ran_again());
  BOOST_TEST(sink.reports().size() == 1U);
}

BOOST_AUTO_TEST_CASE(no_failure_takes_anything_away) {
  print_servers(server("a"));
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return servers() == 1; }));
  print("");
  BOOST_TEST(degraded_with("/bin/sh printed no document: it is empty"), sink.last_health().reason);
  print(R"({"backends": [{"name": "api", "serv)");
  BOOST_TEST(degraded_with("printed no document: 1:"), sink.last_health().reason);
  print("[]");
  BOOST_TEST(degraded_with("must be an object"), sink.last_health().reason);
  print("{}");
  BOOST_TEST(degraded_with("neither \"backends\" nor \"routes\""), sink.last_health().reason);
  tests::write_text(folder / "script", "echo cannot connect >&2; exit 7\n");
  BOOST_TEST(degraded_with("exited with code 7: \"cannot connect\""), sink.last_health().reason);
  BOOST_TEST(sink.reports().size() == 1U);
  std::filesystem::remove(folder / "script");
  print_servers(server("a"));
  BOOST_TEST(eventually([&] { return sink.last_health().value == level::live; }));
  BOOST_TEST(sink.reports().size() == 1U);
}

BOOST_AUTO_TEST_CASE(how_deep_an_output_may_be_is_a_setting) {
  print_servers(server("a"));
  auto shallow = settings("cat $0/document");
  shallow.max_depth = 5;
  exec::exec_provider hosts("hosts", shallow);
  hosts.start(sink);
  BOOST_REQUIRE(eventually([&] { return servers() == 1; }));
  print_servers(R"({"name": [[]]})");
  BOOST_TEST(degraded_with("nested deeper than 5 levels"), sink.last_health().reason);
  BOOST_TEST(sink.reports().size() == 1U);
  print_servers(server("a"));
  BOOST_TEST(eventually([&] { return sink.last_health().value == level::live; }));
  hosts.stop();
}

// The control: what a script makes of a failure that it hides is taken at its word.
BOOST_AUTO_TEST_CASE(control_a_script_that_hides_its_failure_takes_everything_away) {
  print_servers(server("a"));
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return servers() == 1; }));
  tests::write_text(
      folder / "script",
      "(echo cannot connect >&2; exit 7) || { echo '{\"backends\": []}'; exit 0; }\n");
  BOOST_TEST(eventually([&] { return servers() == 0; }));
  BOOST_TEST((sink.last_health().value == level::live));
}

BOOST_AUTO_TEST_CASE(a_bad_object_is_refused_by_its_place_and_the_rest_goes_on) {
  print_servers(server("a") + R"(, {"name": "b", "address": "10.0.0.1", "port": 99999})");
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return servers() == 1; }));
  BOOST_TEST(sink.reports().at(0).refused.at(0).key == "/backends/0/servers/1/port");
}

BOOST_AUTO_TEST_CASE(stop_ends_a_command_that_hangs) {
  tests::write_text(folder / "script", "echo x >> $0/runs; sleep 600\n");
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return !tests::read_text(folder / "runs").empty(); }));
  const auto before = std::chrono::steady_clock::now();
  provider.stop();
  BOOST_TEST((std::chrono::steady_clock::now() - before < 3s));
}

BOOST_AUTO_TEST_CASE(one_reading_gives_the_view_or_the_reason_with_its_remedy) {
  print_servers(server("a"));
  const auto all = provider.backends();
  BOOST_REQUIRE(all);
  BOOST_TEST(all->backends.size() == 1U);
  print("no json");
  const auto none = provider.backends();
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().message.starts_with("hosts: /bin/sh printed no document: 1:"));
  BOOST_TEST(contains(provider.remedy(none.error()), "one JSON document"));
}

BOOST_AUTO_TEST_CASE(the_registry_makes_one) {
  config::exec_settings source;
  source.command = {"true"};
  BOOST_TEST(bool(make({"hosts", source})));
  const auto none = make({"hosts", config::exec_settings{}});
  BOOST_REQUIRE(!none);
  BOOST_TEST(contains(none.error().message, "provider hosts: command: must name a program"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers
