// The settings name an address that another program has.

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <memory>

#include "base/net.hpp"
#include "base/subprocess.hpp"
#include "tests/faults/installation.hpp"

BOOST_AUTO_TEST_SUITE(test_faults_occupied_bind)

namespace {

using namespace switchyard::tests;
namespace base = switchyard::base;

site_options attached() {
  site_options o;
  o.managed = false;
  return o;
}

/// A running installation, and another program on a port that its settings are going to name.
struct occupied : installation {
  explicit occupied(const site_options& options = {}) : installation(options) {}

  /// SIGHUP with one more frontend in the settings.
  void add_frontend() { add_frontend("127.0.0.1", port()); }
  void add_frontend(const std::string& address, std::uint16_t at) {
    auto text = read_text(gateway.settings_file());
    const std::string providers = "providers:\n";
    text.insert(text.find(providers), "  - name: second\n    binds: [{address: " + address +
                                          ", port: " + std::to_string(at) +
                                          "}]\n    default_backend: api-backend\n");
    write_text(gateway.settings_file(), text);
    gateway.switchyard().signal(SIGHUP);
  }
  std::uint16_t port() const { return port_; }

  const std::uint16_t port_ = free_port();
  std::unique_ptr<http_upstream> other = std::make_unique<http_upstream>("somebody else", port_);
};

struct occupied_and_attached : occupied {
  occupied_and_attached() : occupied(attached()) {}
};

void is_refused_and_goes_in_later(occupied& site) {
  auto& gateway = site.gateway;
  const auto worker = gateway.worker_pid();
  const auto reloads = [&] { return gateway.log_count("reloaded HAProxy in"); };
  const auto before = reloads();
  const auto config = gateway.config_text();
  {
    const unbroken_traffic traffic(site);
    site.add_frontend();
    BOOST_TEST(eventually([&] {
                 return gateway.log_has(
                     "reload failed, HAProxy goes on as it was: frontend "
                     "second: 127.0.0.1:" +
                     std::to_string(site.port()) + " is in use by another program");
               }),
               gateway.log());
    // What needs no reload goes on.
    site.want({installation::api({&site.one, &site.three})});
    BOOST_TEST(gateway.answered_by({"srv1", "srv3"}), gateway.log());
    BOOST_TEST(http_get(site.port()).body == "somebody else");
    BOOST_TEST(gateway.worker_pid() == worker);
    BOOST_TEST(reloads() == before);
    BOOST_TEST(gateway.config_text().find("frontend second") == std::string::npos);
    site.other.reset();
    BOOST_TEST(
        eventually([&] { return http_get(site.port()).status == 200; }, std::chrono::seconds(20)),
        gateway.log());
  }
  // The old one may take a last conversation.
  BOOST_TEST(eventually([&] { return gateway.worker_pid() != worker; }));
  BOOST_TEST(eventually([&] { return reloads() == before + 1; }));
  BOOST_TEST(gateway.log_count("is in use by another program") == 1U, gateway.log());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(a_frontend_whose_address_somebody_else_has)

BOOST_FIXTURE_TEST_CASE(is_refused_before_the_reload_and_goes_in_when_it_is_free, occupied) {
  is_refused_and_goes_in_later(*this);
}

BOOST_FIXTURE_TEST_CASE(is_refused_before_the_reload_where_haproxy_is_somebody_elses,
                        occupied_and_attached) {
  is_refused_and_goes_in_later(*this);
}

// HAProxy has the port already, at another address.
BOOST_FIXTURE_TEST_CASE(is_refused_on_a_port_of_its_own_as_well, occupied) {
  auto held = base::reserve({"127.0.0.2", gateway.port()});
  BOOST_REQUIRE(bool(held));
  {
    const unbroken_traffic traffic(*this);
    add_frontend("127.0.0.2", gateway.port());
    BOOST_TEST(eventually([&] {
                 return gateway.log_has(
                     "frontend second: 127.0.0.2:" + std::to_string(gateway.port()) + " is in use");
               }),
               gateway.log());
    BOOST_TEST(!contains(gateway.config_text(), "frontend second"));
    held->reset();
    BOOST_TEST(eventually([&] { return contains(gateway.config_text(), "bind 127.0.0.2:"); },
                          std::chrono::seconds(20)),
               gateway.log());
  }
}

// What the look beforehand is for: neither `haproxy -c` nor the reload itself is without harm.
BOOST_FIXTURE_TEST_CASE(passes_haproxys_own_check_and_fails_its_reload, occupied_and_attached) {
  auto text = read_text(gateway.file("base.cfg"));
  text += "frontend second\n  mode http\n  timeout client 1s\n  bind 127.0.0.1:" +
          std::to_string(port()) + "\n";
  write_text(gateway.file("base.cfg"), text);
  const auto checked = base::run(
      {{haproxy_binary(), "-c", "-f", gateway.file("base.cfg"), "-f", gateway.config_file()},
       {},
       std::chrono::seconds(20)});
  BOOST_REQUIRE(bool(checked));
  BOOST_TEST(checked->exit_code == 0, checked->output);
  const auto worker = gateway.worker_pid();
  ask_socket(gateway.master_socket(), "reload");
  BOOST_TEST(eventually([&] {
    return ask_socket(gateway.master_socket(), "show proc").find("[failed: ") != std::string::npos;
  }));
  BOOST_TEST(gateway.worker_pid() == worker);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
