// What a reload remembers of servers that are down.

#include <boost/test/unit_test.hpp>

#include "haproxy/server_state.hpp"
#include "tests/haproxy/config_samples.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

using namespace haproxy;

namespace {

const std::string title =
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight\n";

std::string row(const std::string& backend, const std::string& server, const std::string& place,
                const std::string& operational, const std::string& admin) {
  const auto space = place.find(':');
  return "3 " + backend + " 1 " + server + " " + place.substr(0, space) + " " + operational + " " +
         admin + " 100 100 1 8 2 0 6 0 0 0 - " + place.substr(space + 1) + " - 0 0 - - 0\n";
}

configuration next() {
  auto b = make_backend("b", 0);
  b.servers = {make_server("down", "10.0.0.1", 80), make_server("moves", "10.0.0.2", 81)};
  return configuration_of({b}, settings_in("/tmp"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(server_state_file)

BOOST_AUTO_TEST_CASE(only_servers_that_checks_found_down_are_remembered) {
  const auto down = row("b", "down", "10.0.0.1:80", "0", "0");
  const auto text = down_servers("1\n" + title + down + row("b", "up", "10.0.0.9:80", "2", "0") +
                                     row("b", "maint", "10.0.0.9:80", "0", "1") + "\n",
                                 next());
  BOOST_REQUIRE(text);
  BOOST_TEST(*text == "1\n" + title + down);
}

BOOST_AUTO_TEST_CASE(a_server_that_moves_or_goes_with_the_reload_is_not_remembered) {
  const auto text = down_servers("1\n" + title + row("b", "moves", "10.0.0.2:82", "0", "0") +
                                     row("b", "moves", "10.0.0.3:81", "0", "0") +
                                     row("b", "gone", "10.0.0.1:80", "0", "0") +
                                     row("other", "down", "10.0.0.1:80", "0", "0"),
                                 next());
  BOOST_REQUIRE(text);
  BOOST_TEST(*text == "1\n" + title);
}

BOOST_AUTO_TEST_CASE(another_table_is_refused) {
  for (const auto* reply : {"", "2\n# be_id be_name x\n", "1\n", "1\nsomething else\n"})
    BOOST_TEST(!down_servers(reply, next()), reply);
}

BOOST_AUTO_TEST_CASE(a_file_of_the_operators_own_is_left_to_him) {
  const temp_dir dir;
  auto settings = settings_in(dir.path().string());
  BOOST_TEST(server_state_is_ours(settings));
  settings.base_file = dir / "base.cfg";
  write_text(*settings.base_file, "global\n  maxconn 100\n");
  BOOST_TEST(server_state_is_ours(settings));
  write_text(*settings.base_file, "global\n  server-state-file /var/lib/haproxy/state\n");
  BOOST_TEST(!server_state_is_ours(settings));
  const std::string line = "    server-state-file " + server_state_beside(settings.config_file);
  const auto has_line = [&](bool ours) {
    return render_head(settings, {}, {}, ours).value().find(line) != std::string::npos;
  };
  BOOST_TEST(has_line(true));
  BOOST_TEST(!has_line(false));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
