// The generated file is lost, and switchyard is started beside the HAProxy that runs with it.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/faults/installation.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_faults_lost_file)

namespace {

struct lost_file : installation {
  lost_file() {
    gateway.switchyard().signal(SIGKILL);
    BOOST_REQUIRE(gateway.switchyard().wait(std::chrono::seconds(5)).has_value());
    std::filesystem::remove(gateway.config_file());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lost_configuration, lost_file)

BOOST_AUTO_TEST_CASE(haproxy_keeps_its_backends_until_the_source_can_be_read) {
  const unbroken_traffic traffic(*this);
  const auto worker = gateway.worker_pid();
  std::filesystem::remove(source / "backends.json");
  // Nothing is known of the source then.
  std::filesystem::remove(gateway.file("state") + "/view-files.json");
  gateway.start_switchyard();
  // With backends that came at run time the running HAProxy has nothing that its file lacks.
  const auto* told = haproxy_adds_backends() ? "connected to HAProxy" : "goes on with what it has";
  const auto before = haproxy_adds_backends() ? 1U : 0U;
  BOOST_TEST(eventually([&] { return gateway.log_count(told) > before; }), gateway.log());
  // It has looked again since, more than once.
  const auto answered = traffic.answered();
  BOOST_TEST(
      eventually([&] { return traffic.answered() > answered + 1000; }, std::chrono::seconds(60)));
  BOOST_TEST(gateway.worker_pid() == worker, gateway.log());
  want({api({&one, &two})});
  BOOST_TEST(eventually([&] {
               return gateway.config_text().find("    server srv2 ") != std::string::npos;
             }),
             gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
}

BOOST_AUTO_TEST_CASE(no_request_fails_where_the_source_is_there) {
  const unbroken_traffic traffic(*this);
  const auto worker = gateway.worker_pid();
  gateway.start_switchyard();
  BOOST_TEST(eventually([&] {
               return gateway.config_text().find("    server srv2 ") != std::string::npos &&
                      gateway.worker_pid() != worker;
             }),
             gateway.log());
  BOOST_TEST(gateway.answered_by({"srv1", "srv2"}), gateway.log());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
