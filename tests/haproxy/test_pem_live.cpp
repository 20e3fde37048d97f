// What is taken for PEM, against what HAProxy loads from a file.

#include <boost/test/unit_test.hpp>

#include "base/subprocess.hpp"
#include "haproxy/certificate_files.hpp"
#include "tests/support/haproxy_server.hpp"
#include "tests/support/tls.hpp"

namespace {

using namespace switchyard::tests;
namespace base = switchyard::base;
using switchyard::haproxy::read_certificate;

/// Every line with something before and behind it.
std::string with_each_line(const std::string& text, const std::string& before,
                           const std::string& behind) {
  std::string made;
  for (std::size_t from = 0; from < text.size();) {
    const auto to = text.find('\n', from);
    made += before + text.substr(from, to - from) + behind + "\n";
    from = to + 1;
  }
  return made;
}

/// Something before line `number`, counted from 0.
std::string with_line(const std::string& text, int number, const std::string& what) {
  std::size_t at = 0;
  for (; number > 0; --number) at = text.find('\n', at) + 1;
  return text.substr(0, at) + what + text.substr(at);
}

int lines_of(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

struct sample {
  std::string what;
  std::string text;
};

std::vector<sample> samples(const key_pair& pair) {
  const auto& [c, k] = pair;
  const auto after_begin = c.find('\n') + 1;
  return {{"as it is", c + k},
          {"CRLF", with_each_line(c + k, "", "\r")},
          {"blanks behind", with_each_line(c + k, "", " \t")},
          {"blanks before", with_each_line(c + k, "  ", "")},
          {"blanks before the key", c + with_each_line(k, " ", "")},
          {"blanks before a body's line", with_line(c, 2, "  ") + k},
          {"a blank before END", with_line(c, lines_of(c) - 1, " ") + k},
          {"an empty line behind BEGIN", with_line(c, 1, "\n") + k},
          {"two empty lines behind BEGIN", with_line(c, 1, "\n\n") + k},
          {"an empty line within", with_line(c, 3, "\n") + k},
          {"blanks alone on a line within", with_line(c, 3, " \t\n") + k},
          {"CR alone on a line within", with_line(c, 3, "\r\n") + k},
          {"an empty line before END", with_line(c, lines_of(c) - 1, "\n") + k},
          {"an empty line within the key", c + with_line(k, 2, "\n")},
          {"an empty line before the key's END", c + with_line(k, lines_of(k) - 1, "\n")},
          {"text around", "a\n\nb\n" + c + "c\n\n" + k + "d\n"},
          {"a byte order mark", "\xef\xbb\xbf" + c + k},
          {"a form feed", c.substr(0, after_begin) + "\f" + c.substr(after_begin) + k},
          {"a NUL", c.substr(0, after_begin) + '\0' + c.substr(after_begin) + k},
          {"no line feed at the end", (c + k).substr(0, (c + k).size() - 1)},
          {"the key first", k + c},
          {"something behind END", with_line(c, lines_of(c), "").insert(c.size() - 1, " x") + k},
          {"no END", c.substr(0, c.find("-----END")) + k}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pem_of_a_real_haproxy)

BOOST_AUTO_TEST_CASE(what_is_taken_is_what_haproxy_loads_from_a_file) {
  const temp_dir folder;
  write_text(folder / "haproxy.cfg",
             "defaults\n    mode http\n    timeout client 1s\n    timeout connect 1s\n"
             "    timeout server 1s\nfrontend f\n    bind 127.0.0.1:1 ssl crt " +
                 folder / "a.pem" + "\n");
  for (const auto& [what, text] : samples(self_signed("a.test"))) {
    write_text(folder / "a.pem", text);
    const auto checked = base::run(
        {{haproxy_binary(), "-c", "-f", folder / "haproxy.cfg"}, {}, std::chrono::seconds(20)});
    BOOST_REQUIRE(checked);
    const auto read = read_certificate(folder / "a.pem");
    BOOST_TEST(bool(read) == (checked->exit_code == 0),
               what + ": " + (read ? checked->output : read.error().message));
  }
}

BOOST_AUTO_TEST_SUITE_END()
