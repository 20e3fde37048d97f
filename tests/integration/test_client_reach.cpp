// The commands that ask a running switchyard, by each way to its API, and what they say of work
// that goes on.

#include <boost/test/unit_test.hpp>
#include <future>

#include "tests/integration/command_line.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/http_api.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_client_reach)

namespace {

const std::string reach_secret = "0123456789abcdef0123456789abcdef";

/// A site on a memory provider whose API has a Unix socket, or needs a token.
struct by_hand_at {
  http_upstream one{"srv1"};
  temp_dir folder;
  std::string token = folder / "token";
  std::unique_ptr<site> all;

  by_hand_at(const std::string& listen, bool with_token) {
    write_text(token, reach_secret + "\n");
    site_options o;
    o.listen = listen;
    if (with_token) o.api = "token_file: " + token;
    all = std::make_unique<site>("  - {name: manual, type: memory}\n", o);
  }
  /// How the commands are told where the API is.
  std::vector<std::string> where(std::vector<std::string> arguments, bool with_token) const {
    const auto socket = all->file("api.sock");
    const auto url = std::filesystem::exists(socket)
                         ? "unix:" + socket
                         : "http://127.0.0.1:" + std::to_string(all->api_port());
    arguments.insert(arguments.end(), {"--api", url});
    if (with_token) arguments.insert(arguments.end(), {"--token-file", token});
    return arguments;
  }
  /// PUT of api-backend with srv1 at this port, by curl with these arguments.
  void put(std::uint16_t port, const std::vector<std::string>& how) const {
    std::vector<std::string> curl{
        "curl",
        "--silent",
        "--show-error",
        "--fail-with-body",
        "-X",
        "PUT",
        "-H",
        "Content-Type: application/json",
        "-d",
        R"({"servers": [{"name": "srv1", "address": "127.0.0.1", "port": )" + std::to_string(port) +
            "}]}"};
    curl.insert(curl.end(), how.begin(), how.end());
    run_program(curl);
    BOOST_REQUIRE(eventually([&] { return all->server("api-backend", "srv1") != ""; }));
  }
  /// status, drain and watch, each as it should be.
  void all_commands_work(bool with_token, const std::function<void()>& change) const {
    const auto status = switchyard(where({"status"}, with_token));
    BOOST_TEST(status.exit_code == 0, status.output);
    BOOST_TEST(contains(status.output, "manual"), status.output);
    auto arguments = where({"watch"}, with_token);
    arguments.insert(arguments.begin(), SWITCHYARD_BINARY);
    const background_process watch(arguments, folder / "watched");
    std::string said;
    BOOST_TEST(eventually([&] {
                 // HAProxy may be too busy to be asked.
                 const auto drained =
                     switchyard(where({"drain", "api-backend/srv1", "--wait"}, with_token));
                 said = drained.output;
                 return drained.exit_code == 0;
               }),
               said);
    BOOST_TEST(contains(all->server("api-backend", "srv1"), "drain"));
    // What happens before it listens is not shown.
    BOOST_TEST(eventually([&] {
                 change();
                 return contains(read_text(folder / "watched"), "srv1");
               }),
               read_text(folder / "watched"));
  }
};

struct at_a_unix_socket : by_hand_at {
  at_a_unix_socket() : by_hand_at("unix:@FOLDER@/api.sock", false) {}
};

struct behind_a_token : by_hand_at {
  behind_a_token() : by_hand_at("127.0.0.1:@PORT@", true) {}
};

/// A request that its server holds until it is told to answer.
struct held_request {
  std::promise<void> let_go;
  std::shared_future<void> released{let_go.get_future()};
  http_api slow{[this](const http_api::request&) {
    released.wait();
    return http_api::answer(200, "late");
  }};
  std::future<http_answer> answer;

  ~held_request() { end(); }
  void begin(std::uint16_t port) {
    answer = std::async(std::launch::async,
                        [port] { return http_get(port, "/", "test", std::chrono::seconds(60)); });
    BOOST_REQUIRE(eventually([&] { return !slow.requests().empty(); }));
  }
  void end() {
    if (ended_) return;
    ended_ = true;
    let_go.set_value();
  }

 private:
  bool ended_ = false;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_commands_reach_a_unix_socket, at_a_unix_socket) {
  const auto socket = all->file("api.sock");
  put(one.port(), {"--unix-socket", socket, "http://localhost/v1/backends/api-backend?wait=20s"});
  int weight = 1;
  all_commands_work(false, [&] {
    run_program({"curl", "--silent", "--fail", "--unix-socket", socket, "-X", "PATCH", "-H",
                 "Content-Type: application/json", "-d",
                 "{\"weight\": " + std::to_string(++weight) + "}",
                 "http://localhost/v1/backends/api-backend/servers/srv1"});
  });
  // The settings name it as well.
  const auto own = switchyard({"status", "--config", all->settings_file()});
  BOOST_TEST(own.exit_code == 0, own.output);
}

BOOST_FIXTURE_TEST_CASE(the_commands_send_the_token_of_their_file, behind_a_token) {
  const auto bearer = "Authorization: Bearer " + reach_secret;
  const auto url =
      "http://127.0.0.1:" + std::to_string(all->api_port()) + "/v1/backends/api-backend";
  put(one.port(), {"-H", bearer, url + "?wait=20s"});
  int weight = 1;
  all_commands_work(true, [&] {
    run_program({"curl", "--silent", "--fail", "-H", bearer, "-X", "PATCH", "-H",
                 "Content-Type: application/json", "-d",
                 "{\"weight\": " + std::to_string(++weight) + "}", url + "/servers/srv1"});
  });
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"status"}, {"drain", "api-backend/srv1"}}) {
    const auto without = switchyard(where(command, false));
    BOOST_TEST(without.exit_code == 1, without.output);
    BOOST_TEST(contains(without.output, "--token-file FILE gives the API's token"), without.output);
  }
}

BOOST_FIXTURE_TEST_CASE(drain_waits_for_a_session_until_it_ends_or_the_timeout, at_a_unix_socket) {
  held_request held;
  put(held.slow.port(), {"--unix-socket", all->file("api.sock"),
                         "http://localhost/v1/backends/api-backend?wait=20s"});
  held.begin(all->port());
  const auto past =
      switchyard(where({"drain", "api-backend/srv1", "--wait", "--timeout", "500ms"}, false));
  BOOST_TEST(past.exit_code == 1, past.output);
  BOOST_TEST(contains(past.output, "still has 1 session"), past.output);
  held.end();
  const auto ended =
      switchyard(where({"drain", "api-backend/srv1", "--wait", "--timeout", "20s"}, false));
  BOOST_TEST(ended.exit_code == 0, ended.output);
  BOOST_TEST(contains(ended.output, "has no session left"), ended.output);
  BOOST_TEST(held.answer.get().body == "late");
}

BOOST_AUTO_TEST_CASE(status_shows_revisions_reasons_of_reloads_and_restarts) {
  const http_upstream one("srv1");
  const schema db;
  db.sql(insert_server("api-backend", "srv1", one.port()));
  const site all(db.provider_yaml());
  BOOST_REQUIRE(all.answered_by({"srv1"}));
  db.sql(insert_backend_of_its_own_kind("own-kind"));
  std::string text;
  BOOST_TEST(eventually([&] {
               const auto body = switchyard_json({"status", "--config", all.settings_file()});
               text = switchyard({"status", "--config", all.settings_file()}).output;
               const auto revision = body.at("revision").dump();
               return body.at("backends") == 2 &&
                      body.at("applied_revision") == body.at("revision") &&
                      contains(text, revision + ", applied " + revision + "; 2 backends") &&
                      contains(text.substr(text.find("\nreloads ")), "own-kind");  // its reason
             }),
             text);
  const auto actors = text.substr(text.find("\nACTOR "));
  std::istringstream lines(actors.substr(1));
  std::string line, name, running, restarts;
  std::getline(lines, line);
  std::istringstream(line) >> name >> running >> restarts;
  BOOST_TEST(restarts == "RESTARTS", text);
  while (lines >> name && name != "writer") std::getline(lines, line);
  lines >> running >> restarts;
  BOOST_TEST(running == "yes", text);
  BOOST_TEST(restarts == "0", text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
