// The example of docs/providers/custom.md: the page shows the files that are compiled here.

#include <boost/test/unit_test.hpp>

#include "examples/custom_provider/table_provider.hpp"
#include "model/desired_state.hpp"
#include "tests/providers/recording_sink.hpp"
#include "tests/support/support.hpp"

namespace {

using namespace switchyard;
using namespace std::chrono_literals;
using level = model::provider_health::level;
using tests::eventually;

const std::string source_folder = SWITCHYARD_SOURCE_DIR;

struct table {
  tests::temp_dir folder;
  tests::recording_sink sink;
  providers::table::table_provider provider{"table", folder / "servers", 10ms};

  ~table() { provider.stop(); }

  void write(const std::string& lines) const {
    tests::write_text(folder / "next", lines);
    std::filesystem::rename(folder / "next", folder / "servers");
  }
  /// "name address:port" of the servers of a backend, as a manager would have them.
  std::string servers_of(const std::string& backend) const {
    model::desired_state state({"table"});
    for (const auto& report : sink.reports()) state.fold("table", report);
    const auto found = state.find(backend);
    if (!found) return "no such backend";
    std::string text;
    for (const auto& s : found->servers)
      text += (text.empty() ? "" : ", ") + s.name + " " + s.address + ":" + std::to_string(s.port);
    return text;
  }
  bool becomes(const std::string& backend, const std::string& servers) const {
    return eventually([&] { return servers_of(backend) == servers; });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(custom_provider, table)

BOOST_AUTO_TEST_CASE(it_follows_its_table) {
  write("# backend server address port\napi srv1 10.0.1.10 8080\n\n");
  provider.start(sink);
  BOOST_TEST(becomes("api", "srv1 10.0.1.10:8080"));
  write("api srv1 10.0.1.10 8080\napi srv2 10.0.1.11 8080\nweb w 10.0.2.1 80\n");
  BOOST_TEST(becomes("api", "srv1 10.0.1.10:8080, srv2 10.0.1.11:8080"));
  BOOST_TEST(becomes("web", "w 10.0.2.1:80"));
  write("api srv2 10.0.1.11 9090\n");
  BOOST_TEST(becomes("api", "srv2 10.0.1.11:9090"));
  BOOST_TEST(becomes("web", "no such backend"));
}

BOOST_AUTO_TEST_CASE(it_keeps_what_it_had_when_the_table_is_broken_or_gone) {
  write("api srv1 10.0.1.10 8080\n");
  provider.start(sink);
  BOOST_REQUIRE(becomes("api", "srv1 10.0.1.10:8080"));
  write("api srv1 10.0.1.10\n");
  BOOST_TEST(eventually([&] {
    return tests::contains(sink.last_health().reason, "wants four words, not: api srv1 10.0.1.10");
  }));
  std::filesystem::remove(folder / "servers");
  BOOST_TEST(
      eventually([&] { return tests::contains(sink.last_health().reason, "no such file"); }));
  BOOST_TEST(sink.reports().size() == 1U);
  write("api srv1 10.0.1.10 99999\napi srv2 10.0.1.11 80\n");
  BOOST_TEST(becomes("api", "srv1 10.0.1.10:8080, srv2 10.0.1.11:80"));
  BOOST_TEST(eventually([&] { return sink.last_health().value == level::live; }));
}

BOOST_AUTO_TEST_CASE(the_page_shows_what_is_compiled) {
  const auto page = tests::read_text(source_folder + "/docs/providers/custom.md");
  for (const std::string file : {"table_provider.hpp", "table_provider.cpp"}) {
    const auto code = tests::read_text(source_folder + "/examples/custom_provider/" + file);
    BOOST_TEST(!code.empty());
    BOOST_TEST(tests::contains(page, "```cpp\n" + code + "```\n"), file);
  }
}

BOOST_AUTO_TEST_SUITE_END()
