// Writers that are not done yet, editors, bursts, and writes that the system does not tell of.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "base/fd.hpp"
#include "fixture.hpp"

using namespace switchyard;
using namespace switchyard::tests;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A file that is being written.
class open_writer {
 public:
  open_writer(const std::string& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    BOOST_REQUIRE(fd_.get() >= 0);
  }
  void write(std::string_view text) {
    BOOST_REQUIRE(::write(fd_.get(), text.data(), text.size()) ==
                  static_cast<ssize_t>(text.size()));
  }
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }

 private:
  base::unique_fd fd_;
};

/// Two YAML backends, the text cut between them is a document, too.
const std::string first_half = yaml_document("api", 81);
const std::string second_half = "  - {name: web}\n";

bool never_lost(const watched_path& w, const std::string& backend) {
  for (const auto& report : w.sink.reports())
    if (!report.backends.contains(backend) || !report.backends.at(backend).value) return false;
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(writing)

BOOST_AUTO_TEST_CASE(control_half_a_file_whose_writer_closed_it_is_believed) {
  watched_path w("");
  w.write("a.yaml", first_half + second_half);
  w.start();
  BOOST_REQUIRE(w.shows("api:81 web:-"));
  open_writer writer(w.path("a.yaml"), O_WRONLY | O_TRUNC);
  writer.write(first_half);
  writer.close();
  BOOST_TEST(w.shows("api:81"));
}

BOOST_AUTO_TEST_CASE(a_file_is_not_read_before_its_writer_closed_it) {
  watched_path w("");
  w.write("a.yaml", first_half + second_half);
  w.start();
  BOOST_REQUIRE(w.shows("api:81 web:-"));

  open_writer writer(w.path("a.yaml"), O_WRONLY | O_TRUNC);
  w.write("z.json", json_document("probe", 1));
  BOOST_REQUIRE(w.shows("api:81 probe:1 web:-"));
  writer.write(first_half);
  w.write("z.json", json_document("probe", 2));
  BOOST_REQUIRE(w.shows("api:81 probe:2 web:-"));
  writer.write(second_half + "  - {name: more}\n");
  writer.close();
  BOOST_TEST(w.shows("api:81 more:- probe:2 web:-"));
  BOOST_TEST(never_lost(w, "web"));
  for (const auto& health : w.sink.healths())
    BOOST_TEST((health.value == model::provider_health::level::live), health.reason);
}

BOOST_AUTO_TEST_CASE(a_writer_without_a_pause_never_shows_half_a_file) {
  watched_path w("a.yaml");
  w.write("a.yaml", first_half + second_half);
  w.start();
  BOOST_REQUIRE(w.shows("api:81 web:-"));
  const std::string comment(100'000, '#');
  for (int i = 0; i < 2000; ++i) {
    open_writer writer(w.path("a.yaml"), O_WRONLY | O_TRUNC);
    writer.write(first_half);
    writer.write(comment + std::to_string(i) + "\n");
    writer.write(second_half);
    writer.close();
  }
  open_writer writer(w.path("a.yaml"), O_WRONLY | O_TRUNC);
  writer.write(first_half + second_half + "  - {name: last}\n");
  writer.close();
  BOOST_TEST(w.shows("api:81 last:- web:-"));
  BOOST_TEST(w.live());
  BOOST_TEST(never_lost(w, "web"));
}

BOOST_AUTO_TEST_CASE(a_new_file_is_not_read_before_its_writer_closed_it) {
  watched_path w("");
  w.write("z.json", json_document("probe", 1));
  w.start();
  BOOST_REQUIRE(w.shows("probe:1"));
  open_writer writer(w.path("a.yaml"), O_WRONLY | O_CREAT);
  w.write("z.json", json_document("probe", 2));
  BOOST_REQUIRE(w.shows("probe:2"));
  writer.write(first_half);
  w.write("z.json", json_document("probe", 3));
  BOOST_REQUIRE(w.shows("probe:3"));
  writer.write(second_half);
  writer.close();
  BOOST_TEST(w.shows("api:81 probe:3 web:-"));
  BOOST_TEST(w.live());
  BOOST_TEST(w.sink.reports().back().full);
}

BOOST_AUTO_TEST_CASE(editors_that_rename_or_delete_first_do_not_remove_anything) {
  watched_path w("");
  w.write("a.json", json_document("api", 80));
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  for (int port = 81; port < 90; ++port) {
    if (port % 2 == 0)
      w.rename("a.json", "a.json~");
    else
      fs::remove(w.path("a.json"));
    w.write("a.json", json_document("api", port));
    BOOST_REQUIRE(w.shows("api:" + std::to_string(port)));
  }
  BOOST_TEST(never_lost(w, "api"));
  BOOST_TEST(w.live());
}

BOOST_AUTO_TEST_CASE(a_burst_of_changes_ends_in_the_last_state) {
  watched_path w("");
  w.start();
  BOOST_REQUIRE(w.shows(""));
  std::string expected;
  for (int i = 10; i < 60; ++i) {
    const auto name = "b" + std::to_string(i);
    w.replace(name + ".json", json_document(name, i));
    expected += (expected.empty() ? "" : " ") + name + ":" + std::to_string(i);
  }
  BOOST_TEST(w.shows(expected));
  BOOST_TEST(w.reports() <= 51U);
}

BOOST_AUTO_TEST_CASE(a_hard_link_is_a_file_with_its_content) {
  watched_path w("d");
  fs::create_directory(w.path("d"));
  w.write("elsewhere", json_document("api"));
  w.start();
  BOOST_REQUIRE(w.shows(""));
  fs::create_hard_link(w.path("elsewhere"), w.path("d/a.json"));
  BOOST_TEST(w.shows("api:80"));
}

BOOST_AUTO_TEST_CASE(the_periodic_read_sees_what_inotify_does_not_tell) {
  // Writes through a shared mapping raise no event.
  watched_path w("b.json", 50ms);
  const auto text = json_document("api", 80);
  w.write("b.json", text);
  open_writer writer(w.path("b.json"), O_RDWR);
  auto* const memory = static_cast<char*>(
      ::mmap(nullptr, text.size(), PROT_READ | PROT_WRITE, MAP_SHARED, writer.fd(), 0));
  BOOST_REQUIRE(memory != MAP_FAILED);
  writer.close();
  w.start();
  BOOST_REQUIRE(w.shows("api:80"));
  memory[text.find("80")] = '9';
  BOOST_TEST(w.shows("api:90"));
  ::munmap(memory, text.size());
  BOOST_TEST(w.reports() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
