#include "providers/file/changes.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/support.hpp"

using namespace switchyard::providers::file;
using namespace std::chrono_literals;

namespace {

const changes::clock::time_point start{1h};

changes expecting() {
  changes c;
  c.expect({{"/d", {}}, {"/links", {"target", ".data"}}}, "/d");
  return c;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(file_changes)

BOOST_AUTO_TEST_CASE(documents_have_their_extension_and_are_not_hidden) {
  for (const auto* name : {"a.json", "a.yaml", "a.yml", "a.b.json"})
    BOOST_TEST(is_document_name(name), name);
  for (const auto* name :
       {"", "a", "a.json~", ".a.json", ".json", "a.JSON", "a.json.tmp", "json", "#a.json#"})
    BOOST_TEST(!is_document_name(name), name);
}

BOOST_AUTO_TEST_CASE(only_what_matters_is_due) {
  auto c = expecting();
  c.note({{change_kind::written, "/d", "a.txt"},
          {change_kind::written, "/d", ".a.json"},
          {change_kind::written, "/links", "a.json"},
          {change_kind::written, "/else", "a.json"},
          {change_kind::folder, "/else", ""}},
         start);
  BOOST_TEST(c.due() == 0U);
  c.note({{change_kind::written, "/d", "a.json"}, {change_kind::written, "/links", ".data"}},
         start);
  BOOST_TEST(c.due() == 2U);
  BOOST_TEST((c.touched("/d/a.json") && c.touched("/links/.data") && !c.touched("/d/b.json")));
  c.done();
  BOOST_TEST((c.due() == 0 && !c.touched("/d/a.json")));
}

BOOST_AUTO_TEST_CASE(after_an_overflow_everything_is_due) {
  auto c = expecting();
  c.note({{change_kind::writing, "/d", "a.json"}, {change_kind::overflow, "", ""}}, start);
  BOOST_TEST((c.due() == 1 && c.touched("/d/a.json") && c.touched("/any") &&
              !c.being_written("/d/a.json")));
}

BOOST_AUTO_TEST_CASE(a_folder_that_changes_makes_everything_due) {
  auto c = expecting();
  c.note({{change_kind::folder, "/d", ""}}, start);
  BOOST_TEST(c.touched("/d/a.json"));
}

BOOST_AUTO_TEST_CASE(a_file_is_being_written_until_it_is_closed) {
  auto c = expecting();
  c.note({{change_kind::writing, "/d", "a.json"}}, start);
  BOOST_TEST((c.being_written("/d/a.json") && c.due() == 0));
  c.note({{change_kind::written, "/d", "a.json"}}, start);
  BOOST_TEST((!c.being_written("/d/a.json") && c.touched("/d/a.json")));
}

BOOST_AUTO_TEST_CASE(permissions_that_change_do_not_end_the_writing) {
  auto c = expecting();
  c.note({{change_kind::altered, "/d", "a.json"}}, start);
  BOOST_TEST(c.touched("/d/a.json"));
  c.done();
  c.note({{change_kind::writing, "/d", "a.json"}, {change_kind::altered, "/d", "a.json"}}, start);
  BOOST_TEST((c.being_written("/d/a.json") && !c.touched("/d/a.json")));
}

BOOST_AUTO_TEST_CASE(a_writer_that_is_silent_for_long_is_waited_for_no_more) {
  auto c = expecting();
  BOOST_TEST(!c.next_expiry());
  c.note({{change_kind::writing, "/d", "a.json"}}, start);
  c.note({{change_kind::writing, "/d", "b.json"}}, start + 3s);
  BOOST_TEST((c.next_expiry() == start + changes::patience));
  c.note({{change_kind::writing, "/d", "a.json"}}, start + 5s);
  BOOST_TEST((c.next_expiry() == start + 3s + changes::patience));
  c.expire(start + 3s + changes::patience - 1ms);
  BOOST_TEST(c.due() == 0U);
  c.expire(start + 3s + changes::patience);
  BOOST_TEST(
      (c.touched("/d/b.json") && !c.being_written("/d/b.json") && c.being_written("/d/a.json")));
}

BOOST_AUTO_TEST_CASE(a_writer_that_never_closes_is_not_waited_for_without_end) {
  auto c = expecting();
  auto now = start;
  const auto write = [&] { c.note({{change_kind::writing, "/d", "a.json"}}, now); };
  for (write(); now < start + changes::longest_writing - 1s; now += 1s) {
    write();
    c.expire(now);
    BOOST_TEST(c.due() == 0U);
  }
  write();
  BOOST_TEST((c.next_expiry() == start + changes::longest_writing));
  c.expire(start + changes::longest_writing);
  BOOST_TEST((c.touched("/d/a.json") && !c.being_written("/d/a.json")));
}

BOOST_AUTO_TEST_CASE(a_new_empty_file_is_being_written_and_one_with_content_is_due) {
  const switchyard::tests::temp_dir dir;
  switchyard::tests::write_text(dir / "empty.json", "");
  switchyard::tests::write_text(dir / "full.json", "{}");
  changes c;
  const auto folder = dir.path().string();
  c.expect({{folder, {}}}, folder);
  c.note(
      {{change_kind::created, folder, "empty.json"}, {change_kind::created, folder, "full.json"}},
      start);
  BOOST_TEST((c.being_written(dir / "empty.json") && c.touched(dir / "full.json") && c.due() == 1));
}

BOOST_AUTO_TEST_SUITE_END()
