#include "haproxy/certificate_files.hpp"

#include <fcntl.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "tests/support/support.hpp"

namespace {

using namespace switchyard::haproxy;
using namespace switchyard::tests;
using switchyard::base::errc;

const std::string certificate_text =
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const std::string key_text = "-----BEGIN PRIVATE KEY-----\nMHcC\n-----END PRIVATE KEY-----\n";

std::vector<std::string> names_of(const certificates_on_disk& found) {
  std::vector<std::string> names;
  for (const auto& [name, stamp] : found)
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
  BOOST_TEST(names_of(certificates_in(folder.path().string()).value()) == wanted,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_file_is_itself_and_its_variants) {
  const temp_dir folder;
  for (const auto* name : {"a.pem", "a.pem.rsa", "a.pem.key", "a.pem2"})
    write_text(folder / name, "");
  const std::vector<std::string> wanted{"a.pem", "a.pem.rsa"};
  BOOST_TEST(names_of(certificates_of_file(folder / "a.pem")) == wanted,
             boost::test_tools::per_element());
  BOOST_TEST(certificates_of_file(folder / "none").empty());
  BOOST_TEST(is_variant_of("/x/a.pem.ecdsa", "/x/a.pem"));
  BOOST_TEST(!is_variant_of("/x/a.pem2", "/x/a.pem"));
  BOOST_TEST(!is_variant_of("/x/b.pem", "/x/a.pem"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_looked_at_is_there_and_says_why) {
  const temp_dir folder;
  std::filesystem::create_symlink("nowhere", folder / "a.pem");
  write_text(folder / "b.pem", "");
  std::filesystem::create_symlink("b.pem.key", folder / "b.pem.key");  // round in circles
  const auto found = certificates_in(folder.path().string());
  BOOST_TEST(found->at(folder / "a.pem").failure.starts_with(folder / "a.pem: "));
  BOOST_TEST(found->at(folder / "b.pem").failure.starts_with(folder / "b.pem.key: "));
}

BOOST_AUTO_TEST_CASE(a_link_to_nowhere_beside_a_certificate_counts_once_it_leads_somewhere) {
  const temp_dir folder;
  write_text(folder / "a.pem", certificate_text + key_text);
  write_text(folder / "b.pem", certificate_text);
  const auto bare = *stamp_of(folder / "a.pem");
  for (const auto* name : {"a.pem.key", "b.pem.key", "a.pem.ocsp"})
    std::filesystem::create_symlink("nowhere", folder / name);
  const auto linked = *stamp_of(folder / "a.pem");
  BOOST_TEST(linked.failure == "");
  BOOST_TEST(!linked.extras);
  BOOST_TEST((linked != bare));
  BOOST_TEST(read_certificate(folder / "a.pem").value() == certificate_text + key_text);
  const auto missing = read_certificate(folder / "b.pem");
  BOOST_REQUIRE(!missing);
  BOOST_TEST((missing.error().kind == errc::io), missing.error().message);
  write_text(folder / "nowhere", key_text);
  const auto led = *stamp_of(folder / "a.pem");
  BOOST_TEST((led != linked));
  BOOST_TEST(led.extras);
  BOOST_TEST(read_certificate(folder / "b.pem").value() == certificate_text + key_text);
}

BOOST_AUTO_TEST_CASE(only_a_folder_that_can_be_read_is_an_answer) {
  const temp_dir dir;
  const auto folder = dir / "certs";
  const auto refused = [&] { return certificates_in(folder).error().kind; };
  BOOST_TEST((refused() == errc::not_found));
  std::filesystem::create_symlink("nowhere", folder);
  BOOST_TEST((refused() == errc::io));
  std::filesystem::remove(folder);
  std::filesystem::create_symlink("certs", folder);  // round in circles
  BOOST_TEST((refused() == errc::io));
  std::filesystem::remove(folder);
  write_text(folder, certificate_text + key_text);
  BOOST_TEST((refused() == errc::invalid));
  BOOST_TEST((certificates_in(folder + "/below").error().kind == errc::not_found));
}

BOOST_AUTO_TEST_CASE(gone_is_only_what_a_folder_lacks) {
  const temp_dir dir;
  const auto folder = dir / "certs";
  const auto file = folder + "/a.pem";
  BOOST_TEST(!is_gone(folder, file));
  std::filesystem::create_symlink("nowhere", folder);
  BOOST_TEST(!is_gone(folder, file));
  std::filesystem::remove(folder);
  write_text(folder, "");
  BOOST_TEST(!is_gone(folder, file));
  std::filesystem::remove(folder);
  std::filesystem::create_directory(folder);
  BOOST_TEST(is_gone(folder, file));
  std::filesystem::create_symlink("nowhere", file);
  BOOST_TEST(!is_gone(folder, file));
  std::filesystem::remove(file);
  write_text(file, "");
  BOOST_TEST(!is_gone(folder, file));
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  BOOST_TEST(is_gone(folder, file));
}

BOOST_AUTO_TEST_CASE(a_time_far_away_is_far_away) {
  for (const std::int64_t year : {1'000, 9'000}) {
    const temp_dir folder;
    write_text(folder / "a.pem", "");
    const timespec at{(year - 1970) * 31'556'952, 0};
    const timespec both[] = {at, at};
    BOOST_REQUIRE(::utimensat(AT_FDCWD, (folder / "a.pem").c_str(), both, 0) == 0);
    struct stat kept {};
    BOOST_REQUIRE(::stat((folder / "a.pem").c_str(), &kept) == 0);
    const auto stamp = stamp_of(folder / "a.pem");
    BOOST_TEST((stamp->parts.at(0).modified > 0) == (kept.st_mtim.tv_sec > 0));
  }
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
  write_text(file, certificate_text + key_text);
  BOOST_TEST(read_certificate(file).value() == certificate_text + key_text);
  write_text(file + ".key", "not looked at");
  BOOST_TEST(read_certificate(file).value() == certificate_text + key_text);
  write_text(file, certificate_text + certificate_text);
  BOOST_TEST((read_certificate(file).error().kind == errc::invalid));
  write_text(file + ".key", key_text);
  BOOST_TEST(read_certificate(file).value() == certificate_text + certificate_text + key_text);
  write_text(file + ".key", certificate_text + key_text + certificate_text);
  BOOST_TEST(read_certificate(file).value() == certificate_text + certificate_text + key_text);
  std::filesystem::remove(file + ".key");
  BOOST_TEST((read_certificate(file).error().kind == errc::not_found));
  write_text(file, key_text);
  BOOST_TEST((read_certificate(file).error().kind == errc::invalid));
}

BOOST_AUTO_TEST_SUITE_END()
