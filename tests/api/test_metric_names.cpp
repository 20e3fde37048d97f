// The page, the dashboard and the alert rules name metrics that there are, and promtool takes all
// of it.

#include <boost/test/unit_test.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "api/metrics.hpp"
#include "base/subprocess.hpp"
#include "base/yaml.hpp"
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
           return haproxy_figures{"3.2.1", {{"up", 2}, {"no check", 1}, {"down", 1}}, {{"up", 1}}};
         },
         [] { return 1; },
         [] {
           return std::map<std::string, held_figures>{{"db", {1, 12}}};
         }});
  m.provider_known("db", "postgres");
  for (const auto* type : {"redis", "rest", "exec", "file", "memory"}) m.provider_known(type, type);
  m.provider_up("db", true);
  m.snapshot("db", metrics::clock::now());
  m.provider_has("db", provider_figure::refused, 1);
  m.provider_has("db", provider_figure::waiting, 1);
  m.propagated("db", milliseconds(1));
  m.queued(1);
  m.desired(1, 2, 3);
  m.applied(1);
  for (const auto kind : {pass::apply, pass::reconcile, pass::tick})
    m.passed(kind, milliseconds(1));
  for (const auto result : {command_result::done, command_result::refused, command_result::lost})
    m.commanded("add server", result, 1);
  m.repaired("add server", 1);
  for (const bool succeeded : {true, false}) m.reloaded(succeeded, milliseconds(80));
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

/// Label → the values that it has.
using labels = std::map<std::string, names>;

/// What a histogram is made of counts as the histogram.
std::string family_of(std::string name, const names& known) {
  for (const std::string part : {"_bucket", "_count", "_sum"})
    if (name.ends_with(part) && known.contains(name.substr(0, name.size() - part.size())))
      name.resize(name.size() - part.size());
  return name;
}

/// The labels of every family, with those that Prometheus adds.
std::map<std::string, labels> labels_of_families() {
  static const std::regex series("^([a-z_]+)(?:\\{(.*)\\})? \\S+$");
  static const std::regex label("([a-z_]+)=\"([^\"]*)\"");
  const auto known = families();
  std::map<std::string, labels> all;
  std::istringstream lines(all_of_it());
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#") || !std::regex_match(line, found, series)) continue;
    auto& of = all[family_of(found[1], known)];
    of["job"], of["instance"];
    const auto text = found[2].str();
    for (std::sregex_iterator at(text.begin(), text.end(), label), end; at != end; ++at)
      of[at->str(1)].insert(at->str(2));
  }
  return all;
}

/// Labels that a text uses and none of the families that it names has, and values of a family's
/// label that it compares with and that are never there. `more`: a legend or a sentence, with
/// `{{label}}` in it.
std::string unknown_labels_in(const std::string& text, const std::string& more = "") {
  static const std::regex selected("\\b((?:switchyard|process)(?:_[a-z]+)+)(?:\\{([^}]*)\\})?");
  static const std::regex matcher("([a-z_]+)\\s*(?:=~|!~|!=|=)\\s*\"([^\"]*)\"");
  static const std::regex grouping("\\b(?:by|on|group_left|group_right|without)\\s*\\(([^)]*)\\)");
  static const std::regex shown("\\{\\{\\s*(?:\\$labels\\.)?([a-z_]+)\\s*\\}\\}");
  static const std::regex word("[a-z_]+");
  static const auto families_labels = labels_of_families();
  std::string unknown;
  names usable{"job", "instance"};  // of `up` as well
  for (std::sregex_iterator at(text.begin(), text.end(), selected), end; at != end; ++at) {
    const auto family = families_labels.find(family_of(at->str(1), families()));
    if (family == families_labels.end()) continue;  // unknown_in() finds it
    for (const auto& [label, values] : family->second) usable.insert(label);
    const auto inside = at->str(2);
    for (std::sregex_iterator m(inside.begin(), inside.end(), matcher); m != end; ++m) {
      const auto label = family->second.find(m->str(1));
      if (label == family->second.end()) {
        unknown += m->str(1) + " ";
        continue;
      }
      std::istringstream values(m->str(2));
      for (std::string value; std::getline(values, value, '|');)
        if (!label->second.empty() && !label->second.contains(value))
          unknown += label->first + "=" + value + " ";
    }
  }
  const auto look = [&](const std::string& list) {
    for (std::sregex_iterator at(list.begin(), list.end(), word), end; at != end; ++at)
      if (!usable.contains(at->str())) unknown += at->str() + " ";
  };
  for (std::sregex_iterator at(text.begin(), text.end(), grouping), end; at != end; ++at)
    look(at->str(1));
  for (std::sregex_iterator at(more.begin(), more.end(), shown), end; at != end; ++at)
    look(at->str(1));
  return unknown;
}

/// Every query of a dashboard is looked at with its legend.
std::string unknown_labels_in_panels(const nlohmann::json& part) {
  std::string unknown;
  if (part.is_object() && part.contains("expr"))
    unknown += unknown_labels_in(part.at("expr"),
                                 part.value("legendFormat", "") + part.value("titleFormat", ""));
  if (part.is_array() || part.is_object())
    for (const auto& inner : part) unknown += unknown_labels_in_panels(inner);
  return unknown;
}

nlohmann::json yaml_of(const std::string& text) {
  auto read = base::parse_yaml(text);
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(read), (read ? "" : read.error().message));
  return std::move(read->value);
}

/// The families that a text names.
names named_in(const std::string& text) {
  static const std::regex name("\\b(switchyard|process)(_[a-z]+)+\\b");
  static const auto known = families();
  names all;
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
    all.insert(family_of(at->str(), known));
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

BOOST_AUTO_TEST_CASE(the_dashboard_and_the_alert_rules_use_labels_and_values_that_there_are) {
  BOOST_TEST(unknown_labels_in_panels(nlohmann::json::parse(document("grafana/switchyard.json"))) ==
             "");
  const auto rules = yaml_of(document("prometheus/alerts.yml"));
  for (const auto& rule : rules.at("groups").at(0).at("rules"))
    BOOST_TEST(unknown_labels_in(rule.at("expr"), rule.at("annotations").dump()) == "",
               rule.at("alert"));
}

BOOST_AUTO_TEST_CASE(a_label_or_a_value_that_there_is_not_would_be_found) {
  BOOST_TEST(unknown_labels_in("switchyard_servers{state=~\"up|asleep\", instance=~\"$i\"}") ==
             "state=asleep ");
  BOOST_TEST(unknown_labels_in("sum by (colour) (switchyard_servers{size=\"1\"})") ==
             "size colour ");
  BOOST_TEST(unknown_labels_in("switchyard_holds", "{{provider}} {{ $labels.backend }}") ==
             "backend ");
}

BOOST_AUTO_TEST_CASE(each_alert_has_a_case_in_which_it_fires) {
  names fired;
  const auto cases =
      yaml_of(tests::read_text(std::string(SWITCHYARD_SOURCE_DIR) + "/tests/api/alerts.yml"));
  for (const auto& one : cases.at("tests"))
    for (const auto& check : one.at("alert_rule_test"))
      if (check.contains("exp_alerts")) fired.insert(check.at("alertname").get<std::string>());
  const auto rules = yaml_of(document("prometheus/alerts.yml"));
  for (const auto& rule : rules.at("groups").at(0).at("rules"))
    BOOST_TEST(fired.contains(rule.at("alert").get<std::string>()), rule.at("alert"));
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
