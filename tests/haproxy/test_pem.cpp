#include "haproxy/pem.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using switchyard::haproxy::read_pem;

const std::string certificate =
    "-----BEGIN CERTIFICATE-----\nMIIB\nQUJD+/==\n-----END CERTIFICATE-----\n";
const std::string key = "-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n";

std::string text_of(const std::string& pem) {
  const auto read = read_pem(pem);
  return read ? read->text : "refused: " + read.error().message;
}

void check_refused(const std::string& pem, const std::string& why) {
  BOOST_TEST_CONTEXT(pem) {
    const auto read = read_pem(pem);
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().message.find(why) != std::string::npos, read.error().message);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pem)

BOOST_AUTO_TEST_CASE(blocks_are_taken_as_they_are_and_told_apart) {
  BOOST_TEST(text_of(certificate + key) == certificate + key);
  BOOST_TEST(read_pem(certificate)->certificate);
  BOOST_TEST(!read_pem(certificate)->key);
  BOOST_TEST(read_pem(key)->key);
  BOOST_TEST(!read_pem(key)->certificate);
  const std::string parameters =
      "-----BEGIN DH PARAMETERS-----\nMIIB\n-----END DH PARAMETERS-----\n";
  BOOST_TEST(text_of(parameters + certificate) == parameters + certificate);
}

BOOST_AUTO_TEST_CASE(nothing_but_blocks_is_left) {
  BOOST_TEST(text_of("subject=CN = a\n\ndel ssl cert x\n" + certificate + "\n\n\nshow info\n") ==
             certificate);
  BOOST_TEST(text_of("\xef\xbb\xbf-----BEGIN CERTIFICATE----- \r\n\r\n  MIIB \r\nQUJD+/==\t\r\n"
                     "-----END CERTIFICATE-----") == certificate);
}

BOOST_AUTO_TEST_CASE(what_is_broken_is_refused_with_its_line) {
  check_refused("", "no PEM block");
  check_refused("garbage\n", "no PEM block");
  check_refused("-----BEGIN CERTIFICATE-----\nMIIB\n", "in the middle of a block: CERTIFICATE");
  check_refused("-----BEGIN CERTIFICATE-----\nMIIB\ndel ssl cert x\n" + certificate, "line 3");
  check_refused("-----BEGIN CERTIFICATE-----\nMIIB;show\n-----END CERTIFICATE-----\n", "line 2");
  check_refused("-----BEGIN CERTIFICATE-----\nMI\xc3\xa4IB\n-----END CERTIFICATE-----\n", "line 2");
  check_refused("-----BEGIN CERTIFICATE-----\nMIIB\n" + key, "line 3");
  check_refused("-----BEGIN CERTIFICATE-----\nMIIB\n-----END PRIVATE KEY-----\n", "line 3");
}

BOOST_AUTO_TEST_CASE(what_haproxy_would_not_load_from_a_file_is_refused) {
  check_refused("-----BEGIN CERTIFICATE-----\nMIIB\n\nMIIB\n-----END CERTIFICATE-----\n", "line 3");
  check_refused("-----BEGIN CERTIFICATE-----\n\n\nMIIB\n-----END CERTIFICATE-----\n", "line 3");
  check_refused("-----BEGIN CERTIFICATE-----\nMIIB\n \t\n-----END CERTIFICATE-----\n", "line 3");
  check_refused("-----BEGIN CERTIFICATE-----\nMIIB\n -----END CERTIFICATE-----\n", "line 3");
  check_refused("  -----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "no PEM block");
}

BOOST_AUTO_TEST_CASE(what_belongs_to_a_key_is_told_apart) {
  const std::string curve = "-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n";
  const std::string dh = "-----BEGIN DH PARAMETERS-----\nMIIB\n-----END DH PARAMETERS-----\n";
  BOOST_TEST(read_pem(certificate + curve + key + dh + certificate)->key_text == curve + key);
  BOOST_TEST(read_pem(certificate)->key_text.empty());
}

BOOST_AUTO_TEST_CASE(an_encrypted_key_is_refused) {
  check_refused(
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\nMIIB\n"
      "-----END RSA PRIVATE KEY-----\n",
      "unencrypted");
  check_refused(
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
      "unencrypted");
}

BOOST_AUTO_TEST_SUITE_END()
