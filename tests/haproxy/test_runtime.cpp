#include "haproxy/runtime.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "haproxy/replies.hpp"
#include "tests/support/haproxy_server.hpp"

namespace {

using namespace switchyard::tests;
using switchyard::base::errc;
using switchyard::haproxy::command;
using switchyard::haproxy::command_kind;
using switchyard::haproxy::runtime;
using switchyard::model::server;
using switchyard::model::server_state;
namespace haproxy = switchyard::haproxy;

server server_at(const std::string& name, const std::string& address, std::uint16_t port) {
  server s;
  s.name = name;
  s.address = address;
  s.port = port;
  return s;
}

std::string runtime_site() {
  return haproxy_site(free_port(), "web",
                      "    server s1 127.0.0.1:18081 weight 50\n"
                      "    server s2 127.0.0.1:18082 weight 50\n");
}

haproxy::runtime_server seen(runtime& r, const std::string& name) {
  const auto reply = r.execute_raw("show servers state web");
  BOOST_REQUIRE_MESSAGE(bool(reply), "show servers state");
  const auto view = haproxy::parse_servers_state(*reply);
  BOOST_REQUIRE(bool(view));
  return view->at("web").at(name);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(runtime_socket)

BOOST_AUTO_TEST_CASE(the_masters_socket_is_no_runtime_socket) {
  const haproxy_server server(runtime_site());
  const auto r = runtime::connect(server.master_socket());
  BOOST_REQUIRE(!r);
  BOOST_TEST((r.error().kind == errc::protocol));
}

BOOST_AUTO_TEST_CASE(a_reply_comes_without_prompt_and_newlines) {
  const haproxy_server server(runtime_site());
  auto r = runtime::connect(server.runtime_socket());
  BOOST_REQUIRE(bool(r));
  const auto info = r->execute_raw("show info");
  BOOST_REQUIRE(bool(info));
  BOOST_TEST(info->starts_with("Name:"));
  BOOST_TEST(!info->ends_with('\n'));
  const auto read = haproxy::parse_info(*info);
  BOOST_REQUIRE(bool(read));
  BOOST_TEST(read->pid == server.worker_pid());
  BOOST_TEST(!read->stopping);
  BOOST_TEST(*r->execute_raw("set server web/s1 weight 51") == "");
  BOOST_TEST(*r->execute_raw("del server web/nope") == "No such server.");
}

BOOST_AUTO_TEST_CASE(an_escaped_semicolon_is_part_of_the_command) {
  const haproxy_server server(runtime_site());
  auto r = runtime::connect(server.runtime_socket());
  const auto reply = r->execute_raw("show env a\\;b");
  BOOST_REQUIRE(bool(reply));
  BOOST_TEST(*reply == "Variable not found");
}

BOOST_AUTO_TEST_CASE(a_payload_is_read_whole_and_the_conversation_goes_on) {
  const haproxy_server server(runtime_site());
  auto r = runtime::connect(server.runtime_socket());
  BOOST_REQUIRE(bool(r));
  for (int i = 0; i < 2; ++i) {
    const auto reply = r->execute_payload("set ssl cert /none", "line one\nline two\n");
    BOOST_REQUIRE(bool(reply));
    // Without the prompts that some versions answer each line with.
    BOOST_TEST(!reply->starts_with("+"), *reply);
    BOOST_TEST(!reply->empty());
  }
  BOOST_TEST(r->execute_raw("show info")->starts_with("Name:"));
}

BOOST_AUTO_TEST_CASE(a_payload_that_could_end_early_is_refused) {
  const haproxy_server server(runtime_site());
  auto r = runtime::connect(server.runtime_socket());
  const auto refused = [&](const std::string& command, const std::string& payload) {
    const auto reply = r->execute_payload(command, payload);
    return !reply && reply.error().kind == errc::invalid;
  };
  const std::string set = "set ssl cert /none";
  const std::string disable = "set server web/s1 state maint\n";
  BOOST_TEST(refused(set, ""));
  BOOST_TEST(refused(set, "\n" + disable));
  BOOST_TEST(refused(set, "a\n\n" + disable));
  BOOST_TEST(refused(set, "a"));
  BOOST_TEST(refused(set, "a\r\n"));
  BOOST_TEST(refused(set, "a\xc3\xa4\n"));
  BOOST_TEST(refused(set, std::string("a\0b\n", 4)));
  BOOST_TEST(refused(set, std::string(16'000, 'a') + "\n"));
  BOOST_TEST(refused(set + " <<", "a\n"));
  BOOST_TEST(refused(set + "\n" + disable, "a\n"));
  BOOST_TEST((seen(*r, "s1").state == server_state::ready));
}

BOOST_AUTO_TEST_CASE(the_whole_life_of_a_server_is_confirmed_and_read_back) {
  const haproxy_server running(runtime_site());
  auto r = runtime::connect(running.runtime_socket());
  BOOST_REQUIRE(bool(r));
  auto s = server_at("new", "10.1.2.3", 8080);
  s.maxconn = 20;
  s.backup = true;
  const std::vector<command> life{*haproxy::add_server("web", s, "check inter 2s rise 2 fall 3"),
                                  *haproxy::enable_server("web", "new"),
                                  *haproxy::enable_health("web", "new"),
                                  *haproxy::set_address("web", "new", "2001:db8::9", 8081),
                                  *haproxy::set_address("web", "new", "2001:db8::9", 8081),
                                  *haproxy::set_weight("web", "new", 256),
                                  *haproxy::set_maxconn("web", "new", 30)};
  for (const auto& verdict : r->execute(life))
    BOOST_TEST(bool(verdict), (verdict ? "" : verdict.error().message));
  const auto read_back = [&] { return seen(*r, "new"); };
  BOOST_TEST(eventually([&] { return read_back().address == "2001:db8::9"; }));
  const auto after = read_back();
  BOOST_TEST(after.port == 8081);
  BOOST_TEST(after.weight == 256);
  BOOST_TEST((after.state == server_state::ready));

  const std::vector<command> end{
      *haproxy::set_state("web", "new", server_state::drain), *haproxy::del_server("web", "new"),
      *haproxy::set_state("web", "new", server_state::maint), *haproxy::del_server("web", "new")};
  const auto verdicts = r->execute(end);
  BOOST_TEST(bool(verdicts[0]));
  BOOST_TEST(!verdicts[1]);  // only from maintenance
  BOOST_TEST(bool(verdicts[2]));
  BOOST_TEST(bool(verdicts[3]));
}

BOOST_AUTO_TEST_CASE(an_ipv6_server_can_be_added) {
  const haproxy_server running(runtime_site());
  auto r = runtime::connect(running.runtime_socket());
  const std::vector<command> add{
      *haproxy::add_server("web", server_at("six", "2001:db8::5", 8080), "")};
  BOOST_TEST(bool(r->execute(add)[0]));
  BOOST_TEST(seen(*r, "six").address == "2001:db8::5");
  BOOST_TEST(seen(*r, "six").port == 8080);
  BOOST_TEST((seen(*r, "six").state == server_state::maint));
}

BOOST_AUTO_TEST_CASE(what_haproxy_refuses_is_refused_in_its_words) {
  const haproxy_server running(runtime_site());
  auto r = runtime::connect(running.runtime_socket());
  const std::vector<command> refused{
      *haproxy::add_server("web", server_at("s1", "10.0.0.1", 80), ""),
      *haproxy::add_server("nope", server_at("s1", "10.0.0.1", 80), ""),
      *haproxy::set_weight("web", "nope", 1),
      *haproxy::set_weight("nope", "s1", 1),
      *haproxy::add_server("web", server_at("x", "10.0.0.1", 80), "bogus"),
      *haproxy::enable_health("web", "s1")};
  const std::vector<std::string> words{"Already exists",  "No such backend", "No such server",
                                       "No such backend", "unknown keyword", "not configured"};
  const auto verdicts = r->execute(refused);
  for (std::size_t i = 0; i < words.size(); ++i) {
    BOOST_TEST_CONTEXT(refused[i].line) {
      BOOST_REQUIRE(!verdicts[i]);
      BOOST_TEST((verdicts[i].error().kind == errc::refused));
      const auto& message = verdicts[i].error().message;
      BOOST_TEST(message.find(words[i]) != std::string::npos, message);
      BOOST_TEST(message.find(refused[i].line) != std::string::npos, message);
    }
  }
}

BOOST_AUTO_TEST_CASE(address_and_state_change_in_one_go) {
  const haproxy_server running(runtime_site());
  auto r = runtime::connect(running.runtime_socket());
  auto s = server_at("s1", "127.0.0.9", 999);
  s.state = server_state::drain;
  BOOST_REQUIRE(bool(r->set_server_addr_and_state("web", s)));
  BOOST_TEST(eventually([&] { return seen(*r, "s1").port == 999; }));
  BOOST_TEST(seen(*r, "s1").address == "127.0.0.9");
  BOOST_TEST((seen(*r, "s1").state == server_state::drain));
  s.name = "nope";
  BOOST_TEST((r->set_server_addr_and_state("web", s).error().kind == errc::refused));
  s.name = "no/pe";
  BOOST_TEST((r->set_server_addr_and_state("web", s).error().kind == errc::invalid));
}

BOOST_AUTO_TEST_CASE(thousands_of_pipelined_commands_get_their_own_verdicts) {
  const haproxy_server running(runtime_site());
  auto r = runtime::connect(running.runtime_socket());
  std::vector<command> commands;
  const auto options = "check inter 2s rise 2 fall 3 " + std::string("on-marked-down ") +
                       "shutdown-sessions slowstart 10s";
  for (int i = 0; i < 1000; ++i) {
    const auto name = "srv-with-a-rather-long-name-" + std::to_string(i);
    commands.push_back(*haproxy::add_server("web", server_at(name, "10.0.0.1", 80), options));
    commands.push_back(*haproxy::set_weight("web", name, static_cast<std::uint16_t>(i % 257)));
    commands.push_back(*haproxy::set_weight("web", i % 10 == 0 ? "missing" : name, 7));
  }
  const auto verdicts = r->execute(commands);
  BOOST_REQUIRE(verdicts.size() == commands.size());
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const bool missing = i % 3 == 2 && (i / 3) % 10 == 0;
    BOOST_TEST_CONTEXT(commands[i].line) BOOST_REQUIRE(bool(verdicts[i]) == !missing);
  }
  BOOST_TEST(seen(*r, "srv-with-a-rather-long-name-999").weight == 7);
  BOOST_TEST(seen(*r, "srv-with-a-rather-long-name-990").weight == 990 % 257);
}

BOOST_AUTO_TEST_CASE(a_command_that_may_not_be_sent_does_not_shift_the_verdicts) {
  const haproxy_server running(runtime_site());
  auto r = runtime::connect(running.runtime_socket());
  const std::vector<command> commands{
      {command_kind::set_weight, "set server web/s1 weight 11"},
      {command_kind::set_weight, "set server web/s1 weight 12;set server web/s2 weight 12"},
      {command_kind::set_weight, "set server web/nope weight 13"},
      {command_kind::set_weight, "set server web/s1 weight 14"},
      {command_kind::set_weight, ""}};
  const auto verdicts = r->execute(commands);
  BOOST_TEST(bool(verdicts[0]));
  BOOST_TEST((verdicts[1].error().kind == errc::invalid));
  BOOST_TEST((verdicts[2].error().kind == errc::refused));
  BOOST_TEST(bool(verdicts[3]));
  BOOST_TEST((verdicts[4].error().kind == errc::invalid));
  BOOST_TEST(seen(*r, "s1").weight == 14);
  BOOST_TEST(seen(*r, "s2").weight == 50);
  BOOST_TEST(r->execute({}).empty());
}

BOOST_AUTO_TEST_CASE(replies_of_megabytes_are_read_whole) {
  // HAProxy takes a backend's servers in a time that grows with their square.
  const std::string servers = "    server-template t 1-5000 127.0.0.1:80\n";
  auto sections = haproxy_site(free_port(), "web", servers);
  for (const auto* name : {"web2", "web3", "web4"})
    sections += "backend " + std::string(name) + "\n" + servers;
  const haproxy_server running(sections);
  auto r = runtime::connect(running.runtime_socket());
  const auto reply = r->execute_raw("show servers state");
  BOOST_REQUIRE(bool(reply));
  BOOST_TEST(reply->size() > 1'000'000U);
  const auto view = haproxy::parse_servers_state(*reply);
  BOOST_REQUIRE(bool(view));
  for (const auto* name : {"web", "web2", "web3", "web4"})
    BOOST_TEST(view->at(name).size() == 5'000U);
  BOOST_TEST(*r->execute_raw("show env NOT_SET") == "Variable not found");

  runtime::limits small;
  small.reply_bytes = 100'000;
  auto bounded = runtime::connect(running.runtime_socket(), small);
  const auto refused = bounded->execute_raw("show servers state");
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().kind == errc::protocol));
  BOOST_TEST(bounded->broken());
}

BOOST_AUTO_TEST_CASE(a_killed_worker_breaks_the_conversation_and_not_us) {
  const haproxy_server running(runtime_site());
  auto r = runtime::connect(running.runtime_socket());
  BOOST_REQUIRE(bool(r));
  ::kill(running.worker_pid(), SIGKILL);
  const auto closed = switchyard::base::wait_readable(
      r->fd(), switchyard::base::deadline(std::chrono::seconds(10)));
  BOOST_TEST((closed && *closed));
  const std::vector<command> commands(3, *haproxy::set_weight("web", "s1", 1));
  for (const auto& verdict : r->execute(commands)) {
    BOOST_REQUIRE(!verdict);
    BOOST_TEST((verdict.error().kind == errc::unavailable));
  }
  BOOST_TEST(r->broken());
  BOOST_TEST((r->execute_raw("show info").error().kind == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_worker_killed_during_a_long_batch_loses_only_the_rest) {
  const haproxy_server running(runtime_site());
  auto r = runtime::connect(running.runtime_socket());
  const auto worker = running.worker_pid();
  BOOST_REQUIRE(bool(r->execute_raw("set server web/s1 weight 0")));
  std::vector<command> commands;
  for (unsigned i = 0; i < 300'000; ++i)
    commands.push_back(
        *haproxy::set_weight("web", "s1", static_cast<std::uint16_t>(std::min(i / 1000, 256U))));
  std::thread killer([&] {
    auto other = runtime::connect(running.runtime_socket());
    // Once the batch is well under way.
    eventually([&] { return seen(*other, "s1").weight >= 3; });
    ::kill(worker, SIGKILL);
  });
  const auto verdicts = r->execute(commands);
  killer.join();
  BOOST_REQUIRE(verdicts.size() == commands.size());
  const auto first_lost =
      std::find_if(verdicts.begin(), verdicts.end(), [](const auto& v) { return !v; });
  BOOST_TEST((first_lost != verdicts.begin()));
  BOOST_REQUIRE((first_lost != verdicts.end()));
  BOOST_TEST(std::all_of(first_lost, verdicts.end(),
                         [](const auto& v) { return !v && v.error().kind == errc::unavailable; }));
}

BOOST_AUTO_TEST_SUITE_END()
