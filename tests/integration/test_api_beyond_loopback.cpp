// An API that listens beyond loopback, in a network of the test's own.

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/integration/running_api.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_api_beyond_loopback)

namespace {

/// Leaves the machine's network for one that has its loopback only. Returns why that is not
/// allowed;
/// "" when done. Where it is, all must succeed.
std::string enter_own_network() {
  if (::unshare(CLONE_NEWNET) != 0) {
    const int why = errno;
    BOOST_REQUIRE_MESSAGE(why == EPERM || why == EACCES || ::geteuid() != 0,
                          "unshare: " << std::strerror(why));
    return std::string("unshare: ") + std::strerror(why);
  }
  const base::unique_fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  const int brought_up = ::ioctl(fd.get(), SIOCSIFFLAGS, &loopback);
  BOOST_REQUIRE_MESSAGE(brought_up == 0, "lo cannot be set up: " << std::strerror(errno));
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(beyond_loopback_every_route_needs_the_token) {
  if (const auto why = enter_own_network(); !why.empty()) {
    std::printf("NOT RUN: no network of its own can be had: %s\n", why.c_str());
    return;
  }
  site_options options;
  options.listen = "0.0.0.0:@PORT@";
  const with_token all(options);
  all.every_route_needs_it();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
