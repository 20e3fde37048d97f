// The page, the dashboard and the alert rules name metrics that there are, and promtool takes all
// of it.

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "api/metrics.hpp"
#include "base/subprocess.hpp"
#include "tests/support/support.hpp"

namespace switchyard::api {

namespace {

using std::chrono::milliseconds;
using names = std::set<std::string>;

std::string document(const std::string& name) {
  return tests::read_text(std::string(SWITCHYARD_SOURCE_DIR) + "/docs/" + name);
}

/// What /metrics shows once everything that can happen has happened.
std::string all_of_it() {
  metrics m("1.2.3");
  m.ask({[] {
           return haproxy_figures{"3.2.1", {{"up", 2}, {"no check", 1}}, {{"up", 1}}};
         },
         [] { return 1; },
         [] {
           return std::map<std::string, held_figures>{{"db", {1, 12}}};
         }});
  m.provider_known("db", "postgres");
  m.provider_up("db", true);
  m.snapshot("db", metrics::clock::now());
  m.provider_has("db", provider_figure::refused, 1);
  m.provider_has("db", provider_figure::waiting, 1);
  m.propagated("db", milliseconds(1));
  m.queued(1);
  m.desired(1, 2, 3);
  m.applied(1);
  m.passed(pass::apply, milliseconds(1));
  m.commanded("add server", command_result::done, 1);
  m.repaired("add server", 1);
  m.reloaded(true, milliseconds(80));
  m.reload_reason("new backend", true, 1);
  m.reload_waits(1);
  m.reachable(true);
  m.restarted("writer");
  m.logged("info");
  m.listeners(1);
  return m.text();
}

/// The families that there are.
names families() {
  names all;
  std::istringstream lines(all_of_it());
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("# TYPE ")) all.insert(line.substr(7, line.find(' ', 7) - 7));
  return all;
}

/// The families that a text names; what a histogram is made of counts as the histogram.
names named_in(const std::string& text) {
  static const std::regex name("\\b(switchyard|process)(_[a-z]+)+\\b");
  static const auto known = families();
  names all;
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
    auto found = at->str();
    for (const std::string part : {"_bucket", "_count", "_sum"})
      if (found.ends_with(part) && known.contains(found.substr(0, found.size() - part.size())))
        found.resize(found.size() - part.size());
    all.insert(std::move(found));
  }
  return all;
}

/// Those of the text that there are not.
std::string unknown_in(const std::string& text) {
  const auto known = families();
  std::string all;
  for (const auto& name : named_in(text))
    if (!known.contains(name)) all += name + " ";
  return all;
}

/// Every expression of a dashboard, a line each.
std::string expressions(const nlohmann::json& part) {
  std::string all;
  if (part.is_array() || part.is_object())
    for (const auto& [key, value] : part.items())
      all += value.is_string() && (key == "expr" || key == "query" || key == "definition")
                 ? value.get<std::string>() + "\n"
                 : expressions(value);
  return all;
}

base::finished promtool(std::vector<std::string> arguments, std::string input = "") {
  base::command_line command;
  command.argv = std::move(arguments);
  command.argv.insert(command.argv.begin(), "promtool");
  command.input = std::move(input);
  auto done = base::run(command);
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(done), (done ? "" : done.error().message));
  return std::move(*done);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metric_names)

BOOST_AUTO_TEST_CASE(the_page_has_every_metric_and_no_other) {
  const auto page = document("metrics.md");
  BOOST_TEST(unknown_in(page) == "");
  const auto told = named_in(page);
  for (const auto& name : families()) BOOST_TEST(told.contains(name), name);
}

BOOST_AUTO_TEST_CASE(the_dashboard_shows_metrics_that_there_are) {
  const auto text = expressions(nlohmann::json::parse(document("grafana/switchyard.json")));
  BOOST_TEST(unknown_in(text) == "");
  BOOST_TEST(named_in(text).size() > 20U);
}

BOOST_AUTO_TEST_CASE(the_alert_rules_look_at_metrics_that_there_are) {
  const auto text = document("prometheus/alerts.yml");
  BOOST_TEST(unknown_in(text) == "");
  BOOST_TEST(named_in(text).size() > 10U);
}

BOOST_AUTO_TEST_CASE(a_metric_that_there_is_not_would_be_found) {
  BOOST_TEST(unknown_in("rate(switchyard_nothing_total[5m]) > switchyard_queue_depth") ==
             "switchyard_nothing_total ");
}

BOOST_AUTO_TEST_CASE(promtool_takes_the_metrics) {
  const auto checked = promtool({"check", "metrics"}, all_of_it());
  BOOST_TEST(checked.exit_code == 0, checked.output);
}

BOOST_AUTO_TEST_CASE(promtool_takes_the_alert_rules) {
  const auto rules = std::string(SWITCHYARD_SOURCE_DIR) + "/docs/prometheus/alerts.yml";
  const auto checked = promtool({"check", "rules", rules});
  BOOST_TEST(checked.exit_code == 0, checked.output);
}

BOOST_AUTO_TEST_CASE(the_alerts_fire_when_they_should) {
  const auto cases = std::string(SWITCHYARD_SOURCE_DIR) + "/tests/api/alerts.yml";
  const auto checked = promtool({"test", "rules", cases});
  BOOST_TEST(checked.exit_code == 0, checked.output);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
