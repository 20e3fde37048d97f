// What is rendered, run by the real HAProxy: traffic, health checks and `add server`.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <memory>

#include "haproxy/commands.hpp"
#include "haproxy/renderer.hpp"
#include "haproxy/routes.hpp"
#include "haproxy/runtime.hpp"
#include "haproxy/server_state.hpp"
#include "tests/haproxy/config_samples.hpp"
#include "tests/support/haproxy_server.hpp"
#include "tests/support/support.hpp"

namespace switchyard::tests {

using namespace haproxy;

namespace {

/// An HAProxy that runs a rendered configuration.
class running {
 public:
  explicit running(const std::vector<model::backend>& backends,
                   const std::vector<config::frontend_settings>& frontends = {}) {
    const auto settings = settings_in(dir_.path().string());
    write_text(haproxy::map_beside(settings.config_file), "");
    write_text(haproxy::server_state_beside(settings.config_file),
               std::string(haproxy::no_server_state));
    write_text(settings.config_file, configuration_of(backends, settings, frontends).text());
    process_ = std::make_unique<background_process>(
        std::vector<std::string>{haproxy_binary(), "-W", "-f", settings.config_file}, dir_ / "log");
    if (!eventually([&] { return bool(runtime::connect(settings.runtime_socket)); }))
      throw std::runtime_error("HAProxy does not come up: " + read_text(dir_ / "log"));
    session_ = std::make_unique<runtime>(runtime::connect(settings.runtime_socket).value());
  }

  runtime& session() { return *session_; }
  std::string text() const { return read_text(dir_ / "haproxy.cfg"); }
  std::string ask(std::string_view command) { return session_->execute_raw(command).value(); }
  /// The column `check_status` of a server: "L7OK" and the like.
  std::string check_of(const std::string& backend, const std::string& server) {
    const auto table = ask("show stat " + backend + " 4 -1");
    const auto row = table.find("\n" + backend + "," + server + ",");
    if (row == std::string::npos) return "";
    const auto header = table.substr(0, table.find(",check_status,"));
    auto at = row + 1;
    for (auto skip = std::count(header.begin(), header.end(), ',') + 1; skip > 0; --skip)
      at = table.find(',', at) + 1;
    return table.substr(at, table.find(',', at) - at);
  }

 private:
  temp_dir dir_;
  std::unique_ptr<background_process> process_;
  std::unique_ptr<runtime> session_;
};

/// A peer that speaks HTTP/1 and HTTP/2, in clear and over TLS, tells which name and protocol it
/// was asked for in TLS and by which version of HTTP, and sets a cookie of its own.
class upstream {
 public:
  upstream() {
    run_program({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=api.example.com", "-keyout", dir_ / "up.pem.key", "-out", dir_ / "up.pem"});
    const std::string answer =
        "    http-request return status 200 content-type text/plain "
        "lf-string \"%[ssl_fc_sni] %[ssl_fc_alpn] %[req.ver]\" "
        "hdr Set-Cookie SRVX=1 hdr Set-Cookie SRV=theirs\n";
    const auto bind = [&](std::uint16_t port, const std::string& options) {
      return "frontend p" + std::to_string(port) + "\n    bind 127.0.0.1:" + std::to_string(port) +
             options + "\n" + answer;
    };
    const auto tls = " ssl crt " + dir_ / "up.pem";
    write_text(dir_ / "up.cfg",
               "global\n    stats socket " + dir_ / "run.sock" +
                   "\ndefaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n"
                   "    timeout connect 5s\n" +
                   bind(h1, " proto h1") + bind(h2, " proto h2") +
                   bind(tls_h1, tls + " alpn http/1.1") + bind(tls_h2, tls + " alpn h2") +
                   bind(tls_both, tls + " alpn h2,http/1.1"));
    process_ = std::make_unique<background_process>(
        std::vector<std::string>{haproxy_binary(), "-W", "-f", dir_ / "up.cfg"}, dir_ / "log");
    if (!eventually([&] { return http_get(h1).status == 200; }))
      throw std::runtime_error("the upstream does not come up: " + read_text(dir_ / "log"));
  }

  std::string certificate() const { return dir_ / "up.pem"; }

  const std::uint16_t h1 = free_port(), h2 = free_port(), tls_h1 = free_port(),
                      tls_h2 = free_port(), tls_both = free_port();

 private:
  temp_dir dir_;
  std::unique_ptr<background_process> process_;
};

/// A backend whose check and traffic have to get through to that port, and the frontend before it.
struct path_through {
  model::backend backend;
  config::frontend_settings frontend;

  path_through(model::server_protocol protocol, bool tls, std::uint16_t port,
               model::check_type check) {
    backend.name = "b" + std::to_string(port) + "-" + std::string(to_string(protocol)) + "-" +
                   std::string(to_string(check));
    auto& s = backend.settings;
    s.protocol = protocol;
    s.tls.enabled = tls;
    s.tls.verify = model::tls_verify::none;
    if (check == model::check_type::http) s.tls.sni = "api.example.com";
    s.check.type = check;
    s.check.interval = std::chrono::milliseconds(200);
    s.check.rise = 1;
    s.check.fall = 1;
    backend.servers = {make_server("loaded", "127.0.0.1", port)};
    frontend.name = "f-" + backend.name;
    frontend.binds.emplace_back().port = free_port();
    frontend.binds.back().address = "127.0.0.1";
    frontend.default_backend = backend.name;
  }
};

std::vector<path_through> all_paths(const upstream& up) {
  using enum model::server_protocol;
  std::vector<path_through> paths;
  for (const auto check : {model::check_type::tcp, model::check_type::http}) {
    paths.emplace_back(automatic, false, up.h1, check);
    paths.emplace_back(h1, false, up.h1, check);
    paths.emplace_back(h2, false, up.h2, check);
    paths.emplace_back(automatic, true, up.tls_h1, check);
    paths.emplace_back(automatic, true, up.tls_h2, check);
    paths.emplace_back(automatic, true, up.tls_both, check);
    paths.emplace_back(h1, true, up.tls_h1, check);
    paths.emplace_back(h1, true, up.tls_both, check);
    paths.emplace_back(h2, true, up.tls_h2, check);
    paths.emplace_back(h2, true, up.tls_both, check);
  }
  return paths;
}

/// What an upstream tells of a request that came by this path.
std::string expected_words(const path_through& path, const upstream& up) {
  const auto& s = path.backend.settings;
  const bool agreed = s.tls.enabled && s.protocol == model::server_protocol::automatic &&
                      path.backend.servers[0].port != up.tls_h1;
  const bool h2 = agreed || s.protocol == model::server_protocol::h2;
  if (!s.tls.enabled) return h2 ? "  2.0" : "  1.1";
  return s.tls.sni.value_or("") + (h2 ? " h2 2.0" : " http/1.1 1.1");
}

std::string expected_check(const model::backend_settings& s) {
  if (s.check.type == model::check_type::http) return "L7OK";
  return s.tls.enabled ? "L6OK" : "L4OK";
}

/// What a GET over TLS is answered, with its head.
std::string get_over_tls(std::uint16_t port) {
  const temp_dir dir;
  write_text(dir / "request", "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  const std::string client =
      "exec timeout 10 openssl s_client -quiet -connect 127.0.0.1:\"$1\" < \"$2\" 2> \"$2.log\"";
  return run_program({"sh", "-c", client, "sh", std::to_string(port), dir / "request"});
}

void add_at_runtime(running& haproxy, const model::backend& b, const model::server& server) {
  const auto options = server_options(b.settings).value();
  std::vector<command> commands{add_server(b.name, server, options).value()};
  if (b.settings.check.type != model::check_type::none)
    commands.push_back(enable_health(b.name, server.name).value());
  commands.push_back(enable_server(b.name, server.name).value());
  for (const auto& done : haproxy.session().execute(commands))
    BOOST_CHECK_MESSAGE(done, commands.front().line << ": " << (done ? "" : done.error().message));
}

/// Adds the backend from its profile, publishes it, and gives it this server.
void add_backend_at_runtime(running& haproxy, const model::backend& b,
                            const model::server& server) {
  const auto profile = profile_name(render_backend(b).value().settings);
  const std::vector<command> commands{add_backend(b.name, profile).value(),
                                      publish_backend(b.name).value()};
  for (const auto& done : haproxy.session().execute(commands))
    BOOST_CHECK_MESSAGE(done, b.name << ": " << (done ? "" : done.error().message));
  add_at_runtime(haproxy, b, server);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(renderer_live)

BOOST_AUTO_TEST_CASE(checks_and_traffic_get_through_with_every_protocol_in_clear_and_over_tls) {
  const upstream up;
  const auto paths = all_paths(up);
  std::vector<model::backend> backends;
  std::vector<config::frontend_settings> frontends;
  for (const auto& p : paths) {
    backends.push_back(p.backend);
    frontends.push_back(p.frontend);
  }
  running haproxy(backends, frontends);
  for (const auto& p : paths) BOOST_TEST_CONTEXT(p.backend.name) {
      const auto wanted = expected_check(p.backend.settings);
      BOOST_TEST(eventually([&] { return haproxy.check_of(p.backend.name, "loaded") == wanted; }),
                 haproxy.check_of(p.backend.name, "loaded"));
      const auto words = expected_words(p, up);
      BOOST_TEST(http_get(p.frontend.binds[0].port).body == words);
      // One that is added later is checked in the same way, though default-server is not for it.
      add_at_runtime(haproxy, p.backend,
                     make_server("added", "127.0.0.1", p.backend.servers[0].port));
      BOOST_TEST(eventually([&] { return haproxy.check_of(p.backend.name, "added") == wanted; }),
                 haproxy.check_of(p.backend.name, "added"));
      haproxy.ask("set server " + p.backend.name + "/loaded state maint");
      BOOST_TEST(http_get(p.frontend.binds[0].port).body == words);
    }
}

BOOST_AUTO_TEST_CASE(a_backend_from_a_profile_is_checked_and_served_like_one_of_the_file) {
  if (!haproxy_adds_backends()) {
    BOOST_TEST_MESSAGE("not on this HAProxy: it adds no backends at run time");
    return;
  }
  const upstream up;
  auto paths = all_paths(up);
  std::vector<model::backend> backends;
  std::vector<config::frontend_settings> frontends;
  for (auto& p : paths) {
    backends.push_back(p.backend);
    p.backend.name = "run-" + p.backend.name;
    p.frontend.default_backend = p.backend.name;
    frontends.push_back(p.frontend);
  }
  running haproxy(backends, frontends);
  for (const auto& p : paths) BOOST_TEST_CONTEXT(p.backend.name) {
      BOOST_TEST(http_get(p.frontend.binds[0].port).status == 503);
      add_backend_at_runtime(haproxy, p.backend,
                             make_server("added", "127.0.0.1", p.backend.servers[0].port));
      const auto wanted = expected_check(p.backend.settings);
      BOOST_TEST(eventually([&] { return haproxy.check_of(p.backend.name, "added") == wanted; }),
                 haproxy.check_of(p.backend.name, "added"));
      BOOST_TEST(http_get(p.frontend.binds[0].port).body == expected_words(p, up));
    }
}

BOOST_AUTO_TEST_CASE(every_kind_of_backend_can_be_added_at_runtime) {
  if (!haproxy_adds_backends()) {
    BOOST_TEST_MESSAGE("not on this HAProxy: it adds no backends at run time");
    return;
  }
  auto backends = all_kinds_of_backends();
  running haproxy(backends);
  for (auto& b : backends) {
    b.name = "run-" + b.name;
    add_backend_at_runtime(haproxy, b, make_server("new", "127.0.0.1", 9));
  }
}

BOOST_AUTO_TEST_CASE(every_kind_of_backend_takes_servers_at_runtime) {
  const auto backends = all_kinds_of_backends();
  running haproxy(backends);
  for (const auto& b : backends)
    for (const auto* address : {"127.0.0.1", "::1"})
      add_at_runtime(haproxy, b, make_server(std::string("new-") + address, address, 9));
}

BOOST_AUTO_TEST_CASE(the_running_process_tells_the_layout_it_was_loaded_with) {
  running haproxy({make_backend("a")});
  BOOST_TEST(haproxy.ask("show env SWITCHYARD_LAYOUT") ==
             "SWITCHYARD_LAYOUT=" + parse_configuration(haproxy.text()).value().layout());
}

BOOST_AUTO_TEST_CASE(a_frontend_without_its_backend_answers_503) {
  config::frontend_settings f;
  f.name = "gateway";
  f.binds.emplace_back().port = free_port();
  f.default_backend = "not-yet";
  const running haproxy({}, {f});
  BOOST_TEST(http_get(f.binds[0].port).status == 503);
}

BOOST_AUTO_TEST_CASE(a_frontend_for_tls_sends_clear_requests_to_https) {
  config::frontend_settings f;
  f.name = "gateway";
  f.binds.emplace_back().port = free_port();
  f.redirect_to_https = true;
  const running haproxy({}, {f});
  BOOST_TEST(http_get(f.binds[0].port).status == 301);
}

BOOST_AUTO_TEST_CASE(a_persistence_cookie_is_secure_over_tls_and_no_other_cookie_is_touched) {
  const upstream up;
  for (const std::string name : {"SRV", "a.b!%&*+-_~"}) BOOST_TEST_CONTEXT(name) {
      path_through p(model::server_protocol::automatic, false, up.h1, model::check_type::none);
      p.backend.settings.sticky = model::sticky_settings{name};
      auto tls = p.frontend;
      tls.name = "tls";
      tls.binds[0].port = free_port();
      tls.binds[0].certificates = up.certificate();
      tls.binds[0].alpn.clear();
      const running haproxy({p.backend}, {p.frontend, tls});
      // A server's own cookie of that name does not get through; its others do.
      const auto theirs = name == "SRV" ? std::vector<std::string>{"SRVX=1"}
                                        : std::vector<std::string>{"SRVX=1", "SRV=theirs"};
      const auto secure = cookies_in(get_over_tls(tls.binds[0].port));
      const auto clear = cookies_in(http_get(p.frontend.binds[0].port).head);
      BOOST_REQUIRE(secure.size() == theirs.size() + 1);
      BOOST_REQUIRE(clear.size() == theirs.size() + 1);
      BOOST_TEST(std::equal(theirs.begin(), theirs.end(), secure.begin()));
      BOOST_TEST(std::equal(theirs.begin(), theirs.end(), clear.begin()));
      BOOST_TEST(clear.back().starts_with(name + "="), clear.back());
      BOOST_TEST(clear.back().ends_with("; path=/; HttpOnly"), clear.back());
      BOOST_TEST(secure.back() == clear.back() + "; Secure");
    }
}

BOOST_AUTO_TEST_CASE(a_server_whose_certificate_cannot_be_verified_gets_no_traffic) {
  const upstream up;
  path_through p(model::server_protocol::automatic, true, up.tls_both, model::check_type::http);
  p.backend.settings.tls.verify = model::tls_verify::required;
  running haproxy({p.backend}, {p.frontend});
  BOOST_TEST(eventually([&] { return haproxy.check_of(p.backend.name, "loaded") == "L6RSP"; }));
  BOOST_TEST(http_get(p.frontend.binds[0].port).status == 503);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
