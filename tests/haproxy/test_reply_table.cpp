// Every command that switchyard sends, asked of the real HAProxy, and how its reply is read:
// compared with the table of that version in tests/haproxy/replies/, so that another wording shows
// up as a difference. `test_reply_table -- --record` writes the table of the HAProxy at hand anew.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <thread>

#include "haproxy/routes.hpp"
#include "tests/haproxy/certificate_replies.hpp"
#include "tests/haproxy/gateway_site.hpp"
#include "tests/haproxy/reply_asker.hpp"
#include "tests/support/server_state.hpp"

namespace {

using namespace switchyard::tests;
using switchyard::haproxy::command_kind;
using switchyard::model::server_state;
namespace haproxy = switchyard::haproxy;

void ask_of_new_servers(reply_asker& a) {
  using haproxy::add_server;
  const auto fresh = local_server("new");
  a.ask("a new one", add_server("web", fresh, "check inter 3600000ms rise 2 fall 3"));
  a.ask("one of that name exists", add_server("web", fresh, ""));
  a.ask("a backup with a limit and TLS", [&] {
    auto s = local_server("more");
    s.backup = true;
    s.maxconn = 5;
    s.address = "::1";
    return add_server("web", s, "ssl verify none alpn h2,http/1.1");
  }());
  a.ask("no such backend", add_server("nowhere", fresh, ""));
  a.ask("a backend whose balance is fixed", add_server("static", fresh, ""));
  a.ask("an option that HAProxy does not know", add_server("web", local_server("x"), "no-such"));
  a.ask("TLS without a certificate authority", add_server("web", local_server("x"), "ssl"));
  a.ask("a certificate authority that is not there",
        add_server("web", local_server("x"), "ssl verify required ca-file /nowhere"));
}

void ask_of_checks(reply_asker& a) {
  using haproxy::enable_health;
  a.ask("of a server with checks", enable_health("web", "new"));
  a.ask("of one whose checks are on", enable_health("web", "checked"));
  a.ask("of a server without", enable_health("web", "s1"));
  a.ask("no such server", enable_health("web", "nobody"));
  a.ask("no such backend", enable_health("nowhere", "s1"));
}

void ask_of_states(reply_asker& a) {
  using haproxy::enable_server;
  using haproxy::set_state;
  a.ask("of one in maintenance", enable_server("web", "new"));
  a.ask("of one that is ready", enable_server("web", "s1"));
  a.ask("no such server", enable_server("web", "nobody"));
  a.ask("no such backend", enable_server("nowhere", "s1"));
  for (const auto state : {server_state::drain, server_state::maint, server_state::ready})
    a.ask(std::string(to_string(state)), set_state("web", "s1", state));
  a.ask("ready once more", set_state("web", "s1", server_state::ready));
  a.ask("of a server that follows another", set_state("web", "tracking", server_state::maint));
  a.ask("no such server", set_state("web", "nobody", server_state::ready));
  a.ask("no such backend", set_state("nowhere", "s1", server_state::ready));
}

void ask_of_addresses(reply_asker& a) {
  using haproxy::set_address;
  a.ask("the same", set_address("web", "s1", "127.0.0.1", 1));
  // From 3.0 on HAProxy confirms a new address before it has it.
  const auto move = [&](const std::string& title, const std::string& address, std::uint16_t port) {
    a.ask(title, set_address("web", "s1", address, port));
    const auto place = address + ":" + std::to_string(port) + " ";
    BOOST_REQUIRE(eventually([&] {
      return server_in(a.prepare("show servers state web"), "web", "s1").starts_with(place);
    }));
  };
  move("another port", "127.0.0.1", 2);
  move("another address", "127.0.0.2", 2);
  move("both", "127.0.0.3", 3);
  move("IPv6", "::1", 3);
  a.ask("no such server", set_address("web", "nobody", "127.0.0.1", 1));
  a.ask("no such backend", set_address("nowhere", "s1", "127.0.0.1", 1));
}

void ask_of_weights_and_limits(reply_asker& a) {
  using haproxy::set_maxconn;
  using haproxy::set_weight;
  a.ask("another", set_weight("web", "s1", 7));
  a.ask("none", set_weight("web", "s1", 0));
  a.ask("where the balance is fixed", set_weight("static", "s1", 7));
  a.ask("no such server", set_weight("web", "nobody", 7));
  a.ask("no such backend", set_weight("nowhere", "s1", 7));
  a.ask("a limit", set_maxconn("web", "s1", 7));
  a.ask("none", set_maxconn("web", "s1", 0));
  a.ask("no such server", set_maxconn("web", "nobody", 7));
  a.ask("no such backend", set_maxconn("nowhere", "s1", 7));
}

void ask_of_deleted_servers(reply_asker& a) {
  using haproxy::del_server;
  a.ask("not in maintenance", del_server("web", "new"));
  a.prepare("set server web/new state maint");
  a.ask("in maintenance", del_server("web", "new"));
  a.ask("no such server", del_server("web", "new"));
  a.ask("no such backend", del_server("nowhere", "s1"));
  a.prepare("set server web/tracked state maint");
  a.ask("one that another follows", del_server("web", "tracked"));
  a.upstream().set_delay(std::chrono::seconds(30));
  a.prepare("add map " + a.map() + " /busy busy");
  std::thread client([&] { http_get(a.port(), "/busy", "test", std::chrono::seconds(20)); });
  const auto requested = eventually([&] { return a.upstream().requests() > 0; });
  a.prepare("set server busy/busy state maint");
  a.ask("with a connection", del_server("busy", "busy"));
  a.prepare("shutdown sessions server busy/busy");
  client.join();
  BOOST_TEST(requested);
}

void ask_of_maps(reply_asker& a) {
  using namespace haproxy;
  const auto map = a.map();
  a.ask("a new key", add_map(map, "key/", "web"));
  a.ask("a key that is there", add_map(map, "key/", "other"));
  a.ask("no such map", add_map("/nowhere", "key/", "web"));
  a.ask("a key that is there", set_map(map, "key/", "third"));
  a.ask("no such key", set_map(map, "missing/", "web"));
  a.ask("no such map", set_map("/nowhere", "key/", "web"));
  a.ask("a key that is there", del_map(map, "key/"));
  a.ask("no such key", del_map(map, "key/"));
  a.ask("no such map", del_map("/nowhere", "key/"));
  const auto prepared = a.prepare("prepare map " + map);
  const auto version = prepared.substr(prepared.rfind(' ') + 1);
  BOOST_TEST(version == "1", prepared);
  a.ask("to a version that was prepared", add_map(map, "next/", "web", version));
  a.ask("to a version that nobody prepared", add_map(map, "next/", "web", "99"));
  a.ask("a version that was prepared", commit_map(map, version));
  a.ask("the same again", commit_map(map, version));
  a.ask("a version that nobody prepared", commit_map(map, "99"));
  a.ask("no such map", commit_map("/nowhere", version));
  const auto prepare = [&](const std::string& title, const std::string& which) {
    a.converse("prepare map: " + title, [&](conversation& c) -> std::string {
      const auto reply = c.execute_raw("prepare map " + which);
      const auto made = parse_new_version(reply.value());
      return made ? "version " + *made : "refused";
    });
  };
  prepare("another version", map);
  prepare("no such map", "/nowhere");
  const auto clear = [&](const std::string& title, const std::string& which) {
    a.converse("clear map: " + title, [&](conversation& c) -> std::string {
      BOOST_REQUIRE(bool(c.execute_raw("clear map @2 " + which)));
      return "not read";
    });
  };
  clear("a version that was prepared", map);
  clear("no such map", "/nowhere");
}

void ask_of_backends(reply_asker& a) {
  using namespace haproxy;
  if (!haproxy_adds_backends()) {
    const std::string unknown = "unknown to this version";
    a.ask(unknown, add_backend("fresh", "profile"));
    a.ask(unknown, publish_backend("fresh"));
    a.ask(unknown, unpublish_backend("fresh"));
    a.ask(unknown, del_backend("fresh"));
    return;
  }
  a.ask("from a profile", add_backend("fresh", "profile"));
  a.ask("one of that name exists", add_backend("fresh", "profile"));
  a.ask("one of that name is in the file", add_backend("web", "profile"));
  a.ask("no such profile", add_backend("other", "nowhere"));
  a.ask("a new one", publish_backend("fresh"));
  a.ask("one that is published", publish_backend("fresh"));
  a.ask("no such backend", publish_backend("nowhere"));
  a.ask("while it is published", del_backend("fresh"));
  a.ask("one that is published", unpublish_backend("fresh"));
  a.ask("one that is not published", unpublish_backend("fresh"));
  a.ask("no such backend", unpublish_backend("nowhere"));
  a.prepare("add server fresh/s1 127.0.0.1:1");
  a.ask("while it has a server", del_backend("fresh"));
  a.prepare("del server fresh/s1");
  a.ask("without servers", del_backend("fresh"));
  a.ask("no such backend", del_backend("fresh"));
  a.prepare("unpublish backend held");
  a.ask("one that a rule names", del_backend("held"));
}

/// A worker that another one has replaced, and that goes on for the sake of this conversation.
void ask_an_old_worker(reply_asker& a) {
  const auto before = a.haproxy().worker_pid();
  const bool replaced = eventually([&] {
    a.haproxy().master_command("reload");
    return eventually([&] { return a.haproxy().worker_pid() != before; }, std::chrono::seconds(2));
  });
  BOOST_REQUIRE(replaced);
  BOOST_REQUIRE(
      eventually([&] { return a.prepare("show info").find("Stopping: 1") != std::string::npos; }));
  const std::string on = "on a worker that was replaced";
  a.ask(on, haproxy::add_server("web", local_server("late"), ""));
  a.ask(on, haproxy::enable_server("web", "late"));
  a.ask(on, haproxy::set_weight("web", "s1", 9));
  a.ask(on, haproxy::set_state("web", "s1", server_state::drain));
  a.ask(on, haproxy::set_address("web", "s1", "127.0.0.9", 9));
  a.ask(on, haproxy::add_map(a.map(), "late/", "web"));
}

bool recording() {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  return std::any_of(suite.argv, suite.argv + suite.argc,
                     [](const char* word) { return std::string_view(word) == "--record"; });
}

std::string table_file(const std::string& version) {
  return SWITCHYARD_SOURCE_DIR "/tests/haproxy/replies/" + version + ".txt";
}

bool of_backends(command_kind kind) {
  return kind == command_kind::add_backend || kind == command_kind::publish_backend ||
         kind == command_kind::unpublish_backend || kind == command_kind::del_backend;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reply_table)

BOOST_AUTO_TEST_CASE(every_command_is_answered_and_read_as_it_was_recorded) {
  reply_asker a;
  ask_of_new_servers(a);
  ask_of_checks(a);
  ask_of_states(a);
  ask_of_addresses(a);
  ask_of_weights_and_limits(a);
  ask_of_deleted_servers(a);
  ask_of_maps(a);
  ask_of_backends(a);
  ask_of_certificates(a);
  ask_an_old_worker(a);
  for (int i = 0; to_string(static_cast<command_kind>(i)) != "unknown"; ++i) {
    const auto kind = static_cast<command_kind>(i);
    const auto asked = a.counts().find(kind);
    BOOST_REQUIRE_MESSAGE(asked != a.counts().end(), "never sent: " << to_string(kind));
    const auto [successes, refusals] = asked->second;
    const bool known = haproxy_adds_backends() || !of_backends(kind);
    BOOST_TEST((successes > 0) == known, to_string(kind) << ": no success");
    BOOST_TEST(refusals > 0, to_string(kind) << ": no refusal");
  }
  const auto file = table_file(a.version());
  const auto table = table_of(a.entries());
  if (recording()) {
    write_text(file, table);
    BOOST_TEST_MESSAGE("recorded " << file);
  }
  BOOST_REQUIRE_MESSAGE(std::filesystem::exists(file),
                        "no table of this version; write one with `-- --record`: " << file);
  auto recorded = read_table(read_text(file));
  for (const auto& e : a.entries()) {
    BOOST_TEST(recorded[e.title] == e.text, e.title << "\nrecorded:\n"
                                                    << recorded[e.title] << "now:\n"
                                                    << e.text);
    recorded.erase(e.title);
  }
  for (const auto& [forgotten, text] : recorded)
    BOOST_ERROR("recorded and not asked: " << forgotten);
}

BOOST_AUTO_TEST_SUITE_END()
