#include "actors/view_keeper.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/atomic_file.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

const model::wall_time noon{1'800'000'000s};

report_ptr full(std::initializer_list<std::string> backends) {
  auto r = std::make_shared<model::report>();
  r->full = true;
  r->routes = std::vector<model::route>{{"h", "/", "a"}};
  for (const auto& name : backends) {
    auto b = std::make_shared<model::backend>();
    b->name = name;
    model::server s;
    s.name = "s";
    s.address = "10.0.0.1";
    s.port = 80;
    s.weight = 7;
    b->servers = {s};
    r->backends[name].value = b;
  }
  return r;
}

model::guard_memory one_hold() {
  model::hold h;
  h.id = 4;
  h.provider = "p";
  h.backend = "a";
  h.cause = model::hold_cause::last_server;
  h.lost = 1;
  h.of = 2;
  h.since = noon - 1h;
  h.rejected = true;
  h.servers["a"] = {"s"};
  h.routes = {{"h", "/"}};
  h.absent = {"a"};
  return {{h}, 9};
}

struct folder {
  tests::temp_dir dir;
  std::string path = dir / "state";
  observer_ptr log = make_silent_observer();

  std::string file(const std::string& provider = "p") const { return view_file(path, provider); }

  void keep(const report_ptr& report, const model::guard_memory& holds = {}) const {
    view_keeper keeper(path, log);
    keeper.take("p", report, holds, noon);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(view_keepers, folder)

BOOST_AUTO_TEST_CASE(a_view_and_its_holds_are_there_after_a_restart) {
  keep(full({"a", "b"}), one_hold());
  view_keeper again(path, log);
  const auto kept = again.find("p");
  BOOST_REQUIRE(kept.has_value());
  BOOST_TEST(kept->view.backends.size() == 2U);
  BOOST_TEST((*kept->view.backends.at("a").value == *full({"a"})->backends.at("a").value));
  BOOST_TEST((kept->view.routes == full({})->routes));
  BOOST_TEST(!kept->view.full);
  BOOST_TEST((kept->holds == one_hold()));
  BOOST_TEST((kept->as_of == noon));
  BOOST_TEST(!again.find("q"));
}

BOOST_AUTO_TEST_CASE(what_a_killed_one_has_left_half_written_is_removed_and_nothing_else) {
  fs::create_directories(path);
  const auto half = base::temporary_beside(file()), gone = base::temporary_beside(file("left"));
  const auto others = base::temporary_beside(path + "/memory-manual.json");
  for (const auto& f : {half, gone, others, path + "/.view-p.json.tmp-", file()})
    tests::write_text(f, "{");
  const view_keeper keeper(path, log);
  BOOST_TEST(!fs::exists(half));
  BOOST_TEST(!fs::exists(gone));
  BOOST_TEST(fs::exists(others));
  BOOST_TEST(fs::exists(path + "/.view-p.json.tmp-"));
  BOOST_TEST(fs::exists(file()));
}

BOOST_AUTO_TEST_CASE(reports_are_folded_and_the_file_follows_without_an_end) {
  view_keeper keeper(path, log);
  keeper.take("p", full({"a", "b"}), {}, noon);
  auto gone = std::make_shared<model::report>();
  gone->backends["b"] = {};
  keeper.take("p", gone, {}, noon + 1s);
  BOOST_TEST(tests::eventually([&] {
    const auto kept = load_view(file());
    return kept && kept->view.backends.size() == 1;
  }));
}

BOOST_AUTO_TEST_CASE(a_storm_is_written_a_few_times_and_its_end_is_kept) {
  view_keeper keeper(path, log);
  std::set<fs::file_time_type> writings;
  for (int i = 0; i < 2000; ++i) {
    keeper.take("p", full({"b" + std::to_string(i)}), {}, noon);
    std::error_code none;
    if (fs::exists(file(), none)) writings.insert(fs::last_write_time(file(), none));
  }
  BOOST_TEST(writings.size() <= 40U);
  BOOST_TEST(tests::eventually([&] {
    const auto kept = load_view(file());
    return kept && kept->view.backends.contains("b1999");
  }));
}

BOOST_AUTO_TEST_CASE(a_file_cut_anywhere_or_of_another_version_is_refused_and_moved_aside) {
  keep(full({"a"}), one_hold());
  const auto good = tests::read_text(file());
  auto newer = good;
  newer.replace(newer.find("\"version\":1"), 11, "\"version\":2");
  auto changed = good;
  changed.replace(changed.find("10.0.0.1"), 8, "10.0.0.2");
  std::vector<std::string> bad{newer, changed, "", "{}", "null", "[]"};
  for (std::size_t i = 1; i + 1 < good.size(); i += 7) bad.push_back(good.substr(0, i));
  for (const auto& text : bad) {
    tests::write_text(file(), text);
    BOOST_TEST(!load_view(file()), text);
    view_keeper keeper(path, log);
    BOOST_TEST(!keeper.find("p"), text);
    BOOST_TEST(!fs::exists(file()));
    BOOST_TEST(tests::read_text(file() + ".refused") == text);
  }
  const auto told = log->events()->after(0, 1).events;
  BOOST_REQUIRE(!told.empty());
  BOOST_TEST(tests::contains(told.front()->text, "another version"));
  BOOST_TEST(tests::contains(told.front()->text, "nothing of it is used"));
}

BOOST_AUTO_TEST_CASE(a_view_of_more_backends_than_a_document_may_have_is_read_again) {
  kept_view large;
  large.view.routes.emplace();
  for (int i = 0; i <= 100'000; ++i) {
    auto b = std::make_shared<model::backend>();
    b->name = "b" + std::to_string(i);
    large.view.backends[b->name].value = std::move(b);
  }
  fs::create_directories(path);
  BOOST_REQUIRE(save_view(file(), large));
  const auto kept = load_view(file());
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(kept), (kept ? "" : kept.error().message));
  BOOST_TEST(kept->view.backends.size() == 100'001U);
}

BOOST_AUTO_TEST_CASE(nobody_is_measured_by_a_file_that_could_not_be_removed) {
  keep(full({"a"}));
  fs::rename(file(), path + "/before");
  fs::create_directories(file() + "/in_the_way");
  view_keeper keeper(path, log);
  keeper.keep_only({"q"});
  BOOST_REQUIRE(tests::eventually([&] { return log->events()->last() == 1U; }));
  BOOST_TEST(tests::contains(log->events()->after(0, 1).events.front()->text, "cannot be removed"));
  fs::remove_all(file());
  fs::rename(path + "/before", file());
  BOOST_TEST(!keeper.find("p"));
  keeper.take("q", full({"b"}), {}, noon, true);  // with it the file is tried again
  BOOST_TEST(tests::eventually([&] { return !fs::exists(file()); }));
}

BOOST_AUTO_TEST_CASE(views_of_providers_that_are_gone_are_removed) {
  keep(full({"a"}));
  tests::write_text(path + "/memory-m.json", "{}");
  view_keeper keeper(path, log);
  keeper.keep_only({"p"});
  BOOST_TEST(fs::exists(file()));
  keeper.keep_only({"q"});
  BOOST_TEST(!keeper.find("p"));
  BOOST_TEST(tests::eventually([&] { return !fs::exists(file()); }));
  BOOST_TEST(fs::exists(path + "/memory-m.json"));
}

BOOST_AUTO_TEST_CASE(a_view_that_is_being_written_when_its_provider_leaves_does_not_stay) {
  auto large = std::make_shared<model::report>(*full({}));
  for (int i = 0; i < 2000; ++i)
    large->backends.merge(std::map(full({"b" + std::to_string(i)})->backends));
  int in_the_middle = 0;
  for (int round = 0; round < 20; ++round) {
    fs::remove_all(path);
    view_keeper keeper(path, log);
    keeper.take("p", large, {}, noon, true);
    // Its new file is there under another name, and is still to take its place.
    BOOST_REQUIRE(tests::eventually([&] { return fs::exists(path); }));
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (fs::is_empty(path) && std::chrono::steady_clock::now() < until)
      std::this_thread::yield();
    in_the_middle += fs::exists(file()) ? 0 : 1;
    keeper.keep_only({"q"});
    BOOST_TEST(!keeper.find("p"));
    BOOST_TEST(tests::eventually([&] { return !fs::exists(file()); }));
    keeper.take("q", full({"a"}), {}, noon, true);
    BOOST_TEST(tests::eventually([&] { return fs::exists(file("q")); }));
    BOOST_TEST(!fs::exists(file()));
  }
  BOOST_TEST(in_the_middle > 0);
}

BOOST_AUTO_TEST_CASE(a_provider_that_comes_back_begins_with_nothing_kept) {
  keep(full({"a", "b"}));
  {
    view_keeper keeper(path, log);
    keeper.keep_only({"q"});
    keeper.keep_only({"p", "q"});
    keeper.take("p", full({"c"}), {}, noon);
  }
  const auto kept = load_view(file());
  BOOST_REQUIRE(kept);
  BOOST_TEST(kept->view.backends.size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_waits_is_told_when_it_is_on_disk) {
  view_keeper keeper(path, log);
  std::atomic<int> told{0}, there{0};
  const auto tell = [&] {
    const auto kept = load_view(file());
    if (kept && kept->view.backends.contains("a")) ++there;
    ++told;  // the test goes on with it
  };
  keeper.take("p", full({"a"}), {}, noon, true, tell);
  BOOST_TEST(tests::eventually([&] { return told == 1; }));
  keeper.take("p", full({"a"}), {}, noon, true, tell);  // it is there already
  BOOST_TEST(tests::eventually([&] { return told == 2; }));
  BOOST_TEST(there == 2);
}

BOOST_AUTO_TEST_CASE(who_waits_for_a_disk_that_cannot_be_written_waits_until_it_can) {
  tests::write_text(path, "a file where the folder should be");
  view_keeper keeper(path, log);
  std::atomic<int> told{0};
  keeper.take("p", full({"a"}), {}, noon, true, [&] { ++told; });
  BOOST_TEST(tests::eventually([&] { return log->events()->last() == 1U; }));
  BOOST_TEST(told == 0);
  fs::remove(path);
  keeper.take("p", nullptr, {}, noon, true);
  BOOST_TEST(tests::eventually([&] { return told == 1; }));
  BOOST_TEST(fs::exists(file()));
  keeper.keep_only({});
  keeper.take("q", full({"a"}), {}, noon, true, [&] { ++told; });
  keeper.keep_only({});  // nobody needs it any more
  BOOST_TEST(tests::eventually([&] { return told == 2; }));
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_written_is_told_once) {
  tests::write_text(path, "a file where the folder should be");
  view_keeper keeper(path, log);
  keeper.take("p", full({"a"}), {}, noon, true);
  BOOST_TEST(tests::eventually([&] { return log->events()->last() == 1U; }));
  BOOST_TEST(tests::contains(log->events()->after(0, 1).events.front()->text, "cannot be kept"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
