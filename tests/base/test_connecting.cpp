#include "base/connecting.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <boost/test/unit_test.hpp>
#include <future>
#include <memory>

#include "tests/support/support.hpp"

namespace {

using namespace switchyard;
using namespace std::chrono_literals;
using base::errc;

using steady = std::chrono::steady_clock;

/// A listener on 127.0.0.1; `full`: its queue is, so that it answers nobody.
class listener {
 public:
  explicit listener(bool full) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto& in = reinterpret_cast<sockaddr_in&>(address.value);
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.length = sizeof in;
    auto* const generic = reinterpret_cast<sockaddr*>(&address.value);
    BOOST_REQUIRE_EQUAL(::bind(fd_.get(), generic, address.length), 0);
    BOOST_REQUIRE_EQUAL(::listen(fd_.get(), full ? 0 : 8), 0);
    BOOST_REQUIRE_EQUAL(::getsockname(fd_.get(), generic, &address.length), 0);
    while (full) {
      auto one = base::connect_to(generic, address.length, nullptr, base::deadline(100ms));
      if (!one) break;
      held_.push_back(std::move(*one));
    }
  }

  base::socket_address address;

 private:
  base::unique_fd fd_;
  std::vector<base::unique_fd> held_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(connecting)

BOOST_AUTO_TEST_CASE(an_address_that_swallows_everything_leaves_time_for_the_next) {
  const listener silent(true), open(false);
  const base::deadline until(2s);
  const auto fd = base::connect_any({silent.address, open.address}, nullptr, until);
  BOOST_TEST(bool(fd), (fd ? "" : fd.error().message));
  BOOST_TEST(!until.passed());
  const auto none =
      base::connect_any({silent.address, silent.address}, nullptr, base::deadline(300ms));
  BOOST_REQUIRE(!none);
  BOOST_TEST((none.error().kind == errc::timeout));
  BOOST_TEST(
      (base::connect_any({}, nullptr, base::deadline(1s)).error().kind == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_host_is_looked_up_and_reached) {
  const listener open(false);
  const auto port = ntohs(reinterpret_cast<const sockaddr_in&>(open.address.value).sin_port);
  const auto found = base::await_look_up([port] { return base::look_up("localhost", port); },
                                         nullptr, base::deadline(10s));
  BOOST_REQUIRE(found);
  BOOST_TEST(bool(base::connect_any(*found, nullptr, base::deadline(5s))));
  BOOST_TEST((base::look_up("no such name", 1).error().kind == errc::unavailable));
}

// The system's resolver waits for half a minute where no name server answers.
BOOST_AUTO_TEST_CASE(a_look_up_that_does_not_end_is_left_at_the_deadline_or_when_interrupted) {
  const auto never = std::make_shared<std::promise<void>>();
  const auto blocked = [held = never->get_future().share()] {
    held.wait();
    return base::outcome<base::socket_addresses>(base::socket_addresses{});
  };
  const auto begun = steady::now();
  const auto late = base::await_look_up(blocked, nullptr, base::deadline(50ms));
  BOOST_REQUIRE(!late);
  BOOST_TEST((late.error().kind == errc::timeout));
  base::wakeup stop;
  stop.notify();
  const auto stopped = base::await_look_up(blocked, &stop, base::deadline(1h));
  BOOST_REQUIRE(!stopped);
  BOOST_TEST((stopped.error().kind == errc::unavailable));
  BOOST_TEST((steady::now() - begun < 5s));
  never->set_value();
}

BOOST_AUTO_TEST_SUITE_END()
