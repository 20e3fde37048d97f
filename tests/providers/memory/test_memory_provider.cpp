#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <filesystem>

#include "base/atomic_file.hpp"
#include "model/document.hpp"
#include "providers/memory/memory_provider.hpp"
#include "tests/providers/recording_sink.hpp"
#include "tests/support/support.hpp"

namespace {
std::atomic<bool> folders_fail{false};
}

/// The system's, but for a disk that fails when a folder is synced. In place of libc's, since no
/// file system does so when it is asked to.
extern "C" int fsync(int fd) {
  struct stat info {};
  if (folders_fail && ::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace switchyard::providers::memory {

namespace {

using base::errc;
using model::edit;
using tests::eventually;

model::backend_ptr backend_of(const std::string& name, std::uint16_t weight = 100) {
  auto b = std::make_shared<model::backend>();
  b->name = name;
  model::server s;
  s.name = "s1";
  s.address = "10.0.0.1";
  s.port = 80;
  s.weight = weight;
  b->servers = {s};
  return b;
}

edit put(const std::string& name, std::uint16_t weight = 100) {
  edit change;
  change.backend = name;
  change.value = backend_of(name, weight);
  return change;
}

edit removal(const std::string& name) {
  edit change;
  change.what = edit::kind::remove_backend;
  change.backend = name;
  return change;
}

edit server_change(const std::string& name, const std::string& server) {
  edit change;
  change.what = edit::kind::change_server;
  change.backend = name;
  change.server = server;
  change.weight = std::uint16_t{7};
  change.state = model::server_state::drain;
  return change;
}

struct kept {
  tests::temp_dir folder;
  std::string file = folder / "state/memory-manual.json";
  memory_provider provider{"manual", {file}};

  /// What a provider finds that starts on the same file.
  base::outcome<model::report> after_restart() const {
    return memory_provider("manual", {file}).backends();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(memory, kept)

BOOST_AUTO_TEST_CASE(it_is_empty_at_first) {
  const auto view = provider.backends();
  BOOST_REQUIRE(static_cast<bool>(view));
  BOOST_TEST(view->full);
  BOOST_TEST(view->backends.empty());
  BOOST_TEST(!std::filesystem::exists(file));
}

BOOST_AUTO_TEST_CASE(what_is_set_is_there_after_a_restart) {
  const auto done = provider.edit(put("a"));
  BOOST_REQUIRE(static_cast<bool>(done));
  BOOST_TEST(done->created);
  BOOST_TEST(done->changed);
  BOOST_TEST(done->version == model::version_of(*backend_of("a")));
  BOOST_TEST(provider.edit(put("b")).value().created);
  BOOST_TEST(provider.edit(server_change("b", "s1")).value().changed);
  edit routes;
  routes.what = edit::kind::put_routes;
  routes.routes = {{"example.com", "/", "a"}};
  BOOST_TEST(provider.edit(routes).value().changed);
  BOOST_TEST(provider.edit(removal("a")).value().version.empty());

  const auto view = after_restart();
  BOOST_REQUIRE(static_cast<bool>(view));
  BOOST_REQUIRE(view->backends.size() == 1U);
  const auto& server = view->backends.at("b").value->servers.at(0);
  BOOST_TEST(server.weight == 7);
  BOOST_TEST((server.state == model::server_state::drain));
  BOOST_TEST((*view->routes == routes.routes));
}

BOOST_AUTO_TEST_CASE(what_is_in_the_file_although_its_folder_failed_is_in_force) {
  BOOST_REQUIRE(static_cast<bool>(provider.edit(put("a"))));
  folders_fail = true;
  const auto done = provider.edit(put("a", 7));
  folders_fail = false;
  BOOST_REQUIRE((!done && done.error().kind == errc::io));
  BOOST_TEST(tests::contains(done.error().message, "the new content is in place"));
  const auto weight = [](const auto& view) {
    return view->backends.at("a").value->servers.at(0).weight;
  };
  BOOST_TEST(weight(after_restart()) == 7);
  BOOST_TEST(weight(provider.backends()) == 7);
}

BOOST_AUTO_TEST_CASE(what_a_killed_one_has_left_half_written_is_removed_with_the_start) {
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  const auto half = base::temporary_beside(file);
  tests::write_text(half, "{");
  BOOST_TEST(static_cast<bool>(after_restart()));
  BOOST_TEST(std::filesystem::exists(half));  // a look beside one that runs takes nothing away
  tests::recording_sink sink;
  provider.start(sink);
  BOOST_TEST(eventually([&] { return !std::filesystem::exists(half); }));
  provider.stop();
}

BOOST_AUTO_TEST_CASE(what_is_the_same_changes_nothing) {
  provider.edit(put("a")).value();
  const auto again = provider.edit(put("a"));
  BOOST_TEST(!again.value().changed);
  BOOST_TEST(!again.value().created);
}

BOOST_AUTO_TEST_CASE(conditions_are_kept) {
  const auto kind_of = [&](edit change, const std::string& match, bool absent = false) {
    if (!match.empty()) change.if_match = match;
    change.if_absent = absent;
    const auto done = provider.edit(change);
    return done ? "done" : std::string(to_string(done.error().kind));
  };
  const auto first = model::version_of(*backend_of("a"));
  BOOST_TEST(kind_of(put("a"), "*") == "conflict");
  BOOST_TEST(kind_of(put("a"), "", true) == "done");
  BOOST_TEST(kind_of(put("a"), "", true) == "conflict");
  BOOST_TEST(kind_of(put("a", 5), "0123456789abcdef") == "conflict");
  BOOST_TEST(kind_of(put("a", 5), first) == "done");
  BOOST_TEST(kind_of(put("a", 6), first) == "conflict");
  BOOST_TEST(kind_of(removal("a"), first) == "conflict");
  BOOST_TEST(kind_of(removal("a"), "*") == "done");
  BOOST_TEST(kind_of(removal("a"), "") == "not found");
  BOOST_TEST(kind_of(server_change("a", "s1"), "") == "not found");
  BOOST_TEST(kind_of(put("a"), "") == "done");
  BOOST_TEST(kind_of(server_change("a", "s9"), "") == "not found");
}

BOOST_AUTO_TEST_CASE(changes_are_reported_in_their_order) {
  tests::recording_sink sink;
  provider.edit(put("a")).value();
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return sink.reports().size() == 1; }));
  provider.edit(put("b")).value();
  provider.edit(put("b", 1)).value();
  provider.edit(put("b", 1)).value();  // nothing new
  provider.edit(removal("a")).value();
  provider.stop();
  provider.edit(put("c")).value();  // kept for the next start
  const auto reports = sink.reports();
  BOOST_REQUIRE(reports.size() == 4U);
  BOOST_TEST(reports[0].full);
  BOOST_TEST(reports[0].backends.contains("a"));
  BOOST_TEST(!reports[1].full);
  BOOST_TEST(reports[2].backends.at("b").value->servers.at(0).weight == 1);
  BOOST_TEST(!reports[3].backends.at("a").value);
  provider.start(sink);
  BOOST_REQUIRE(eventually([&] { return sink.reports().size() == 5; }));
  provider.stop();
  BOOST_TEST(sink.reports()[4].backends.contains("c"));
  BOOST_TEST(!sink.reports()[4].backends.contains("a"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_damaged_anywhere_is_refused_and_healed_when_it_is_gone) {
  provider.edit(put("a")).value();
  const auto good = tests::read_text(file);
  for (std::size_t cut = 0; cut + 2 < good.size(); cut += 7) {
    tests::write_text(file, std::string_view(good).substr(0, cut));
    BOOST_TEST(!after_restart(), cut);
  }
  auto changed = good;
  changed.replace(changed.find("10.0.0.1"), 8, "10.0.0.9");
  tests::write_text(file, changed);
  const auto read = after_restart();
  BOOST_REQUIRE(!read);
  BOOST_TEST(tests::contains(read.error().message, "the checksum is wrong"));

  tests::recording_sink sink;
  memory_provider next("manual", {file});
  next.start(sink);
  BOOST_TEST(eventually([&] { return tests::contains(sink.last_health().reason, "is damaged"); }));
  BOOST_TEST(sink.reports().empty());
  BOOST_TEST((next.edit(put("b")).error().kind == errc::invalid));
  BOOST_TEST(tests::read_text(file) == changed);
  std::filesystem::remove(file);
  BOOST_TEST(eventually([&] { return sink.reports().size() == 1; }));
  next.stop();
}

BOOST_AUTO_TEST_CASE(a_change_that_cannot_be_kept_is_none) {
  provider.edit(put("a")).value();
  std::filesystem::remove_all(folder.path() / "state");
  tests::write_text(folder.path() / "state", "a file where the folder was");
  const auto done = provider.edit(put("b"));
  BOOST_REQUIRE(!done);
  BOOST_TEST(!provider.backends().value().backends.contains("b"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::providers::memory
