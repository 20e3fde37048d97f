#pragma once

// A supervisor whose children are the test's, and what each of them is told, in order. The clock is
// the test's as well.
//
// Threading: the test's.

#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/supervisor.hpp"
#include "tests/actors/controlled_writer.hpp"
#include "tests/actors/coordinated.hpp"
#include "tests/actors/scripted_manager.hpp"
#include "tests/support/support.hpp"

namespace switchyard::actors {

/// Of the children; kept by each of them.
struct chronicle {
  std::map<std::string, int> made;                ///< by the child's name
  std::map<caf::actor_addr, std::string> names;   ///< "timer 2": the second one of that name
  std::map<std::string, settings_ptr> made_with;  ///< what all but providers were given last
  std::vector<std::string> lines;                 ///< "timer 2 starts", "timer 2: use manager 1"
  std::vector<std::uint64_t> epochs;              ///< that providers were given
  bool lingering = false;                         ///< a child that has to end says so and goes on
  writer_record writer;

  std::function<void(const std::string&)> hearing(const std::string& who) {
    return [this, who](const std::string& what) { lines.push_back(who + ": " + what); };
  }
};

struct injected_children : tests::coordinated {
  using lines = std::vector<std::string>;
  using milliseconds = std::chrono::milliseconds;

  tests::temp_dir folder;
  std::shared_ptr<chronicle> seen = std::make_shared<chronicle>();
  child_makers make = makers();
  lines given_up;
  supervisor_actor supervisor;

  ~injected_children() {
    if (!supervisor) return;
    seen->lingering = false;
    seen->writer.keeps_on = false;
    seen->writer.owed.clear();
    self->send(supervisor, stop_atom::value);
    run();
  }

  settings_ptr settings_of(const std::map<std::string, std::string>& providers) const {
    auto s = std::make_shared<switchyard::config::settings>();
    s->state_dir = folder.path();
    for (const auto& [name, path] : providers)
      s->providers.push_back({name, switchyard::config::file_settings{path}});
    return s;
  }

  /// Providers with what distinguishes their settings.
  void start_and_tell(const std::map<std::string, std::string>& providers) {
    supervisor = spawn_supervisor(
        system, settings_of(providers), make_silent_observer(),
        [this](std::string why) { given_up.push_back(std::move(why)); }, make);
    run();
  }

  /// The same; what is told at the start is told.
  void start(const std::map<std::string, std::string>& providers) {
    start_and_tell(providers);
    told();
  }

  /// What has happened since the last call.
  lines told() { return std::exchange(seen->lines, {}); }
  void check_told(const lines& expected) {
    BOOST_TEST(told() == expected, boost::test_tools::per_element());
  }

  child_list::child child(const std::string& name) {
    auto asked = self->request(supervisor, caf::infinite, children_atom::value);
    run();
    child_list::child found;
    asked.receive(
        [&](const children_ptr& all) {
          const auto c = all->children.find(name);
          if (c != all->children.end()) found = c->second;
        },
        [](const caf::error&) { BOOST_ERROR("the supervisor is gone"); });
    return found;
  }

  void kill(const std::string& name) {
    const auto c = child(name);
    BOOST_REQUIRE_MESSAGE(c.handle, name);
    self->send_exit(c.handle, caf::exit_reason::kill);
    run();
  }

  bool is_there(const std::string& name) { return child(name).handle ? true : false; }

  /// Lets the next thing that is due happen, and tells how long that took.
  milliseconds until_next() {
    auto& clock = scheduler.clock();
    const auto before = clock.now();
    BOOST_REQUIRE(scheduler.trigger_timeout());
    run();
    return std::chrono::duration_cast<milliseconds>(clock.now() - before);
  }

  /// Kills it so often in a row, and tells how long it took the last time until another one was
  /// there.
  milliseconds wait_after_deaths(int deaths, const std::string& name) {
    milliseconds waited{0};
    for (int i = 0; i < deaths; ++i) {
      kill(name);
      BOOST_REQUIRE(!is_there(name));
      waited = until_next();
      BOOST_REQUIRE(is_there(name));
    }
    return waited;
  }
  milliseconds wait_after_death_of(const std::string& name) { return wait_after_deaths(1, name); }

 private:
  using hearing = std::function<void(const std::string&)>;

  child_makers makers() {
    child_makers m;
    m.writer = [this](auto&, const settings_ptr& settings, auto) {
      seen->made_with["writer"] = settings;
      return enter<writer_actor>("writer", [this](const hearing& hears) {
        seen->writer.hears = hears;
        return system.spawn(controlled_writer, &seen->writer);
      });
    };
    m.manager = [this](auto&, const settings_ptr& settings, auto, auto) {
      seen->made_with["manager"] = settings;
      return enter<manager_actor>("manager", [this](const hearing& hears) {
        return system.spawn(lingering_manager, seen, hears);
      });
    };
    m.timer = [this](auto&, const settings_ptr& settings) {
      seen->made_with["timer"] = settings;
      return enter<timer_actor>(
          "timer", [this](const hearing& hears) { return system.spawn(timer, seen, hears); });
    };
    m.provider = [this](auto&, const std::string& name, auto, auto&, std::uint64_t epoch, auto) {
      seen->epochs.push_back(epoch);
      return enter<provider_actor>("provider " + name, [this](const hearing& hears) {
        return system.spawn(provider, seen, hears);
      });
    };
    m.api = [this](auto&, const settings_ptr& settings, auto, auto&) {
      seen->made_with["api"] = settings;
      return enter<api_actor>(
          "api", [this](const hearing& hears) { return system.spawn(api, seen, hears); });
    };
    return m;
  }

  template <class Handle, class Spawn>
  Handle enter(const std::string& name, Spawn spawn) {
    const auto who = name + " " + std::to_string(++seen->made[name]);
    seen->lines.push_back(who + " starts");
    const Handle handle = spawn(seen->hearing(who));
    seen->names[handle.address()] = who;
    handle->attach_functor([all = seen, who] { all->lines.push_back(who + " ends"); });
    return handle;
  }

  using chronicle_ptr = std::shared_ptr<chronicle>;

  template <class Pointer>
  static void linger(Pointer self, const chronicle_ptr& seen, const hearing& hears) {
    self->set_exit_handler([=](const caf::exit_msg& m) {
      hears("has to end");
      if (!seen->lingering) self->quit(m.reason);
    });
  }

  template <class Handle>
  static std::string name_in(const chronicle_ptr& seen, const Handle& who) {
    return seen->names[who.address()];
  }

  static manager_actor::behavior_type lingering_manager(manager_actor::pointer self,
                                                        const chronicle_ptr& seen,
                                                        const hearing& hears) {
    linger(self, seen, hears);
    return scripted_manager(
        self, {.use = [=](const writer_actor& w) { hears("use " + name_in(seen, w)); },
               .configure = [=] { hears("configure"); }});
  }

  static timer_actor::behavior_type timer(timer_actor::pointer self, const chronicle_ptr& seen,
                                          const hearing& hears) {
    linger(self, seen, hears);
    return {[=](use_atom, const manager_actor& m) { hears("use " + name_in(seen, m)); },
            [](tick_atom, std::uint64_t) {},
            [=](configure_atom, const settings_ptr&) { hears("configure"); }};
  }

  static provider_actor::behavior_type provider(provider_actor::pointer self,
                                                const chronicle_ptr& seen, const hearing& hears) {
    linger(self, seen, hears);
    return {[=](use_atom, const manager_actor& m) { hears("use " + name_in(seen, m)); },
            [](edit_atom, const edit_ptr&) { return edit_answer_ptr(); },
            [](await_atom, std::uint64_t) { return std::uint64_t{0}; }, [](std::uint64_t) {}};
  }

  static api_actor::behavior_type api(api_actor::pointer self, const chronicle_ptr& seen,
                                      const hearing& hears) {
    linger(self, seen, hears);
    return {[=](configure_atom, const settings_ptr&) { hears("configure"); },
            [](tick_atom, std::uint64_t) {}};
  }
};

}  // namespace switchyard::actors
