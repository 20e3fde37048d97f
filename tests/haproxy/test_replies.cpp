#include "haproxy/replies.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "haproxy/capabilities.hpp"

namespace {

using switchyard::base::errc;
using switchyard::model::server_state;
namespace haproxy = switchyard::haproxy;

const std::string state_head =
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
    "srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health "
    "srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord "
    "srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n";

std::string state_row(const std::string& backend, const std::string& server,
                      const std::string& address, int operational, int admin, int weight,
                      int port) {
  return "3 " + backend + " 1 " + server + " " + address + " " + std::to_string(operational) + " " +
         std::to_string(admin) + " " + std::to_string(weight) + " 50 4 1 0 2 0 0 0 0 - " +
         std::to_string(port) + " - 0 0 - - 0\n";
}

const std::string proc_26 =
    "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
    "4800            master          2 [failed: 1]   0d00h00m02s     2.6.12-1+deb12u4\n"
    "# workers\n"
    "4824            worker          1               0d00h00m01s     2.6.12-1+deb12u4\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(replies)

BOOST_AUTO_TEST_CASE(servers_are_read_by_backend_with_address_weight_and_state) {
  const auto view = haproxy::parse_servers_state(
      state_head + state_row("web", "s1", "127.0.0.1", 2, 0, 50, 18081) +
      state_row("web", "s2", "2001:db8::5", 0, 1, 3, 8080) +
      state_row("api", "s1", "10.0.0.1", 2, 8, 256, 65535));
  BOOST_REQUIRE(bool(view));
  BOOST_TEST(view->size() == 2U);
  const auto& s1 = view->at("web").at("s1");
  BOOST_TEST((s1 == haproxy::runtime_server{"127.0.0.1", 18081, 50, server_state::ready, true}));
  const auto& s2 = view->at("web").at("s2");
  BOOST_TEST((s2 == haproxy::runtime_server{"2001:db8::5", 8080, 3, server_state::maint, false}));
  const auto& other = view->at("api").at("s1");
  BOOST_TEST((other == haproxy::runtime_server{"10.0.0.1", 65535, 256, server_state::drain, true}));
}

BOOST_AUTO_TEST_CASE(admin_bits_become_states) {
  const auto state_of = [](int admin) {
    const auto view =
        haproxy::parse_servers_state(state_head + state_row("b", "s", "1.1.1.1", 2, admin, 1, 1));
    return view->at("b").at("s").state;
  };
  for (const int maintenance : {0x01, 0x02, 0x20, 0x05, 0x09, 0x41})
    BOOST_TEST((state_of(maintenance) == server_state::maint), maintenance);
  for (const int drain : {0x08, 0x0c, 0x10, 0x18, 0x48})
    BOOST_TEST((state_of(drain) == server_state::drain), drain);
  // 0x40 only says that the server's name came from the command line.
  BOOST_TEST((state_of(0x40) == server_state::ready));
  // 0x04 only says that the file has the server as disabled; it stays when the server is enabled.
  BOOST_TEST((state_of(0x04) == server_state::ready));
}

BOOST_AUTO_TEST_CASE(a_backend_without_servers_is_an_empty_view) {
  const auto view = haproxy::parse_servers_state(state_head);
  BOOST_REQUIRE(bool(view));
  BOOST_TEST(view->empty());
}

BOOST_AUTO_TEST_CASE(a_table_that_is_cut_or_foreign_is_never_an_empty_view) {
  for (const auto& reply : {std::string(), std::string("2\n# be_id\n"), std::string("Unknown"),
                            std::string("Permission denied"), state_head + "3 web 1 s1 127.0.0.1",
                            state_head + "3 web 1 s1 127.0.0.1 2 0 x 50 4 1 0 2 0 0 0 0 - 1 -",
                            state_head + state_row("b", "s", "1.1.1.1", 2, 0, 1, 70000)}) {
    const auto view = haproxy::parse_servers_state(reply);
    BOOST_TEST_CONTEXT(reply) {
      BOOST_REQUIRE(!view);
      BOOST_TEST((view.error().kind == errc::protocol));
    }
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_backend_is_told_apart_from_a_broken_reply) {
  BOOST_TEST((haproxy::parse_servers_state("Can't find backend.").error().kind == errc::not_found));
  BOOST_TEST((haproxy::parse_servers_conn("Can't find backend.").error().kind == errc::not_found));
}

BOOST_AUTO_TEST_CASE(info_gives_version_pid_and_whether_it_stops) {
  const std::string info =
      "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 6830\nUptime: 0d 0h00m15s\nUptime_sec: 15\n"
      "Start_time_sec: 1700000000\nnode: vm\nStopping: 0\nJobs: 4";
  const auto read = haproxy::parse_info(info);
  BOOST_REQUIRE(bool(read));
  BOOST_TEST((*read == haproxy::process_info{"2.6.12-1+deb12u4", 6830, false, 15,
                                             std::chrono::system_clock::time_point(
                                                 std::chrono::seconds(1700000000))}));
  BOOST_TEST(haproxy::parse_info("Version: 3.4\nPid: 1\nStopping: 1")->stopping);
  for (const auto* broken : {"", "Version: 3.4\nPid: 1", "Version: 3.4\nStopping: 0",
                             "Pid: 1\nStopping: 0", "Version: 3.4\nPid: x\nStopping: 0"})
    BOOST_TEST((haproxy::parse_info(broken).error().kind == errc::protocol), broken);
}

BOOST_AUTO_TEST_CASE(connections_in_use_are_found_by_their_title) {
  const auto used = haproxy::parse_servers_conn(
      "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb "
      "safe_nb idle_lim idle_cur idle_per_thr[2]\n"
      "b/s1 3/1 127.0.0.1 4464 - 5000 7 9 0 0 0 -1 0 0 0\n"
      "b/x6 3/3 ::1 8080 - 0 0 0 0 0 0 0 0\n");
  BOOST_REQUIRE(bool(used));
  BOOST_TEST(used->size() == 2U);
  BOOST_TEST(used->at("s1") == 7U);
  BOOST_TEST(used->at("x6") == 0U);
  // 3.4 has more columns.
  const auto newer = haproxy::parse_servers_conn(
      "# bkname/svname bkid/svid addr port - purge_delay served used_cur used_max need_est\n"
      "b/x6 3/3 ::1 8080 - 5000 1 2 3 4\n");
  BOOST_TEST(newer->at("x6") == 2U);
  BOOST_TEST(!haproxy::parse_servers_conn("# bkname/svname bkid/svid\nb/s1 3/1\n"));
  BOOST_TEST(!haproxy::parse_servers_conn("Permission denied"));
}

BOOST_AUTO_TEST_CASE(a_variable_is_its_value_or_nothing) {
  BOOST_TEST(haproxy::parse_env("REVISION=17=18", "REVISION") == "17=18");
  BOOST_TEST(haproxy::parse_env("REVISION=", "REVISION").empty());
  BOOST_TEST(haproxy::parse_env("Variable not found", "REVISION").empty());
  BOOST_TEST(haproxy::parse_env("REVISION_2=17", "REVISION").empty());
}

BOOST_AUTO_TEST_CASE(the_masters_table_gives_counts_and_workers) {
  auto proc = haproxy::parse_proc(proc_26 + "# programs\n\n");
  BOOST_REQUIRE(bool(proc));
  BOOST_TEST((*proc == haproxy::master_process{4800, 2, 1, 4824, {}}));
  proc = haproxy::parse_proc(
      proc_26 +
      "# old workers\n"
      "4801            worker          3               0d00h01m00s     2.6.12\n"
      "4799            worker          4               0d00h02m00s     2.6.12\n# programs\n"
      "4900            helper          0               0d00h02m00s     -\n");
  BOOST_REQUIRE(bool(proc));
  BOOST_TEST((proc->old_workers == std::vector<pid_t>{4801, 4799}));
  BOOST_TEST(proc->worker == 4824);
}

BOOST_AUTO_TEST_CASE(a_master_without_workers_has_none) {
  const auto proc = haproxy::parse_proc(
      "#<PID>          <type>          <reloads>       <uptime>        <version>\n"
      "77              master          0               0d00h00m02s     2.5.1\n# workers\n");
  BOOST_REQUIRE(bool(proc));
  BOOST_TEST((*proc == haproxy::master_process{77, 0, 0, 0, {}}));
}

BOOST_AUTO_TEST_CASE(a_worker_that_outlived_a_refused_reload_is_still_the_worker) {
  // HAProxy 3.2 and 3.4 list it among the old ones, beside those that really leave.
  const auto proc = haproxy::parse_proc(
      "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
      "15903           master          2 [failed: 1]   0d00h00m09s     3.4.7-1        \n"
      "# workers\n# old workers\n"
      "16010           worker          2               0d00h00m05s     3.4.7-1        \n"
      "16033           worker          1               0d00h00m01s     3.4.7-1        \n");
  BOOST_REQUIRE(bool(proc));
  BOOST_TEST((*proc == haproxy::master_process{15903, 2, 1, 16033, {16010}}));
}

BOOST_AUTO_TEST_CASE(a_starting_worker_is_taken_for_the_one_it_will_be) {
  const auto proc = haproxy::parse_proc(
      "1 master 1 [failed: 0] 0d00h00m09s 3.2\n# workers\n"
      "20 worker 1 0d00h00m05s 3.2\n30 worker 0 0d00h00m00s 3.2\n");
  BOOST_REQUIRE(bool(proc));
  BOOST_TEST(proc->worker == 30);
}

BOOST_AUTO_TEST_CASE(what_is_no_process_table_is_refused) {
  for (const auto* reply : {"", "Unknown command", "# workers\n12 worker 0 0d00h00m01s 3.0\n",
                            "x master 0 [failed: 0] 1 2\n", "1 master 0 [failed: x] 1 2\n"})
    BOOST_TEST((haproxy::parse_proc(reply).error().kind == errc::protocol), reply);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(capabilities)

BOOST_AUTO_TEST_CASE(abilities_follow_version_and_help) {
  const auto debian12 = haproxy::detect("2.6.12-1+deb12u4", "  add server <bk>/<srv>  : create\n");
  BOOST_REQUIRE(bool(debian12));
  BOOST_TEST(debian12->major == 2U);
  BOOST_TEST(debian12->minor == 6U);
  BOOST_TEST(!debian12->reload_verdict);
  BOOST_TEST(!debian12->dynamic_backends);
  BOOST_TEST(!debian12->cookie_of_added);

  const auto debian13 =
      haproxy::detect("3.0.11-1+deb13u1", "  add backend <backend> : experimental\n");
  BOOST_TEST(debian13->reload_verdict);
  BOOST_TEST(!debian13->dynamic_backends);
  BOOST_TEST(debian13->cookie_of_added);

  const auto newest = haproxy::detect(
      "3.4.0", "The following commands are valid at this level:\n  add backend <backend> : add\n");
  BOOST_TEST(newest->dynamic_backends);
  BOOST_TEST(newest->version == "3.4.0");
}

BOOST_AUTO_TEST_CASE(a_command_that_is_missing_from_help_is_no_ability) {
  const auto can = haproxy::detect("3.4.0", "  show add backend : x\n  add backends : x\n");
  BOOST_TEST(!can->dynamic_backends);
}

BOOST_AUTO_TEST_CASE(old_and_unreadable_versions_are_refused) {
  BOOST_TEST((haproxy::detect("2.4.22", "").error().kind == errc::refused));
  BOOST_TEST((haproxy::detect("1.8", "").error().kind == errc::refused));
  BOOST_TEST((haproxy::detect("", "").error().kind == errc::protocol));
  BOOST_TEST((haproxy::detect("three", "").error().kind == errc::protocol));
}

BOOST_AUTO_TEST_CASE(limits_are_read_by_their_columns_names) {
  const std::string title = "# pxname,svname,qcur,slim,status,bck,last_chk,\n";
  const auto found = haproxy::parse_stat(title + "web,s1,0,,UP,0,\"\",\nweb,s2,0,7,UP,1,\"\",\n");
  BOOST_REQUIRE(static_cast<bool>(found));
  BOOST_TEST((found->servers.at("web").at("s1") == haproxy::server_limits{false, 0}));
  BOOST_TEST((found->servers.at("web").at("s2") == haproxy::server_limits{true, 7}));
  for (const std::string bad : {"", "# pxname,svname,\n", "Permission denied"})
    BOOST_TEST(!haproxy::parse_stat(bad), bad);
  BOOST_TEST(!haproxy::parse_stat(title + "web,s1\n"));
  BOOST_TEST(!haproxy::parse_stat(title + "web,s1,0,many,UP,0,\"\",\n"));
}

BOOST_AUTO_TEST_CASE(a_line_break_in_a_quoted_cell_makes_no_row) {
  const auto found = haproxy::parse_stat(
      "# pxname,svname,slim,status,bck,last_chk,\nown,s,,UP,0,\"it said\nweb,s1,9,UP,1,\",\n"
      "web,s1,,UP,0,\"\",\n");
  BOOST_REQUIRE(static_cast<bool>(found));
  BOOST_TEST((found->servers.at("web").at("s1") == haproxy::server_limits{false, 0}));
}

BOOST_AUTO_TEST_CASE(states_are_counted_by_their_first_word) {
  const auto found = haproxy::count_states(
      "# pxname,svname,status,\nweb,s1,UP,\nweb,s2,UP 1/3,\nweb,s3,MAINT (via a/b),\n"
      "web,s4,no check,\nweb,s5,DOWN 1/2,\nweb,BACKEND,UP,\nnew,BACKEND,UP (UNPUB),\n");
  BOOST_REQUIRE(static_cast<bool>(found));
  BOOST_TEST((found->servers == std::map<std::string, std::uint64_t>{
                                    {"up", 2}, {"maint", 1}, {"no check", 1}, {"down", 1}}));
  BOOST_TEST((found->backends == std::map<std::string, std::uint64_t>{{"up", 2}}));
  BOOST_TEST(!haproxy::count_states("Permission denied"));
  BOOST_TEST(!haproxy::count_states("# svname,status,\nweb\n"));
}

BOOST_AUTO_TEST_CASE(a_backend_that_takes_no_traffic_is_told_from_one_that_does) {
  const auto found = haproxy::parse_stat(
      "# pxname,svname,slim,status,bck,\nnew,s,,UP,0,\nnew,BACKEND,,UP (UNPUB),0,\n"
      "web,BACKEND,,DOWN,0,\n");
  BOOST_REQUIRE(static_cast<bool>(found));
  BOOST_TEST((found->unpublished == std::set<std::string>{"new"}));
  BOOST_TEST(found->servers.size() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
