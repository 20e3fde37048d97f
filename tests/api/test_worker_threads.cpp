// Threads that are used again.

#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <system_error>

#include "api/worker_threads.hpp"
#include "tests/support/no_new_threads.hpp"
#include "tests/support/process_figures.hpp"
#include "tests/support/support.hpp"

namespace switchyard::api {

namespace {

using namespace std::chrono_literals;
using tests::eventually;

/// The thread that did a job, once that is done.
pid_t thread_of_a_job(worker_threads& all) {
  const auto done = std::make_shared<std::promise<pid_t>>();
  auto thread = done->get_future();
  all.run([done] { done->set_value(::gettid()); });
  return thread.get();
}

std::size_t threads() {
  return tests::thread_count(::getpid());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(threads_that_are_used_again)

BOOST_AUTO_TEST_CASE(one_after_the_other_takes_few_threads) {
  worker_threads all(10s);
  std::set<pid_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(thread_of_a_job(all));
  // A job may come before the thread of the last one waits for it.
  BOOST_TEST(seen.size() < 10U);
}

BOOST_AUTO_TEST_CASE(as_many_at_once_as_there_are_jobs) {
  worker_threads all(10s);
  std::promise<void> go;
  const auto open = go.get_future().share();
  std::atomic<int> waiting{0};
  for (int i = 0; i < 20; ++i)
    all.run([&] {
      ++waiting;
      open.wait();
    });
  BOOST_TEST(eventually([&] { return waiting == 20; }));
  go.set_value();
  all.stop();
}

BOOST_AUTO_TEST_CASE(a_thread_that_nobody_needs_ends) {
  const auto before = threads();
  worker_threads all(10ms);
  thread_of_a_job(all);
  BOOST_TEST(eventually([&] { return threads() <= before; }));
  BOOST_TEST(thread_of_a_job(all) != 0);
}

BOOST_AUTO_TEST_CASE(an_end_waits_for_the_jobs_and_is_none_for_good) {
  const auto before = threads();
  worker_threads all(10s);
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> done{0};
    for (int i = 0; i < 20; ++i)
      all.run([&] {
        std::this_thread::yield();
        ++done;
      });
    all.stop();
    BOOST_TEST(done == 20);
    BOOST_TEST(eventually([&] { return threads() <= before; }));
  }
}

BOOST_AUTO_TEST_CASE(a_job_without_a_thread_is_refused_and_those_that_are_there_go_on) {
  worker_threads all(10s);
  const auto first = thread_of_a_job(all);
  const tests::no_new_threads none;
  BOOST_TEST(eventually([&] {
    try {
      return thread_of_a_job(all) == first;
    } catch (const std::system_error&) {
      return false;  // the one there is does not wait yet
    }
  }));
  std::promise<void> go;
  const auto open = go.get_future().share();
  BOOST_TEST(eventually([&] {
    try {
      all.run([&] { open.wait(); });
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }));
  BOOST_CHECK_THROW(all.run([] {}), std::system_error);
  go.set_value();
  all.stop();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::api
