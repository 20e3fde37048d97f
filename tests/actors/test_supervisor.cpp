// The supervisor with its real children; HAProxy is away, and the clock is the test's.

#include <boost/test/unit_test.hpp>

#include "actors/supervisor.hpp"
#include "tests/actors/coordinated.hpp"
#include "tests/support/no_new_threads.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

namespace {

using namespace std::chrono_literals;

settings_ptr settings_in(const tests::temp_dir& folder, const std::vector<std::string>& providers) {
  auto s = std::make_shared<config::settings>();
  s->haproxy.mode = config::haproxy_mode::attached;
  s->haproxy.config_file = folder / "haproxy.cfg";
  s->haproxy.runtime_socket = folder / "run.sock";
  s->haproxy.master_socket = folder / "master.sock";
  s->state_dir = folder.path();
  s->api.listen = "";
  for (const auto& name : providers)
    s->providers.push_back({name, config::memory_settings{folder / name}});
  return s;
}

struct supervised : tests::coordinated {
  tests::temp_dir folder;
  std::string given_up;
  supervisor_actor supervisor;

  ~supervised() {
    if (!supervisor) return;
    self->send(supervisor, stop_atom::value);
    BOOST_TEST(tests::eventually([&] {
      run();
      return self->has_next_message();
    }));
  }

  void start(const std::vector<std::string>& providers) {
    child_makers make;
    // One with a thread of its own would look at the clock while the test sets it.
    make.writer = [](caf::actor_system& s, const settings_ptr& settings, const observer_ptr& seen) {
      return spawn_writer(s, settings, seen, {.detached = false});
    };
    supervisor = spawn_supervisor(
        system, settings_in(folder, providers), make_silent_observer(),
        [this](std::string why) { given_up = std::move(why); }, make);
    run();
  }

  void configure(const std::vector<std::string>& providers) {
    self->send(supervisor, configure_atom::value, settings_in(folder, providers));
    run();
  }

  child_list children() {
    auto asked = self->request(supervisor, caf::infinite, children_atom::value);
    run();
    child_list all;
    asked.receive([&](const children_ptr& found) { all = *found; },
                  [](const caf::error&) { BOOST_ERROR("the supervisor is gone"); });
    return all;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(supervisor, supervised)

BOOST_AUTO_TEST_CASE(a_child_for_which_there_is_no_thread_is_started_later) {
  start({"a"});
  {
    const tests::no_new_threads none;
    configure({"a", "b"});
  }
  auto now = children();
  BOOST_REQUIRE(now.children.contains("provider b"));
  BOOST_TEST((now.children["provider b"].handle ? false : true));
  BOOST_TEST(now.children["provider b"].restarts == 1);
  BOOST_TEST((now.children["provider a"].handle ? true : false));
  pass(60s);
  BOOST_TEST((children().children["provider b"].handle ? true : false));
}

BOOST_AUTO_TEST_CASE(a_part_without_which_nothing_works_is_given_up_in_the_end) {
  start({});
  const tests::no_new_threads none;
  self->send_exit(children().children["writer"].handle, caf::exit_reason::kill);
  BOOST_REQUIRE(tests::eventually([&] { return !children().children["writer"].handle; }));
  BOOST_TEST(given_up == "");
  // Each wait is shorter than this, and a while in health would start the count over.
  for (int n = 0; n < 10 && given_up.empty(); ++n) pass(10s);
  BOOST_TEST(given_up.starts_with("writer keeps failing: it cannot be started"), given_up);
}

BOOST_AUTO_TEST_CASE(a_provider_that_came_back_with_the_settings_is_started_once) {
  start({"a"});
  {
    const tests::no_new_threads none;
    configure({"a", "b"});
  }
  configure({"a"});
  configure({"a", "b"});
  const auto started = children().children["provider b"].handle;
  BOOST_REQUIRE((started ? true : false));
  pass(60s);  // the wait of the first one is over
  BOOST_TEST((children().children["provider b"].handle == started));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace switchyard::actors
