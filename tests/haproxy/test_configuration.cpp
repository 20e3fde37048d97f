#include "haproxy/configuration.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/haproxy/config_samples.hpp"

namespace switchyard::tests {

using namespace haproxy;

namespace {

configuration sample() {
  config::frontend_settings f;
  f.name = "gateway";
  f.binds.emplace_back().port = 18'080;
  return configuration_of(all_kinds_of_backends(), settings_in("/tmp"), {f});
}

bool equal(const configuration& a, const configuration& b) {
  return a.head == b.head && std::equal(a.backends.begin(), a.backends.end(), b.backends.begin(),
                                        b.backends.end(), [](const auto& x, const auto& y) {
                                          return x.first == y.first && *x.second == *y.second;
                                        });
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  BOOST_REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(configuration_file)

BOOST_AUTO_TEST_CASE(what_is_written_reads_back_equal) {
  for (const auto& c : {sample(), configuration_of({}, settings_in("/tmp")), configuration{}}) {
    const auto read = parse_configuration(c.text());
    BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
    BOOST_TEST(equal(*read, c));
    BOOST_TEST(read->text() == c.text());
  }
}

BOOST_AUTO_TEST_CASE(a_file_cut_anywhere_is_refused) {
  const auto text =
      configuration_of({make_backend("a", 3), make_backend("b", 2)}, settings_in("/tmp")).text();
  for (std::size_t length = 0; length < text.size(); ++length)
    BOOST_REQUIRE_MESSAGE(!parse_configuration(std::string_view(text).substr(0, length)),
                          "cut after " << length << " bytes");
}

BOOST_AUTO_TEST_CASE(a_file_without_one_of_its_lines_is_refused) {
  const auto text = configuration_of({make_backend("a", 3)}, settings_in("/tmp")).text();
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at) + 1;
    auto less = text;
    less.erase(at, end - at);
    BOOST_REQUIRE_MESSAGE(!parse_configuration(less), "without " << text.substr(at, end - at));
    at = end;
  }
}

BOOST_AUTO_TEST_CASE(an_edited_or_foreign_file_is_refused) {
  const auto text =
      configuration_of({make_backend("a"), make_backend("b")}, settings_in("/tmp")).text();
  BOOST_REQUIRE(parse_configuration(text));
  const std::vector<std::string> others{
      "",
      "\n",
      "global\n",
      text + "\n",
      text + text,
      "\n" + text,
      replaced(text, "balance roundrobin", "balance static-rr"),
      replaced(text, "timeout connect 5s", "timeout connect 6s"),
      replaced(text, "    server srv0 ", "    server  srv0 "),
      replaced(text, "    server srv0 10.0.0.1:8080", "    server srv0 localhost:8080"),
      replaced(text, "backend b from", "backend a from"),
      replaced(text, "    server srv1 ", "    server srv0 "),
      replaced(text, "\nbackend a", "\nlisten x\n    bind :80\n\nbackend a"),
      replaced(text, " from switchyard-http\n    balance", " from other\n    balance")};
  for (const auto& other : others) BOOST_TEST(!parse_configuration(other), other);
}

BOOST_AUTO_TEST_CASE(the_layout_changes_with_settings_and_not_with_servers) {
  const auto settings = settings_in("/tmp");
  const auto of = [&](const model::backend& b) { return configuration_of({b}, settings).layout(); };
  const auto before = of(make_backend("a", 2));
  BOOST_TEST(before.size() == 16U);
  BOOST_TEST(of(make_backend("a", 5)) == before);
  BOOST_TEST(of(make_backend("b", 2)) != before);
  auto changed = make_backend("a", 2);
  changed.settings.check.rise = 7;
  BOOST_TEST(of(changed) != before);
  auto other_head = configuration_of({make_backend("a", 2)}, settings);
  other_head.head += "\n";
  BOOST_TEST(other_head.layout() != before);
}

BOOST_AUTO_TEST_CASE(backends_that_come_at_run_time_leave_the_layout_that_was_loaded) {
  const auto settings = settings_in("/tmp");
  auto c = configuration_of({make_backend("a")}, settings);
  c.loaded_as = c.fingerprint();
  const auto loaded = c.layout();
  c.backends["b"] = c.backends["a"];
  BOOST_TEST(c.layout() == loaded);
  BOOST_TEST(c.fingerprint() != loaded);
  c.backends["b"] = std::make_shared<backend_section>(render_backend(make_backend("b")).value());
  const auto read = parse_configuration(c.text());
  BOOST_REQUIRE(read);
  BOOST_TEST(read->layout() == loaded);
  BOOST_TEST(read->fingerprint() == c.fingerprint());
}

BOOST_AUTO_TEST_CASE(an_edited_profile_or_fingerprint_is_noticed) {
  const auto text = configuration_of({make_backend("a")}, settings_in("/tmp")).text();
  BOOST_REQUIRE(parse_configuration(text));
  const auto profile = text.find("\ndefaults switchyard-", text.find(profiles_start));
  BOOST_REQUIRE(profile != std::string::npos);
  auto edited = text;
  edited.replace(edited.find("retries 3", profile), 9, "retries 9");
  BOOST_TEST(!parse_configuration(edited));
  edited = text;
  edited.erase(edited.find(profiles_end), profiles_end.size());
  BOOST_TEST(!parse_configuration(edited));
  edited = text;
  edited.replace(edited.find("SWITCHYARD_LAYOUT ") + 18, 1, "z");
  BOOST_TEST(!parse_configuration(edited));
}

BOOST_AUTO_TEST_CASE(equal_settings_have_one_profile_and_unused_ones_are_few) {
  const auto sections = configuration_of({make_backend("a"), make_backend("b")}, settings_in("/x"));
  const auto usual = profiles_for({}, {});
  BOOST_TEST(usual.size() == 2U);
  const auto all = profiles_for(sections.backends, {});
  BOOST_TEST(all.contains(profile_name(sections.backends.at("a")->settings)));
  BOOST_TEST(profile_name(sections.backends.at("a")->settings) ==
             profile_name(sections.backends.at("b")->settings));
  BOOST_TEST(all.size() <= 3U);
  const auto kept = [](const char* name, const char* cookie) {
    auto b = make_backend(name);
    b.settings.sticky = model::sticky_settings{cookie};
    return profile_name(render_backend(b).value().settings);
  };
  BOOST_TEST(kept("a", "SRV") == kept("b", "SRV"));
  BOOST_TEST(kept("a", "SRV") != kept("a", "OTHER"));
  BOOST_TEST(kept("a", "SRV") != profile_name(sections.backends.at("a")->settings));
  profile_map many;
  for (int i = 0; i < 200; ++i) many["switchyard-" + std::to_string(i)] = "x";
  BOOST_TEST(profiles_for({}, many).size() == usual.size() + 64);
  BOOST_TEST(profiles_for({}, usual) == usual);
}

BOOST_AUTO_TEST_CASE(the_file_says_its_layout) {
  const auto c = sample();
  BOOST_TEST(c.text().find("\n    setenv SWITCHYARD_LAYOUT " + c.layout() + "\n") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_line_reads_back_as_it_was_but_for_a_drain) {
  for (const auto& b : all_kinds_of_backends())
    for (auto server : b.servers) {
      const auto read = parse_server_line(render_server(server).value());
      BOOST_REQUIRE(read);
      if (server.state == model::server_state::drain) {
        server.state = model::server_state::ready;
        server.weight = 0;
      }
      BOOST_TEST((*read == server));
    }
}

BOOST_AUTO_TEST_CASE(a_line_that_we_did_not_write_is_no_server) {
  for (const auto* line :
       {"", "server s 10.0.0.1:80 weight 1", "    server s 10.0.0.1:80",
        "    server s 10.0.0.1:80 weight 01", "    server s 10.0.0.1:80 weight 257",
        "    server s 10.0.0.1:80 weight -1", "    server s 10.0.0.1:080 weight 1",
        "    server s 10.0.0.1:65536 weight 1", "    server s ::1:80 weight 1",
        "    server s [10.0.0.1]:80 weight 1", "    server s 10.0.0.1:80 weight 1 maxconn",
        "    server s 10.0.0.1:80 weight 1 maxconn 0",
        "    server s 10.0.0.1:80 weight 1 backup backup",
        "    server s 10.0.0.1:80 weight 1 disabled backup",
        "    server s 10.0.0.1:80 weight 1 check", "    server s 10.0.0.1:80 weight 1 ",
        "    server s 10.0.0.1:80 weight 1\r", "    server s/t 10.0.0.1:80 weight 1",
        "    default-server check"})
    BOOST_TEST(!parse_server_line(line), line);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::tests
