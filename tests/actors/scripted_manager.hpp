#pragma once

// A manager that does what a test wants with the messages that matter to it, and takes the rest
// without a word. Threading: an actor's.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/protocol.hpp"

namespace switchyard::actors {

struct manager_script {
  using pointer = manager_actor::pointer;
  std::function<caf::result<std::uint64_t>(pointer, std::uint64_t epoch, const report_ptr&)>
      report = [](pointer, std::uint64_t, const report_ptr&) { return std::uint64_t{0}; };
  std::function<void()> reconcile = [] {};
  std::function<void(const writer_actor&)> use = [](const writer_actor&) {};
  std::function<void()> configure = [] {};
};

inline manager_actor::behavior_type scripted_manager(manager_actor::pointer self,
                                                     const manager_script& script) {
  return {
      [=](report_atom, const std::string&, std::uint64_t epoch, const report_ptr& report) {
        return script.report(self, epoch, report);
      },
      [](health_atom, const std::string&, const health_ptr&) {},
      [=](reconcile_atom) { script.reconcile(); },
      [](noted_atom, const apply_report_ptr&) {},
      [=](use_atom, const writer_actor& writer) { script.use(writer); },
      [=](configure_atom, const settings_ptr&) { script.configure(); },
      [](copy_atom) { return desired_copy_ptr(); },
      [](resolved_atom, const name_answer_ptr&) {},
      [](status_atom) { return std::make_shared<const api::status>(); },
      [](list_atom, const std::string&, const std::string&, std::uint64_t) { return page_ptr(); },
      [](find_atom, const std::string&) { return desired_ptr(); },
      [](routes_atom, const std::string&) { return routes_ptr(); },
      [](holds_atom) { return holds_ptr(); },
      [](approve_atom, std::uint64_t) { return decision_ptr(); },
      [](reject_atom, std::uint64_t) { return decision_ptr(); },
      [](kept_atom, std::uint64_t) {},
      [](await_atom, std::uint64_t) { return std::uint64_t{0}; },
      [](repair_atom) { return apply_report_ptr(); },
  };
}

}  // namespace switchyard::actors
