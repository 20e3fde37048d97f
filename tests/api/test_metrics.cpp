#include "api/metrics.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

#include "tests/support/support.hpp"

namespace switchyard::api {

namespace {

using std::chrono::milliseconds;
using tests::contains;

struct bed {
  metrics m{"1.2.3"};

  /// The value of a line, as it is written; "" when there is none of that name and labels.
  std::string value(const std::string& series) const {
    const auto text = "\n" + m.text();
    const auto at = text.find("\n" + series + " ");
    if (at == std::string::npos) return "";
    const auto from = at + series.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(the_metrics, bed)

BOOST_AUTO_TEST_CASE(tell_the_version_and_what_the_kernel_says) {
  BOOST_TEST(value("switchyard_build_info{version=\"1.2.3\"}") == "1");
  for (const auto* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_open_fds", "process_max_fds", "process_start_time_seconds",
                           "process_virtual_memory_bytes", "process_threads"})
    BOOST_TEST(!value(name).empty(), name);
  BOOST_TEST(std::stod(value("process_resident_memory_bytes")) > 1e6);
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch());
  BOOST_TEST(std::abs(std::stod(value("process_start_time_seconds")) - now.count()) < 600);
}

BOOST_AUTO_TEST_CASE(count_how_long_changes_take_by_provider) {
  m.provider_known("db", "postgres");
  BOOST_TEST(value("switchyard_propagation_seconds_count{provider=\"db\"}") == "0");
  m.propagated("db", std::chrono::microseconds(700));
  m.propagated("db", milliseconds(1500));
  BOOST_TEST(value("switchyard_propagation_seconds_count{provider=\"db\"}") == "2");
  BOOST_TEST(value("switchyard_propagation_seconds_bucket{provider=\"db\",le=\"0.0005\"}") == "0");
  BOOST_TEST(value("switchyard_propagation_seconds_bucket{provider=\"db\",le=\"0.001\"}") == "1");
  BOOST_TEST(value("switchyard_propagation_seconds_bucket{provider=\"db\",le=\"60\"}") == "2");
}

BOOST_AUTO_TEST_CASE(count_commands_and_repairs_by_kind) {
  m.commanded("add server", command_result::done, 2);
  m.commanded("add server", command_result::refused, 1);
  m.commanded("set weight", command_result::lost, 0);
  m.repaired("set weight", 3);
  const std::string commands = "switchyard_runtime_commands_total{command=\"";
  BOOST_TEST(value(commands + "add server\",result=\"done\"}") == "2");
  BOOST_TEST(value(commands + "add server\",result=\"refused\"}") == "1");
  BOOST_TEST(value(commands + "set weight\",result=\"lost\"}") == "0");
  BOOST_TEST(value("switchyard_drift_repairs_total{command=\"set weight\"}") == "3");
}

BOOST_AUTO_TEST_CASE(count_reloads_by_reason_and_result) {
  BOOST_TEST(value("switchyard_reloads_total{result=\"failed\"}") == "0");
  m.reloaded(true, milliseconds(80));
  m.reload_reason("new backend", true, 2);
  m.reload_waits(4);
  BOOST_TEST(value("switchyard_reloads_total{result=\"ok\"}") == "1");
  BOOST_TEST(value("switchyard_reload_seconds_count{result=\"ok\"}") == "1");
  BOOST_TEST(value("switchyard_reload_reasons_total{reason=\"new backend\",result=\"ok\"}") == "2");
  BOOST_TEST(value("switchyard_reload_pending_reasons") == "4");
}

BOOST_AUTO_TEST_CASE(forget_a_provider_that_is_gone) {
  m.provider_known("db", "postgres");
  m.provider_up("db", true);
  m.snapshot("db", metrics::clock::now() - std::chrono::seconds(9));
  m.provider_has("db", provider_figure::refused, 5);
  BOOST_TEST(value("switchyard_provider_up{provider=\"db\"}") == "1");
  BOOST_TEST(value("switchyard_refused_objects{provider=\"db\"}") == "5");
  BOOST_TEST(value("switchyard_provider_info{provider=\"db\",type=\"postgres\"}") == "1");
  const auto age =
      std::stod(value("switchyard_provider_last_snapshot_age_seconds{provider=\"db\"}"));
  BOOST_TEST(age >= 9);
  BOOST_TEST(age < 60);
  m.provider_gone("db");
  BOOST_TEST(!contains(m.text(), "\"db\""));
  // What was still on its way.
  m.provider_up("db", true);
  m.snapshot("db", metrics::clock::now());
  m.provider_has("db", provider_figure::refused, 5);
  m.propagated("db", milliseconds(1));
  BOOST_TEST(!contains(m.text(), "\"db\""));
  m.provider_known("db", "redis");
  BOOST_TEST(value("switchyard_provider_up{provider=\"db\"}") == "0");
}

BOOST_AUTO_TEST_CASE(show_haproxy_as_it_is_at_the_scrape) {
  std::optional<haproxy_figures> now =
      haproxy_figures{"3.0.11", {{"up", 2}, {"maint", 1}}, {{"up", 1}}};
  m.ask({[&] { return now; }, [] { return std::optional<std::uint64_t>(3); }});
  BOOST_TEST(value("switchyard_haproxy_up") == "1");
  BOOST_TEST(value("switchyard_haproxy_info{version=\"3.0.11\"}") == "1");
  BOOST_TEST(value("switchyard_servers{state=\"up\"}") == "2");
  BOOST_TEST(value("switchyard_servers{state=\"maint\"}") == "1");
  BOOST_TEST(value("switchyard_backends{state=\"up\"}") == "1");
  BOOST_TEST(value("switchyard_haproxy_old_workers") == "3");
  now.reset();
  BOOST_TEST(value("switchyard_haproxy_up") == "0");
  BOOST_TEST(!contains(m.text(), "switchyard_servers"));
  BOOST_TEST(!contains(m.text(), "switchyard_haproxy_info"));
}

BOOST_AUTO_TEST_CASE(escape_what_a_label_holds) {
  m.restarted("provider \"x\"\n");
  BOOST_TEST(value("switchyard_actor_restarts_total{actor=\"provider \\\"x\\\"\\n\"}") == "1");
}

BOOST_AUTO_TEST_CASE(are_counted_from_many_threads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) m.commanded("set state", command_result::done, 1);
    });
  for (auto& t : threads) t.join();
  BOOST_TEST(value("switchyard_runtime_commands_total{command=\"set state\",result=\"done\"}") ==
             "4000");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
