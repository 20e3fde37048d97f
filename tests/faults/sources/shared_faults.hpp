#pragma once

// What breaks in the same way whatever the source is: the scenarios that the tests of all of them
// run, each with what a provider without the defence makes of it.

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "model/desired_state.hpp"
#include "tests/faults/sources/rounds.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace switchyard::tests {

using namespace std::chrono_literals;

/// The part of a source (see rounds.hpp) that is the same for all: servers srv1, srv2 … of the
/// backend "api", a route to it, and the port of srv1 as the value.
struct served {
  static constexpr int servers = 8;

  // Of providers that are made from now on.
  std::chrono::milliseconds heartbeat = 1h;
  std::chrono::milliseconds patience = 5s;  ///< with an answer

  template <class Followed>
  static bool shows(const Followed& provider, int value) {
    const auto api = provider.backend("api");
    return api && api->find("srv1") && api->find("srv1")->port == value;
  }
  static bool whole(const model::desired_state& state) {
    const auto api = state.find("api");
    return api && api->servers.size() == servers && state.routes().size() == 1;
  }
};

/// After each `step` bytes of what that side says. Returns at how many places.
template <class Followed, class Source>
std::size_t survives_cuts(Source& source, tcp_proxy::speaker who, std::size_t step) {
  return rounds<Source, Followed>(source).survived({who, tcp_proxy::fault::cut, step});
}

template <class Followed, class Source>
void survives_stalls(Source& source, std::chrono::milliseconds patience) {
  source.heartbeat = 100ms;
  source.patience = patience;
  rounds<Source, Followed> all(source);
  for (const auto who : {tcp_proxy::speaker::server, tcp_proxy::speaker::client})
    BOOST_TEST(all.survived({who, tcp_proxy::fault::stall, 0}) > 8U);
}

template <class Source>
void takes_no_part_of_an_answer(Source& source) {
  const auto [errors, reads] = errors_of_cut_reads(source, 1);
  BOOST_TEST(errors == reads);
  BOOST_TEST(reads > 300U);
}

template <class Followed, class Source>
void gives_up_half_open_connections(Source& source) {
  tcp_proxy proxy(source.port());
  source.patience = 300ms;
  source.heartbeat = 100ms;
  const Followed provider(source.settings_of(proxy.port()));
  source.heartbeat = 1h;
  const Followed control(source.settings_of(proxy.port()));
  BOOST_REQUIRE(provider.wait_live());
  BOOST_REQUIRE(control.wait_live());
  proxy.break_all(tcp_proxy::fault::stall);
  source.change(2);
  BOOST_TEST(eventually([&] { return source.shows(provider, 2); }));
  // The control, without a heartbeat: it still believes in its connection.
  BOOST_TEST(source.shows(control, 1));
  BOOST_TEST((control.health().value == model::provider_health::level::live));
}

/// `pause`: after each byte.
template <class Followed, class Source>
void gives_up_answers_that_drip(Source& source, std::chrono::milliseconds pause) {
  tcp_proxy proxy(source.port());
  source.heartbeat = 100ms;
  source.patience = 300ms;
  const Followed provider(source.settings_of(proxy.port()));
  // The control: with more patience than the answers take, they are taken as they come.
  source.patience = 60s;
  const Followed control(source.settings_of(proxy.port()));
  BOOST_REQUIRE(provider.wait_live());
  BOOST_REQUIRE(control.wait_live());
  proxy.drip(pause);
  source.change(2);
  BOOST_TEST(provider.wait_health(model::provider_health::level::degraded));
  BOOST_TEST(eventually([&] { return source.shows(control, 2); }, 60s));
  BOOST_TEST(source.shows(provider, 1));
  lost_nothing(source, provider);
  proxy.drip(0ms);
  BOOST_TEST(eventually([&] { return source.shows(provider, 2); }));
}

/// Instead of what the source says on the connections of now and of later, other words come.
template <class Followed, class Source>
void takes_no_garbage(Source& source) {
  std::mutex mutex;
  std::string garbage;
  tcp_proxy proxy(source.port(), [&](std::string& held) {
    const std::lock_guard lock(mutex);
    auto said = std::exchange(held, "");
    return garbage.empty() ? said : garbage;
  });
  const auto speak = [&](const std::string& words) {
    const std::lock_guard lock(mutex);
    garbage = words;
  };
  source.heartbeat = 100ms;
  source.patience = 300ms;
  const Followed provider(source.settings_of(proxy.port()));
  BOOST_REQUIRE(provider.wait_live());
  int value = 1;
  for (const auto& words : {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string(4096, '\xff'),
                            std::string("<html>not here</html>\n"), std::string("\0\1\2\3", 4)}) {
    speak(words);
    source.change(++value);
    BOOST_TEST(provider.wait_health(model::provider_health::level::degraded), words);
    BOOST_TEST(source.shows(provider, value - 1), words);
    lost_nothing(source, provider);
    speak("");
    BOOST_TEST(eventually([&] { return source.shows(provider, value); }), words);
    BOOST_TEST(provider.wait_live(), words);
  }
}

/// Two providers whose password is in a file each: one that is written anew, and the control's,
/// which nobody writes.
template <class Followed, class Settings>
class password_holders {
 public:
  password_holders(Settings settings, const std::string& first) {
    for (const auto& [file, holder] :
         {std::pair("rotated", &provider_), std::pair("forgotten", &control_)}) {
      write_text(folder_ / file, first + "\n");
      settings.password_file = folder_ / file;
      *holder = std::make_unique<Followed>(settings);
      BOOST_REQUIRE((*holder)->wait_live());
    }
  }
  void rotate(const std::string& next) const { write_text(folder_ / "rotated", next + "\n"); }

  const Followed& provider() const { return *provider_; }
  const Followed& control() const { return *control_; }

 private:
  temp_dir folder_;
  std::unique_ptr<Followed> provider_;
  std::unique_ptr<Followed> control_;
};

}  // namespace switchyard::tests
