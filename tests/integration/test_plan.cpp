// `switchyard plan` beside a whole installation.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/subprocess.hpp"
#include "tests/api/description.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_plan)

namespace {

using nlohmann::json;

constexpr int nothing = 0;
constexpr int failure = 1;
constexpr int usage = 2;
constexpr int differs = 3;

/// A site on two rows of a schema of its own, and `plan` on its settings.
struct planned_site {
  schema rows;
  http_upstream one{"one"}, two{"two"};
  site installation;

  planned_site() : installation(made(rows, one), attached()) {
    BOOST_REQUIRE(installation.answered_by({"one"}));
    BOOST_REQUIRE(eventually([&] { return plan({}).exit_code == nothing; }));
  }

  static site_options attached() {
    site_options options;
    options.managed = false;
    return options;
  }
  static std::string made(const schema& rows, const http_upstream& server) {
    rows.sql(insert_server("api-backend", "one", server.port()));
    return rows.provider_yaml();
  }

  std::string api() const { return "127.0.0.1:" + std::to_string(installation.api_port()); }
  base::finished plan(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"plan", "--config", installation.settings_file()});
    return run(arguments);
  }
  base::finished run(const std::vector<std::string>& arguments,
                     const std::string& input = "") const {
    base::command_line command;
    command.argv = {SWITCHYARD_BINARY};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.input = input;
    command.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
    command.deadline = std::chrono::seconds(60);
    const auto ran = base::run(command);
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(ran), (ran ? "" : ran.error().message));
    return *ran;
  }
  json planned(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-o", "json"});
    const auto ran = plan(arguments);
    BOOST_TEST_CONTEXT(ran.output) BOOST_REQUIRE(ran.exit_code == differs);
    return json::parse(ran.output);
  }
  std::string document(const std::string& text) const {
    const auto path = installation.file("document.yaml");
    write_text(path, text);
    return path;
  }
};

bool sends(const json& plan, const std::string& start) {
  for (const auto& step : plan["steps"])
    if (step["do"] == "command" && step["command"].get<std::string>().starts_with(start))
      return true;
  return false;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(plan_command, planned_site)

BOOST_AUTO_TEST_CASE(a_document_is_an_addition_to_the_sources_unless_it_is_whole) {
  const auto path = document(
      "backends:\n  - name: shop\n    servers:\n      - {name: s1, address: 127.0.0.1, port: " +
      std::to_string(two.port()) + "}\n");
  const auto added = planned({"--file", path});
  for (const auto& step : added["steps"])
    if (step["do"] == "command") BOOST_TEST(step["backend"] == "shop");
  BOOST_TEST(added["reload"]["count"] == (haproxy_adds_backends() ? 0 : 1));

  const auto whole = planned({"--file", path, "--whole"});
  bool removes = sends(whole, "unpublish backend api-backend");
  for (const auto& reason : whole["reload"]["reasons"])
    removes =
        removes || (reason["cause"] == "removed backend" && reason["subject"] == "api-backend");
  BOOST_TEST(removes);
  // It is a plan.
  BOOST_TEST(!installation.backend_exists("shop"));
  BOOST_TEST(installation.answered_by({"one"}));
}

BOOST_AUTO_TEST_CASE(a_document_stands_in_for_the_backend_of_a_source) {
  const auto changed =
      planned({"--file", document("backends:\n  - name: api-backend\n    servers:\n"
                                  "      - {name: one, address: 127.0.0.1, port: " +
                                  std::to_string(one.port()) + ", weight: 7}\n")});
  BOOST_TEST(sends(changed, "set server api-backend/one weight 7"));
  BOOST_TEST(changed["reload"]["count"] == 0);
  BOOST_TEST(changed["files"].size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_sources_are_read_when_no_switchyard_runs) {
  BOOST_REQUIRE(installation.stop_switchyard() == 0);
  rows.sql(insert_server("api-backend", "two", two.port()));
  const auto text = plan({});
  BOOST_TEST(text.exit_code == differs);
  BOOST_TEST_CONTEXT(text.output) {
    BOOST_TEST(contains(text.output, "no reload"));
    BOOST_TEST(contains(text.output, "add server api-backend/two 127.0.0.1:"));
  }
  BOOST_TEST(installation.server("api-backend", "two") == "");
  installation.start_switchyard();
  BOOST_TEST(installation.answered_by({"one", "two"}));
  BOOST_TEST(eventually([&] { return plan({}).exit_code == nothing; }));
}

BOOST_AUTO_TEST_CASE(the_api_plans_for_the_present_state_and_for_a_document) {
  const description described;
  const auto ask = [&](const std::string& method, const std::string& path,
                       const std::string& body = "") {
    const auto answer = http_ask(installation.api_port(), method, path, body);
    if (path.starts_with("/v1/plan"))
      BOOST_TEST(described.undescribed(method == "GET" ? "get" : "post", "/v1/plan", answer) == "");
    return answer;
  };
  BOOST_REQUIRE(eventually([&] { return ask("GET", "/readyz").status == 200; }));
  const auto present = ask("GET", "/v1/plan");
  BOOST_TEST(present.status == 200);
  BOOST_TEST(json::parse(present.body)["differs"] == false, present.body);

  const json server{{"name", "one"}, {"address", "127.0.0.1"}, {"port", one.port()}, {"weight", 7}};
  const json document{{"backends", {{{"name", "api-backend"}, {"servers", {server}}}}}};
  const auto changed = ask("POST", "/v1/plan", document.dump());
  BOOST_TEST(changed.status == 200, changed.body);
  BOOST_TEST(sends(json::parse(changed.body), "set server api-backend/one weight 7"));
  const json empty{{"backends", json::array()}};
  const auto whole = ask("POST", "/v1/plan?whole=true", empty.dump());
  BOOST_TEST(json::parse(whole.body)["differs"] == true);
  BOOST_TEST(json::parse(ask("POST", "/v1/plan", empty.dump()).body)["differs"] == false);

  BOOST_TEST(ask("POST", "/v1/plan", "{").status == 400);
  BOOST_TEST(ask("POST", "/v1/plan", "[]").status == 422);
  BOOST_TEST(ask("POST", "/v1/plan?whole=7", empty.dump()).status == 400);
  BOOST_TEST(installation.answered_by({"one"}));
}

BOOST_AUTO_TEST_CASE(the_command_asks_a_running_switchyard_and_says_the_same) {
  BOOST_REQUIRE(eventually(
      [&] { return http_ask(installation.api_port(), "GET", "/readyz").status == 200; }));
  const auto by_api = [&](std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), {"plan", "--api", api()});
    return run(arguments, input);
  };
  BOOST_TEST(by_api({}).exit_code == nothing);
  BOOST_TEST(by_api({}).output == plan({}).output);
  const std::string text =
      "backends:\n  - name: api-backend\n    balance: leastconn\n    servers:\n"
      "      - {name: one, address: 127.0.0.1, port: " +
      std::to_string(one.port()) +
      ", weight: 7}\n      - {name: bad, address: 127.0.0.1, port: 0}\n";
  const auto path = document(text);
  const auto here = plan({"--file", path}), there = by_api({"--file", path});
  BOOST_TEST(there.exit_code == differs, there.output);
  BOOST_TEST(contains(there.output, "1 reload (changed settings api-backend [balance leastconn])"),
             there.output);
  BOOST_TEST(contains(there.output, "refused document: /backends/0/servers/1/port: "),
             there.output);
  const auto plain = [](const std::string& output) {
    return output.substr(0, output.find("refused "));
  };
  BOOST_TEST(plain(there.output) == plain(here.output));
  BOOST_TEST(by_api({"--file", "-"}, text).output == there.output);
  const auto shown = json::parse(by_api({"--file", path, "--whole", "-o", "json"}).output);
  const json server{{"name", "one"}, {"address", "127.0.0.1"}, {"port", one.port()}, {"weight", 7}};
  json own{{"name", "api-backend"}, {"balance", "leastconn"}, {"servers", {server, server}}};
  own["servers"][1] = {{"name", "bad"}, {"address", "127.0.0.1"}, {"port", 0}};
  const json body{{"backends", {own}}};
  BOOST_TEST(
      shown ==
      json::parse(
          http_ask(installation.api_port(), "POST", "/v1/plan?whole=true", body.dump()).body));
  write_text(installation.file("document.json"), body.dump());
  BOOST_TEST(
      json::parse(
          by_api({"--file", installation.file("document.json"), "--whole", "-o", "json"}).output) ==
      shown);

  BOOST_TEST(by_api({"--file", document("backends: [\n")}).exit_code == failure);
  BOOST_TEST(by_api({"--file", document("backends: 7\n")}).exit_code == failure);
  const auto folder = by_api({"--file", installation.file("")});
  BOOST_TEST(folder.exit_code == failure);
  BOOST_TEST(contains(folder.output, "is a folder"), folder.output);
  BOOST_TEST(run({"plan", "--api", "nowhere/at/all"}).exit_code == usage);
  BOOST_TEST(run({"plan", "--token-file", "t"}).exit_code == usage);
  const auto nobody = run({"plan", "--api", "unix:" + installation.file("no.sock")});
  BOOST_TEST(nobody.exit_code == failure);
  BOOST_TEST(contains(nobody.output, "nobody answers at"), nobody.output);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_named_once) {
  const auto none = installation.file("none.yaml");
  const auto no_file = plan({"--file", none});
  BOOST_TEST(no_file.exit_code == failure);
  BOOST_TEST(no_file.output == "switchyard plan: --file: " + none + ": is not there\n");
  write_text(installation.file("other.yaml"),
             "providers: [{name: main-db, type: postgres, dsn: host=127.0.0.1 port=1}]\n");
  const auto no_source = run({"plan", "--config", installation.file("other.yaml")});
  BOOST_TEST(no_source.exit_code == failure);
  BOOST_TEST(no_source.output.starts_with("switchyard plan: main-db: connection to server"),
             no_source.output);
}

BOOST_AUTO_TEST_CASE(a_document_may_come_from_the_standard_input_or_be_json) {
  const json server{{"name", "one"}, {"address", "127.0.0.1"}, {"port", one.port()}, {"weight", 7}};
  const json bad{{"name", "a b"}, {"servers", json::array()}};
  const json body{
      {"backends",
       {{{"name", "api-backend"}, {"balance", "leastconn"}, {"servers", {server}}}, bad}}};
  write_text(installation.file("document.json"), body.dump());
  const auto from_file = plan({"--file", installation.file("document.json")});
  BOOST_TEST(from_file.exit_code == differs, from_file.output);
  BOOST_TEST(
      contains(from_file.output, "1 reload (changed settings api-backend [balance leastconn])"),
      from_file.output);
  BOOST_TEST(contains(from_file.output, "refused document: document.json: /backends/1/name: "),
             from_file.output);
  const auto from_input = run(
      {"plan", "--config", installation.settings_file(), "--file", "-", "-o", "json"}, body.dump());
  BOOST_TEST(from_input.exit_code == differs, from_input.output);
  const auto read = json::parse(from_input.output);
  const auto& reason = read.at("reload").at("reasons").at(0);
  BOOST_TEST(reason.at("cause") == "changed settings");
  BOOST_TEST(reason.at("detail") == "balance leastconn");
  BOOST_REQUIRE(read.at("refused").size() == 1U);
  BOOST_TEST(read.at("refused").at(0).at("key") == "standard input: /backends/1/name");
}

BOOST_AUTO_TEST_CASE(a_plan_that_is_being_checked_keeps_no_end_waiting) {
  BOOST_REQUIRE(installation.stop_switchyard() == 0);
  const auto slow = installation.file("slow"), checking = installation.file("checking");
  const auto armed = installation.file("armed");
  write_text(slow, "#!/bin/sh\n[ \"$1\" = -c ] && [ -e " + armed + " ] && touch " + checking +
                       " && sleep 25\nexec " + haproxy_binary() + " \"$@\"\n");
  std::filesystem::permissions(slow, std::filesystem::perms::owner_all);
  auto settings = read_text(installation.settings_file());
  settings.replace(settings.find("binary: ") + 8, haproxy_binary().size(), slow);
  write_text(installation.settings_file(), settings);
  installation.start_switchyard();
  BOOST_REQUIRE(eventually(
      [&] { return http_ask(installation.api_port(), "GET", "/readyz").status == 200; }));
  write_text(armed, "");
  std::jthread client([&] {
    const json shop{{"name", "shop"}, {"balance", "leastconn"}, {"servers", json::array()}};
    http_ask(installation.api_port(), "POST", "/v1/plan", json{{"backends", {shop}}}.dump());
  });
  BOOST_REQUIRE(eventually([&] { return std::filesystem::exists(checking); }));
  const base::deadline soon(std::chrono::seconds(10));
  BOOST_TEST(installation.stop_switchyard() == 0);
  BOOST_TEST(!soon.passed());
}

BOOST_AUTO_TEST_CASE(what_the_guard_holds_stays_in_a_plan_and_is_told) {
  const auto held = [](const base::finished& ran) {
    return json::parse(ran.output).at("held").at("list");
  };
  const auto what = "provider db would lose its last server";
  // Before anybody has held it: as the next start would.
  BOOST_REQUIRE(installation.stop_switchyard() == 0);
  rows.sql("DELETE FROM servers");
  auto ran = plan({"-o", "json"});
  BOOST_TEST(ran.exit_code == nothing, ran.output);
  BOOST_REQUIRE(held(ran).size() == 1U);
  BOOST_TEST(held(ran).at(0).at("id").is_null());
  BOOST_TEST(held(ran).at(0).at("what") == what);
  BOOST_TEST(contains(plan({}).output, std::string("would be held: ") + what), plan({}).output);
  rows.sql(insert_server("shop", "two", two.port()));
  BOOST_TEST(plan({}).exit_code == differs);
  const auto differences = planned({});
  for (const auto& step : differences.at("steps"))
    if (step["do"] == "command") BOOST_TEST(step["backend"] == "shop");
  // As it is held.
  installation.start_switchyard();
  BOOST_REQUIRE(eventually([&] {
    ran = plan({"-o", "json"});
    return ran.exit_code == nothing && held(ran).size() == 1U && held(ran).at(0).at("id") == 1;
  }));
  BOOST_TEST(contains(plan({}).output, "hold 1: " + held(ran).at(0).at("what").get<std::string>() +
                                           "; 1 server kept until `switchyard approve 1`"),
             plan({}).output);
  const auto answer = http_ask(installation.api_port(), "GET", "/v1/plan");
  BOOST_TEST(description().undescribed("get", "/v1/plan", answer) == "");
  BOOST_TEST(json::parse(answer.body).at("held").at("count") == 1, answer.body);
  // Let go, it leaves, and nothing is held.
  BOOST_REQUIRE(http_ask(installation.api_port(), "POST", "/v1/holds/1/approve?wait=20s").status ==
                200);
  BOOST_TEST(eventually(
                 [&] {
                   ran = plan({"-o", "json"});
                   return held(ran).empty() && ran.exit_code == nothing;
                 },
                 std::chrono::seconds(60)),
             ran.output);
}

BOOST_AUTO_TEST_CASE(a_last_good_view_that_cannot_be_read_is_told) {
  BOOST_REQUIRE(installation.stop_switchyard() == 0);
  write_text(installation.file("state/view-db.json"), "nothing");
  const auto ran = plan({"-o", "json"});
  BOOST_TEST(contains(ran.output, "what the guard would hold of provider db is not known"),
             ran.output);
}

BOOST_AUTO_TEST_CASE(a_plan_that_cannot_be_made_is_no_empty_one) {
  BOOST_TEST(plan({"--file", installation.file("missing.yaml")}).exit_code == failure);
  BOOST_TEST(plan({"--file", document("backends: 7\n")}).exit_code == failure);
  BOOST_TEST(plan({"--whole"}).exit_code == usage);
  BOOST_TEST(plan({"--no-such-option"}).exit_code == usage);
  rows.sql("DROP TABLE servers CASCADE");
  const auto unread = plan({});
  BOOST_TEST(unread.exit_code == failure);
  BOOST_TEST(contains(unread.output, "servers"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
