// What the table of routes tells HAProxy, and what it does about answers.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "haproxy/overlay_files.hpp"
#include "haproxy/route_table.hpp"

namespace switchyard::haproxy {

namespace {

/// A worker with a map: it takes everything, and writes down the first words of each command.
class map_of_a_worker final : public conversation {
 public:
  explicit map_of_a_worker(std::string entries) : entries_(std::move(entries)) {}

  base::outcome<std::string> execute_raw(std::string_view command) override {
    if (command.starts_with("show map")) return entries_;
    if (command.starts_with("prepare map")) ++prepared;
    return command.starts_with("prepare map") ? "New version created: 1" : std::string();
  }
  base::outcome<std::string> execute_payload(std::string_view, std::string_view) override {
    return std::string();
  }
  std::vector<base::status> execute(std::span<const command> commands) override {
    for (const auto& c : commands) ++(c.kind == command_kind::commit_map ? committed : changed);
    return std::vector<base::status>(commands.size());
  }
  int fd() const override { return -1; }
  bool broken() const override { return false; }

  std::size_t prepared = 0, committed = 0, changed = 0;

 private:
  std::string entries_;
};

/// What of `there` routes to "a" a worker is told when the first `moved` of them lead to "b", and
/// the first `gone` go instead.
struct told_of_changes {
  std::size_t prepared, committed, changed;
  bool operator==(const told_of_changes&) const = default;
};

told_of_changes told_when(std::size_t there, std::size_t moved, std::size_t gone = 0) {
  std::string entries;
  std::vector<model::route> routes;
  for (std::size_t i = 0; i < there; ++i) {
    const auto host = "h" + std::to_string(i);
    entries += "0x1 " + host + "/ a\n";
    if (i >= gone) routes.push_back({host, "/", i < moved ? "b" : "a"});
  }
  overlay_files files;
  route_table table("/var/lib/switchyard/haproxy.routes.map", files);
  map_of_a_worker worker(entries);
  BOOST_REQUIRE(table.read(worker));
  table.want(std::make_shared<const std::vector<model::route>>(std::move(routes)), true);
  const auto done = table.converge(
      worker, [](const std::string&) { return backend_presence::running; }, {}, 0);
  BOOST_REQUIRE(done && done->failed == 0);
  return {worker.prepared, worker.committed, worker.changed};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_route_table)

BOOST_AUTO_TEST_CASE(many_changes_that_are_most_of_the_map_are_one_step) {
  const auto many = route_table::most_single_changes + 1;
  BOOST_TEST((told_when(many, many) == told_of_changes{1, 1, many}));
  BOOST_TEST((told_when(2 * many - 1, many) == told_of_changes{1, 1, 2 * many - 1}));
  BOOST_TEST((told_when(many, 0, many) == told_of_changes{1, 1, 0}));
}

BOOST_AUTO_TEST_CASE(few_changes_or_less_than_most_of_the_map_cost_no_more_than_they_are) {
  const auto few = route_table::most_single_changes;
  BOOST_TEST((told_when(few, few) == told_of_changes{0, 0, few}));
  BOOST_TEST((told_when(few, 0, few) == told_of_changes{0, 0, few}));
  BOOST_TEST((told_when(2 * (few + 1), few + 1) == told_of_changes{0, 0, few + 1}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::haproxy
