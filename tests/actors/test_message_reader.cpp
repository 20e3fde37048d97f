#include "actors/message_reader.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <sstream>

#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

using tests::contains;
using tests::eventually;

/// What HAProxy says on its pipe, and what becomes of it.
struct speaking_haproxy {
  tests::temp_dir folder;
  std::string config = folder / "haproxy.cfg";
  std::string pipe = haproxy::messages_beside(config);
  observer_ptr seen_by;
  base::unique_fd out;

  speaking_haproxy() {
    auto log = std::make_shared<spdlog::logger>("test", std::make_shared<sink>(lines_));
    log->set_pattern("%l %v");
    log->set_level(spdlog::level::debug);
    seen_by = std::make_shared<observer>(log);
  }
  void start() {
    auto opened = haproxy::open_messages(config);
    BOOST_REQUIRE(bool(opened));
    out = std::move(opened).value();
  }
  void say(const std::string& line) const {
    BOOST_REQUIRE(::write(out.get(), line.data(), line.size()) ==
                  static_cast<ssize_t>(line.size()));
  }
  std::string log() const {
    const std::lock_guard lock(lines_->mutex);
    return lines_->text.str();
  }
  bool logs(const std::string& line) const {
    return eventually([&] { return contains(log(), line); });
  }

 private:
  struct kept_lines {
    std::mutex mutex;
    std::ostringstream text;
  };
  class sink final : public spdlog::sinks::base_sink<std::mutex> {
   public:
    explicit sink(std::shared_ptr<kept_lines> into) : into_(std::move(into)) {}

   private:
    void sink_it_(const spdlog::details::log_msg& msg) override {
      spdlog::memory_buf_t line;
      formatter_->format(msg, line);
      const std::lock_guard lock(into_->mutex);
      into_->text << std::string(line.data(), line.size());
    }
    void flush_() override {}
    std::shared_ptr<kept_lines> into_;
  };
  std::shared_ptr<kept_lines> lines_ = std::make_shared<kept_lines>();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(the_reader_of_messages, speaking_haproxy)

BOOST_AUTO_TEST_CASE(reads_what_came_while_nobody_did_and_all_to_the_end) {
  start();
  say("[ALERT]    (5) : before\n");
  {
    const message_reader reader(config, seen_by);
    BOOST_TEST(logs("error HAProxy (process 5): before\n"));
    say("[NOTICE]   (5) : meanwhile\n");
    BOOST_TEST(logs("debug HAProxy (process 5): meanwhile\n"));
    say("[WARNING]  (5) : torn");
    BOOST_TEST(logs("warning HAProxy (process 5): torn\n"));
    say("[WARNING]  (5) : last\n");
  }
  BOOST_TEST(contains(log(), "warning HAProxy (process 5): last\n"));
  BOOST_TEST(seen_by->events()->last() == 0U);
}

BOOST_AUTO_TEST_CASE(follows_haproxy_to_another_pipe) {
  message_reader reader(config, seen_by);
  start();
  std::filesystem::remove(pipe);
  reader.look();
  say("still on the first\n");
  BOOST_TEST(logs("info HAProxy: still on the first\n"));
  start();
  say("on the second\n");
  reader.look();
  BOOST_TEST(logs("info HAProxy: on the second\n"));
}

BOOST_AUTO_TEST_CASE(tells_once_that_there_is_no_pipe_and_takes_one_that_comes) {
  tests::write_text(pipe, "somebody's");
  message_reader reader(config, seen_by);
  reader.look();
  reader.look();
  BOOST_TEST(log() == "warning HAProxy's messages cannot be read: " + pipe +
                          " is no FIFO; put it out of the way; an HAProxy that is started writes "
                          "them to standard error itself\n");
  std::filesystem::remove(pipe);
  start();
  say("there\n");
  reader.look();
  BOOST_TEST(logs("info HAProxy: there\n"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
