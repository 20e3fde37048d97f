// After a random series of changes, what switchyard tells of itself is what HAProxy's own tables
// say.

#include <array>
#include <boost/test/unit_test.hpp>
#include <cctype>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "tests/integration/haproxy_table.hpp"
#include "tests/integration/observed.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_agreement)

namespace {

using nlohmann::json;

/// A random series of changes in PostgreSQL, by servers of "api-backend" and others that come and
/// go.
class random_series {
 public:
  random_series(const schema& db, std::uint16_t up, std::uint16_t down)
      : db_(db), up_(up), down_(down), seed_(std::random_device{}()), random_(seed_) {
    BOOST_TEST_MESSAGE("seed " << seed_);
  }

  void one_change() {
    const auto backend = "b" + std::to_string(below(4));
    const auto server = "s" + std::to_string(below(6));
    const auto which = " WHERE backend = '" + backend + "' AND name = '" + server + "';";
    switch (below(6)) {
      case 0:
      case 1:
        return db_.sql("DELETE FROM servers" + which +
                       insert_server(backend, server, below(4) == 0 ? down_ : up_));
      case 2:
        return db_.sql("DELETE FROM servers" + which);
      case 3:
        return db_.sql("UPDATE servers SET weight = " + std::to_string(below(256)) + which);
      case 4:
        return db_.sql("UPDATE servers SET state = '" + states_.at(below(3)) + "'" + which);
      default:
        return db_.sql("INSERT INTO backends (name, balance) VALUES ('" + backend + "', '" +
                       (below(2) == 0 ? "leastconn" : "random") +
                       "') ON CONFLICT (name) DO UPDATE SET balance = EXCLUDED.balance;");
    }
  }

 private:
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  const schema& db_;
  const std::uint16_t up_;
  const std::uint16_t down_;
  const unsigned seed_;
  std::mt19937 random_;
  const std::array<std::string, 3> states_{"ready", "drain", "maint"};
};

/// "up" of "UP 1/3", "maint" of "MAINT (via a/b)".
std::string word_of(std::string status) {
  status = status.substr(0, status.find_first_of("0123456789(:"));
  while (status.ends_with(' ')) status.pop_back();
  for (char& c : status) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return status;
}

/// Of a metric with one label: by the label's value, those that are above 0.
std::map<std::string, double> by_label(const std::string& text, const std::string& metric) {
  std::map<std::string, double> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(metric + "{")) continue;
    const auto from = line.find('"') + 1;
    const auto number = std::stod(line.substr(line.rfind(' ') + 1));
    if (number > 0) all[line.substr(from, line.find('"', from) - from)] = number;
  }
  return all;
}

struct guarded_by_nobody : observed {
  static site_options options() {
    site_options o;
    o.more = guard_off + "drain_timeout: 1s\n";
    return o;
  }
  guarded_by_nobody() : observed(options()) {}

  /// What differs between switchyard's figures and HAProxy's own, a line each; "" for nothing.
  std::string disagreement() const {
    const auto text = scrape().text();
    const auto known = status();
    std::string found;
    const auto same = [&](const std::string& what, const auto& ours, const auto& theirs) {
      if (ours != theirs)
        found += what + ": " + json(ours).dump() + ", HAProxy " + json(theirs).dump() + "\n";
    };
    for (const bool backends : {false, true}) {
      std::map<std::string, double> theirs;
      for (const auto& [word, number] : states(*all, backends)) theirs[word_of(word)] += number;
      same(backends ? "backends" : "servers",
           by_label(text, backends ? "switchyard_backends" : "switchyard_servers"), theirs);
    }
    same("pid", known.at("haproxy").at("pid").get<int>(), static_cast<int>(all->worker_pid()));
    same("reloads", known.at("reloads").get<double>(), reloads_of_master());
    same("reloads counted", count("switchyard_reloads_total{result=\"ok\"}"), reloads_of_master());
    found += backends_disagree();
    return found;
  }

  /// The third word of the master's row in `show proc`.
  double reloads_of_master() const {
    std::istringstream rows(ask_socket(all->master_socket(), "show proc"));
    for (std::string row; std::getline(rows, row);) {
      std::istringstream words(row);
      std::string pid, type;
      double reloads = 0;
      if (words >> pid >> type >> reloads && type == "master") return reloads;
    }
    return -1;
  }

  /// Each backend's servers as the API has them, against the rows of `show stat`.
  std::string backends_disagree() const {
    std::map<std::string, std::set<std::string>> ours, theirs;
    const auto list = json::parse(http_ask(all->api_port(), "GET", "/v1/backends").body);
    for (const auto& b : list.at("backends")) {
      const auto name = b.at("name").get<std::string>();
      const auto detail =
          json::parse(http_ask(all->api_port(), "GET", "/v1/backends/" + name).body);
      if (!detail.contains("actual")) return name + " has gone\n";
      if (!detail.at("actual").is_object()) return name + " is not in HAProxy\n";
      for (const auto& d : detail.at("differences")) return name + ": " + d.dump() + "\n";
      ours[name];
      for (const auto& s : detail.at("actual").at("servers"))
        ours[name].insert(s.at("name").get<std::string>() + " " +
                          s.at("status").get<std::string>() + " " + s.at("weight").dump());
    }
    // pxname, svname are columns 1 and 2, status 18, weight 19 (management guide, "CSV format")
    std::istringstream table(all->command("show stat -1 6 -1"));
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
      std::vector<std::string> cells;
      std::istringstream parts(line);
      for (std::string cell; std::getline(parts, cell, ',');) cells.push_back(cell);
      if (cells.size() < 20 || !ours.contains(cells[0])) continue;
      if (cells[1] == "BACKEND")
        theirs[cells[0]];
      else
        theirs[cells[0]].insert(cells[1] + " " + cells[17] + " " + weight_of(cells[0], cells[1]));
    }
    return ours == theirs ? "" : json(ours).dump() + "\nHAProxy " + json(theirs).dump() + "\n";
  }
  /// `show stat` gives the effective weight, which is 0 for one that drains.
  std::string weight_of(const std::string& backend, const std::string& server) const {
    const auto reply = all->command("get weight " + backend + "/" + server);
    const auto from = reply.find("(initial ");
    return reply.substr(0, std::min(reply.find(' '), from));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(after_a_random_series_all_agrees_with_haproxys_own_tables,
                        guarded_by_nobody) {
  random_series changes(db, two.port(), free_port());
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 15; ++i) changes.one_change();
    std::string left;
    BOOST_TEST(
        eventually([&] { return (left = disagreement()).empty(); }, std::chrono::seconds(30)),
        left);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
