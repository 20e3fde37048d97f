// What settings that are read again by SIGHUP must not break.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <thread>

#include "tests/integration/site.hpp"

namespace switchyard::tests {

BOOST_AUTO_TEST_SUITE(test_reread)

namespace {

using namespace std::chrono_literals;

const std::string manual = "  - {name: manual, type: memory}\n";

std::string document(const http_upstream& upstream) {
  return R"({"servers": [{"name": ")" + upstream.name() + R"(", "address": "127.0.0.1", "port": )" +
         std::to_string(upstream.port()) + "}]}";
}

int put(std::uint16_t api, const std::string& path, const http_upstream& upstream) {
  return http_ask(api, "PUT", "/v1/backends/" + path, document(upstream)).status;
}

/// A file by which every request leads to that server, in a backend of the file's name. Returns the
/// provider that reads it.
std::string leads_to(const temp_dir& folder, const std::string& name,
                     const http_upstream& upstream) {
  write_text(folder / name, R"({"backends": [{"name": ")" + name + R"(", "servers": )" +
                                document(upstream).substr(12) +
                                R"(], "routes": [{"path": "/", "backend": ")" + name + R"("}]})");
  return "  - {name: " + name + ", type: file, path: " + (folder / name) + "}\n";
}

/// Changes one part of the settings' text, and sends SIGHUP.
void reread(site& gateway, const std::string& part, const std::string& other) {
  auto text = read_text(gateway.settings_file());
  const auto at = text.find(part);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, text);
  write_text(gateway.settings_file(), text.replace(at, part.size(), other));
  const auto before = gateway.log_count("settings re-read");
  gateway.switchyard().signal(SIGHUP);
  BOOST_REQUIRE(eventually([&] { return gateway.log_count("settings re-read") > before; }));
}

bool healthy(std::uint16_t api) {
  return http_get(api, "/healthz", "localhost").status == 200;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(settings_read_again)

BOOST_AUTO_TEST_CASE(another_state_dir_takes_away_nothing_that_was_made_by_hand) {
  const http_upstream one("srv1");
  const http_upstream two("srv2");
  site gateway(manual);
  BOOST_REQUIRE(put(gateway.api_port(), "api-backend?wait=20s", one) == 201);
  BOOST_REQUIRE(gateway.answered_by({"srv1"}));
  reread(gateway, "state_dir: state\n", "state_dir: other\n");
  BOOST_TEST(gateway.log_has("state_dir has changed; that takes effect with the next start"));
  // A provider that had started anew would have said so before it took this.
  BOOST_TEST(put(gateway.api_port(), "later?wait=20s", two) == 201);
  BOOST_TEST(gateway.server("api-backend", "srv1") ==
             "127.0.0.1:" + std::to_string(one.port()) + " 100 ready");
  BOOST_TEST(gateway.answered_by({"srv1"}));
  BOOST_TEST(!std::filesystem::exists(gateway.file("other")));
  BOOST_TEST(gateway.stop_switchyard() == 0);
}

// The control of a_route_that_two_lead_elsewhere_is_told_of_on_both: nothing but the order says
// which one is used.
BOOST_AUTO_TEST_CASE(in_another_order_of_the_providers_the_other_ones_route_is_used) {
  const temp_dir folder;
  const http_upstream one("srv1"), two("srv2");
  const auto first = leads_to(folder, "a.json", one), second = leads_to(folder, "b.json", two);
  site gateway(first + second);
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  BOOST_TEST(gateway.log_has("leads to another backend in b.json than in a.json"), gateway.log());
  reread(gateway, first + second, second + first);
  BOOST_TEST(gateway.answered_by({"srv2"}), gateway.log());
}

BOOST_AUTO_TEST_CASE(what_a_new_provider_may_have_again_stays_until_its_source_has_been_read) {
  const temp_dir folder;
  const http_upstream one("srv1"), two("srv2");
  const auto before = leads_to(folder, "a.json", one);
  site gateway(before);
  BOOST_REQUIRE_MESSAGE(gateway.answered_by({"srv1"}), gateway.log());
  reread(gateway, before, "  - {name: b, type: file, path: " + (folder / "b.json") + "}\n");
  // HAProxy has been brought in line, and compared.
  BOOST_REQUIRE(http_ask(gateway.api_port(), "POST", "/v1/reconcile").status == 200);
  BOOST_TEST(gateway.answered_by({"srv1"}), gateway.log());
  leads_to(folder, "b.json", two);
  BOOST_TEST(gateway.answered_by({"srv2"}), gateway.log());
  BOOST_TEST(eventually([&] { return gateway.server("a.json", "srv1").empty(); }), gateway.log());
}

BOOST_AUTO_TEST_CASE(another_runtime_socket_is_asked_by_nobody_before_the_next_start) {
  const http_upstream one("srv1");
  site gateway(manual);
  BOOST_REQUIRE(put(gateway.api_port(), "api-backend?wait=20s", one) == 201);
  reread(gateway, gateway.runtime_socket(), gateway.file("other.sock"));
  BOOST_TEST(gateway.log_has("haproxy.runtime_socket has changed"));
  BOOST_TEST(put(gateway.api_port(), "api-backend?wait=20s", one) == 200);
  const auto seen = http_get(gateway.api_port(), "/v1/backends/api-backend", "localhost").body;
  BOOST_TEST(contains(seen, "\"actual\""), seen);
  BOOST_TEST(!contains(seen, "other.sock"), seen);
}

BOOST_AUTO_TEST_CASE(requests_that_wait_hold_up_neither_a_new_address_nor_the_end) {
  const http_upstream one("srv1");
  site_options attached;
  attached.managed = false;
  site gateway(manual, attached);
  gateway.haproxy().signal(SIGTERM);
  BOOST_REQUIRE(eventually([&] { return !gateway.haproxy().running(); }));
  const auto other = free_port();
  // Each waits for an HAProxy that is away.
  const auto wait_at = [&](std::uint16_t port) {
    return std::thread([&, port] { put(port, "api-backend?wait=60s", one); });
  };
  auto first = wait_at(gateway.api_port());
  BOOST_TEST(eventually([&] {
    return contains(http_get(gateway.api_port(), "/v1/backends", "localhost").body, "api-backend");
  }));
  reread(gateway, "127.0.0.1:" + std::to_string(gateway.api_port()),
         "127.0.0.1:" + std::to_string(other));
  BOOST_TEST(eventually([&] { return healthy(other); }, 20s), gateway.log());
  first.join();
  auto second = wait_at(other);
  BOOST_TEST(eventually([&] { return healthy(other); }));
  const base::deadline soon(25s);
  BOOST_TEST(gateway.stop_switchyard() == 0, gateway.log());
  BOOST_TEST(!soon.passed());
  second.join();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
