// `switchyard doctor` beside sources whose clocks are not this machine's.

#include <boost/test/unit_test.hpp>
#include <cstdio>

#include "tests/integration/doctors_patient.hpp"
#include "tests/integration/site.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/shifted_clock.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_doctor_clocks)

BOOST_FIXTURE_TEST_CASE(clocks_that_are_apart_are_a_warning, patient) {
  if (!shifted_clock::available() || !shifted_clock::goes_with(haproxy_binary())) {
    std::printf("NOT RUN: libfaketime is not there, or HAProxy does not start with it\n");
    return;
  }
  const schema tables;
  const redis_server registry;
  use_provider(tables.provider_yaml() + "  - {name: registry, type: redis, url: \"" +
               registry.url() + "\"}\n");
  shifted_clock clock;
  clock.set(std::chrono::hours(1));
  BOOST_TEST(examine(clock.environment()) == 0, all());
  for (const auto* source : {"provider db: its clock is ", "provider registry: its clock is "})
    BOOST_TEST(has("warning", source, "by NTP"), all());
  BOOST_TEST(has("warning", "s behind this machine's", "by NTP"), all());
  BOOST_TEST(!has("ok", "clock within ", ""), all());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
