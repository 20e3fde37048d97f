#include "haproxy/certificate_files.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/support/support.hpp"

namespace {

using namespace switchyard::haproxy;
using namespace switchyard::tests;
using switchyard::base::errc;

const std::string certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const std::string key = "-----BEGIN PRIVATE KEY-----\nMHcC\n-----END PRIVATE KEY-----\n";

std::vector<std::string> names_at(const std::string& path) {
  std::vector<std::string> names;
  const auto found = certificates_at(path);
  for (const auto& [name, stamp] : *found)
    names.push_back(std::filesystem::path(name).filename().string());
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(certificate_files)

BOOST_AUTO_TEST_CASE(a_folder_has_what_haproxy_loads_of_it) {
  const temp_dir folder;
  for (const auto* name : {"a.pem", "b.crt", "b.crt.key", "c", "c.ocsp", "c.sctl", "c.issuer",
                           ".hidden", "d.pem.rsa", "d.pem.ecdsa"})
    write_text(folder / name, "");
  std::filesystem::create_directory(folder / "sub");
  std::filesystem::create_symlink("a.pem", folder / "link.pem");
  const std::vector<std::string> wanted{"a.pem",       "b.crt",     "c",
                                        "d.pem.ecdsa", "d.pem.rsa", "link.pem"};
  BOOST_TEST(names_at(folder.path().string()) == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_file_is_itself_and_its_variants) {
  const temp_dir folder;
  for (const auto* name : {"a.pem", "a.pem.rsa", "a.pem.key", "a.pem2"})
    write_text(folder / name, "");
  const std::vector<std::string> wanted{"a.pem", "a.pem.rsa"};
  BOOST_TEST(names_at(folder / "a.pem") == wanted, boost::test_tools::per_element());
  BOOST_TEST(names_at(folder / "none").empty());
  BOOST_TEST(is_variant_of("/x/a.pem.ecdsa", "/x/a.pem"));
  BOOST_TEST(!is_variant_of("/x/a.pem2", "/x/a.pem"));
  BOOST_TEST(!is_variant_of("/x/b.pem", "/x/a.pem"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_looked_at_is_there_and_says_why) {
  const temp_dir folder;
  std::filesystem::create_symlink("nowhere", folder / "a.pem");
  write_text(folder / "b.pem", "");
  std::filesystem::create_symlink("nowhere", folder / "b.pem.key");
  const auto found = certificates_at(folder.path().string());
  BOOST_TEST(found->at(folder / "a.pem").failure.starts_with(folder / "a.pem: "));
  BOOST_TEST(found->at(folder / "b.pem").failure.starts_with(folder / "b.pem.key: "));
}

BOOST_AUTO_TEST_CASE(every_way_of_changing_a_file_changes_its_stamp) {
  const temp_dir folder;
  write_text(folder / "one", "text");
  write_text(folder / "two", "text");
  std::filesystem::create_symlink("one", folder / "a");
  auto before = stamp_of(folder / "a");
  const auto changed = [&] {
    const auto now = stamp_of(folder / "a");
    return now != std::exchange(before, now);
  };
  BOOST_TEST(!changed());
  std::filesystem::remove(folder / "a");
  std::filesystem::create_symlink("two", folder / "a");
  BOOST_TEST(changed());
  write_text(folder / "two", "other text");
  BOOST_TEST(changed());
  write_text(folder / "a.key", "key");
  BOOST_TEST(changed());
  write_text(folder / "new", "other text");
  std::filesystem::rename(folder / "new", folder / "two");
  BOOST_TEST(changed());
  BOOST_TEST(!before->extras);
  write_text(folder / "a.ocsp", "");
  BOOST_TEST(stamp_of(folder / "a")->extras);
  std::filesystem::remove(folder / "a");
  BOOST_TEST(!stamp_of(folder / "a").has_value());
}

BOOST_AUTO_TEST_CASE(the_key_is_found_in_the_file_or_beside_it) {
  const temp_dir folder;
  const auto file = folder / "a.pem";
  write_text(file, certificate + key);
  BOOST_TEST(read_certificate(file).value() == certificate + key);
  write_text(file + ".key", "not looked at");
  BOOST_TEST(read_certificate(file).value() == certificate + key);
  write_text(file, certificate + certificate);
  BOOST_TEST((read_certificate(file).error().kind == errc::invalid));
  write_text(file + ".key", key);
  BOOST_TEST(read_certificate(file).value() == certificate + certificate + key);
  std::filesystem::remove(file + ".key");
  BOOST_TEST((read_certificate(file).error().kind == errc::not_found));
  write_text(file, key);
  BOOST_TEST((read_certificate(file).error().kind == errc::invalid));
}

BOOST_AUTO_TEST_SUITE_END()
