#include <boost/test/unit_test.hpp>

#include "tests/config/sample.hpp"

namespace switchyard::config {

namespace {

using tests::bad;
using tests::good;
using tests::provider;

std::string rest(const std::string& more) {
  return provider("{name: a, type: rest, " + more + "}");
}

rest_settings rest_of(const std::string& more) {
  return std::get<rest_settings>(good(rest(more)).providers.at(0).source);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(load_polled)

BOOST_AUTO_TEST_CASE(a_command_is_a_list_of_words) {
  const auto exec = [](const std::string& command) {
    return provider("{name: a, type: exec, command: " + command + "}");
  };
  const auto command_of = [](const std::string& text) {
    return std::get<exec_settings>(good(text).providers.at(0).source).command;
  };
  BOOST_TEST(bad(provider("{name: a, type: exec}")) ==
             "s.yaml:2:5: /providers/0/command: is missing");
  for (const std::string none : {"[]", "['']"})
    BOOST_TEST(bad(exec(none)).starts_with("s.yaml:2:27: /providers/0/command: must name a prog"));
  BOOST_TEST(bad(exec("list-hosts")) ==
             "s.yaml:2:27: /providers/0/command: must be a list, not the string \"list-hosts\"");
  BOOST_TEST(bad(exec("[sleep, 1]")) ==
             "s.yaml:2:44: /providers/0/command/1: must be a text of at most 65536 bytes; put "
             "numbers in quotes");
  const std::vector<std::string> in_path{"list", "--json", ""};
  BOOST_TEST(command_of(exec("[list, --json, '']")) == in_path);
  const std::vector<std::string> beside{"/etc/sy/bin/list"};
  BOOST_TEST(command_of(exec("[bin/list]")) == beside);
}

BOOST_AUTO_TEST_CASE(a_command_has_an_environment_of_texts) {
  const auto exec = [](const std::string& environment) {
    return provider("{name: a, type: exec, command: [x], environment: " + environment + "}");
  };
  const auto read = std::get<exec_settings>(good(exec("{A: b, C: ''}")).providers.at(0).source);
  BOOST_TEST((read.environment == std::map<std::string, std::string>{{"A", "b"}, {"C", ""}}));
  BOOST_TEST(bad(exec("{A: 1}")) ==
             "s.yaml:2:55: /providers/0/environment/A: must be a string, not 1");
  BOOST_TEST(bad(exec("{'A=B': x}"))
                 .starts_with("s.yaml:2:55: /providers/0/environment/A=B: is no name of an"));
  BOOST_TEST(bad(exec("[]")) ==
             "s.yaml:2:41: /providers/0/environment: must be an object, not a list");
}

BOOST_AUTO_TEST_CASE(an_api_has_one_url_or_several) {
  const std::vector<std::string> one{"http://a/"};
  BOOST_TEST(rest_of("url: 'http://a/'").urls == one);
  const std::vector<std::string> two{"http://a/", "unix:/s:/b"};
  BOOST_TEST(rest_of("urls: ['http://a/', 'unix:/s:/b']").urls == two);
  BOOST_TEST(bad(provider("{name: a, type: rest}"))
                 .starts_with("s.yaml:2:5: /providers/0/url: is missing: give url, such as "));
  BOOST_TEST(bad(rest("urls: []")).starts_with("s.yaml:2:5: /providers/0/url: is missing"));
  BOOST_TEST(bad(rest("url: ['http://a/', 'http://b/']")) ==
             "s.yaml:2:27: /providers/0/url: is one URL: put a list of them under urls");
  BOOST_TEST(bad(rest("url: x, urls: [y]")) ==
             "s.yaml:2:42: /providers/0/urls/0: url is given as well: put all of them under urls");
  BOOST_TEST(bad(rest("url: a, urls: ['http://a/', 1]")).find("/urls/1: ") != std::string::npos);
  BOOST_TEST(bad(rest("urls: ['http://a/', 1]")) ==
             "s.yaml:2:47: /providers/0/urls/1: must be a URL, such as "
             "\"https://catalog.internal/v1\"");
}

BOOST_AUTO_TEST_CASE(a_transform_may_have_lines) {
  BOOST_TEST(rest_of("url: x").transform == ".");
  BOOST_TEST(rest_of("url: x, transform: \".a |\\n .b\"").transform == ".a |\n .b");
  for (const std::string none : {"''", "1", "\" \\n\""})
    BOOST_TEST(bad(rest("url: x, transform: " + none)) ==
               "s.yaml:2:35: /providers/0/transform: must be a jq program of at most 65536 bytes");
}

BOOST_AUTO_TEST_CASE(header_fields_have_names_and_one_value) {
  const auto read = rest_of("url: x, headers: {Accept: a/b}, header_files: {X-Key: key}");
  BOOST_TEST((read.headers == std::map<std::string, std::string>{{"Accept", "a/b"}}));
  BOOST_TEST((read.header_files == std::map<std::string, std::string>{{"X-Key", "/etc/sy/key"}}));
  BOOST_TEST(bad(rest("url: x, headers: {'A b': c}"))
                 .ends_with("/headers/A b: is no name of a header field"));
  BOOST_TEST(bad(rest("url: x, headers: {A: \"b\\r\\nC: d\"}")).find("control characters") !=
             std::string::npos);
  BOOST_TEST(bad(rest("url: x, headers: {A: b}, header_files: {A: c}"))
                 .ends_with("/header_files/A: is under headers as well: leave one of the two out"));
}

BOOST_AUTO_TEST_CASE(who_we_are_is_told_in_one_way) {
  BOOST_TEST(rest_of("url: x, token_file: t").token_file.value() == "/etc/sy/t");
  BOOST_TEST(bad(rest("url: x, token_file: t, username: u"))
                 .ends_with("/username: token_file is given as well: leave one of the two out"));
  BOOST_TEST(bad(rest("url: x, password_file: p")).ends_with("/password_file: needs username"));
  BOOST_TEST(bad(rest("url: x, key_file: k")).ends_with("/key_file: needs certificate_file"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::config
