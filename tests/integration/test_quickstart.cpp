// ./run and examples/quickstart, as a newcomer meets them.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <set>

#include "base/net.hpp"
#include "base/subprocess.hpp"
#include "tests/support/haproxy_server.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_quickstart)

namespace {

const std::string source = SWITCHYARD_SOURCE_DIR;
/// Without the sbin folders, as Debian gives it to users.
const std::string users_path = "/usr/local/bin:/usr/bin:/bin";

/// The quickstart on ports of its own, in a process group of its own as a terminal would start it.
struct quickstart {
  temp_dir folder;  // its TMPDIR
  temp_dir elsewhere;
  std::uint16_t port = free_port();
  std::uint16_t api = free_port();
  std::vector<std::uint16_t> servers{free_port(), free_port(), free_port()};
  std::unique_ptr<background_process> process;

  ~quickstart() {
    if (process && process->running()) {
      ctrl_c();
      process->wait(std::chrono::seconds(20));
    }
    // None, unless a test has failed.
    for (const auto pid : processes_with(folder.path().string())) ::kill(pid, SIGKILL);
  }

  std::map<std::string, std::string> variables() const {
    return {
        {"PATH", users_path},
        {"TMPDIR", folder.path().string()},
        {"QUICKSTART_PORT", std::to_string(port)},
        {"QUICKSTART_API_PORT", std::to_string(api)},
        {"QUICKSTART_SERVER_PORTS", std::to_string(servers[0]) + " " + std::to_string(servers[1]) +
                                        " " + std::to_string(servers[2])}};
  }

  void start(const std::string& path = users_path) {
    start({source + "/examples/quickstart/start", SWITCHYARD_BINARY}, path);
  }
  void start(std::vector<std::string> command, const std::string& path) {
    auto environment = variables();
    environment["PATH"] = path;
    // A shell cannot trap a SIGINT that was ignored before it, as it is for jobs in the background.
    command.insert(command.begin(), {"env", "--default-signal=INT"});
    process = std::make_unique<background_process>(command, elsewhere / "log", environment);
  }

  /// What ./run needs, with its program built and a cmake that only notes what it is asked for.
  std::filesystem::path built_tree() const {
    std::filesystem::path tree = elsewhere / "tree";
    std::filesystem::create_directories(tree / "build/release/cli");
    for (const auto* part : {"run", "tools", "examples"})
      std::filesystem::copy(std::filesystem::path(source) / part, tree / part,
                            std::filesystem::copy_options::recursive);
    std::filesystem::create_symlink(SWITCHYARD_BINARY, tree / "build/release/cli/switchyard");
    std::filesystem::create_directory(elsewhere / "bin");
    write_text(elsewhere / "bin/cmake", "#!/bin/sh\necho \"$@\" >>" + elsewhere / "built" + "\n");
    // Everything is there already; a test installs nothing.
    write_text(elsewhere / "bin/apt-get", "#!/bin/sh\nexit 1\n");
    for (const std::string name : {"cmake", "apt-get"})
      std::filesystem::permissions(elsewhere / ("bin/" + name), std::filesystem::perms::owner_all);
    return tree;
  }

  std::string log() const { return read_text(elsewhere / "log"); }
  bool says(std::string_view text) const {
    return eventually([&] { return contains(log(), text); }, std::chrono::seconds(30));
  }
  /// To the whole group, as a terminal sends it.
  void ctrl_c() const { ::kill(-process->pid(), SIGINT); }

  bool answered_by(const std::set<std::string>& wanted) const {
    return eventually([&] {
      std::set<std::string> seen;
      for (const auto& [name, count] : sample(port, 9)) seen.insert(name);
      return seen == wanted;
    });
  }

  /// `./run` to its end.
  base::finished run() const {
    const auto result = base::run({.argv = {source + "/run"}, .environment = variables()});
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(result), (result ? "" : result.error().message));
    return *result;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(quickstart_example, quickstart)

BOOST_AUTO_TEST_CASE(servers_take_turns_an_edit_is_live_and_ctrl_c_leaves_nothing) {
  start();
  BOOST_REQUIRE_MESSAGE(says("switchyard is up"), log());
  const auto curl = "curl -s http://127.0.0.1:" + std::to_string(port) + "/";
  BOOST_TEST(contains(log(), curl), log());
  BOOST_TEST(answered_by({"hello from red\n", "hello from green\n", "hello from blue\n"}), log());

  const std::string editor = "$EDITOR ";
  const auto from = log().find(editor) + editor.size();
  const std::filesystem::path edited = log().substr(from, log().find('\n', from) - from);
  auto text = read_text(edited);
  const auto red = text.find("      - {name: red");
  BOOST_REQUIRE(red != std::string::npos);
  write_text(edited, text.erase(red, text.find('\n', red) + 1 - red));
  BOOST_TEST(answered_by({"hello from green\n", "hello from blue\n"}), log());

  // bash, three servers, switchyard, HAProxy's master and its worker
  BOOST_TEST(processes_with(folder.path().string()).size() >= 7U);
  ctrl_c();
  BOOST_TEST(process->wait(std::chrono::seconds(30)).value_or(-1) == 130, log());
  BOOST_TEST(processes_with(folder.path().string()).empty());
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
  for (const auto p : {port, api, servers[0], servers[1], servers[2]})
    BOOST_TEST(static_cast<bool>(base::reserve({"127.0.0.1", p})));
}

// The builder has nothing to do then; how long it takes to find that out is not in this time.
BOOST_AUTO_TEST_CASE(a_second_start_is_up_within_five_seconds) {
  const auto tree = built_tree();
  std::chrono::duration<double> took{};
  // Other programs may take the processor for a while, but not each time.
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::filesystem::remove(elsewhere / "log");
    const auto began = std::chrono::steady_clock::now();
    start({tree / "run"}, elsewhere / "bin:" + users_path);
    BOOST_REQUIRE_MESSAGE(says("switchyard is up"), log());
    took = std::chrono::steady_clock::now() - began;
    ctrl_c();
    BOOST_TEST(process->wait(std::chrono::seconds(30)).value_or(-1) == 130, log());
    BOOST_TEST(processes_with(folder.path().string()).empty());
    if (took < std::chrono::seconds(5)) break;
  }
  BOOST_TEST(took.count() < 5);
  BOOST_TEST(contains(log(), "curl -s http://127.0.0.1:" + std::to_string(port)), log());
  BOOST_TEST(!contains(log(), "Installing"), log());
  BOOST_TEST(contains(read_text(elsewhere / "built"),
                      "--preset release -DSWITCHYARD_TESTS=OFF\n--build --preset release\n"));
}

BOOST_AUTO_TEST_CASE(ports_in_use_are_named_before_anything_is_built) {
  const http_upstream first("first", port), second("second", servers[1]);
  const auto result = run();
  BOOST_TEST(result.exit_code == 1);
  const auto taken = [](std::uint16_t p) {
    return "Port " + std::to_string(p) + " on 127.0.0.1 is in use by another program";
  };
  BOOST_TEST(contains(result.output, taken(port)), result.output);
  BOOST_TEST(contains(result.output, "QUICKSTART_PORT=… ./run"), result.output);
  BOOST_TEST(contains(result.output, taken(servers[1])), result.output);
  BOOST_TEST(!contains(result.output, taken(api)), result.output);
  BOOST_TEST(!contains(result.output, "Building"), result.output);
  start();
  BOOST_TEST(process->wait(std::chrono::seconds(10)).value_or(-1) == 1);
  BOOST_TEST(contains(log(), taken(port)), log());
}

BOOST_AUTO_TEST_CASE(what_is_no_port_is_told) {
  port = 0;
  const auto result = run();
  BOOST_TEST(result.exit_code == 1);
  BOOST_TEST(contains(result.output, "QUICKSTART_PORT: '0' is no port"), result.output);
}

BOOST_AUTO_TEST_CASE(an_haproxy_that_does_not_come_up_is_told) {
  // The real one for all questions; as a daemon it does nothing.
  std::filesystem::create_directory(elsewhere / "bin");
  write_text(elsewhere / "bin/haproxy",
             "#!/bin/sh\n[ \"$1\" = -W ] && exec sleep 600\n"
             "PATH=$PATH:/usr/local/sbin:/usr/sbin exec " +
                 haproxy_binary() + " \"$@\"\n");
  std::filesystem::permissions(elsewhere / "bin/haproxy", std::filesystem::perms::owner_all);
  start(elsewhere / "bin:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin");
  BOOST_TEST(says("HAProxy does not answer on 127.0.0.1:" + std::to_string(port)), log());
  ctrl_c();
  BOOST_TEST(process->wait(std::chrono::seconds(30)).value_or(-1) == 130, log());
  BOOST_TEST(processes_with(folder.path().string()).empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
