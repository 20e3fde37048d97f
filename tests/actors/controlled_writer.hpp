#pragma once

// A writer under the test's control. Threading: an actor's.

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "actors/protocol.hpp"

namespace switchyard::actors {

/// What the manager asked of its writer, and the answers that are still owed.
struct writer_record {
  std::deque<apply_request_ptr> requests;
  std::deque<caf::typed_response_promise<apply_report_ptr>> owed;
  int reconciles = 0;
  haproxy::apply_report answer;  ///< the next one
  std::function<void(const std::string&)> hears = [](const std::string&) {};
  bool keeps_on = false;  ///< takes no stop: the test ends it
};

/// A writer under the test's control: it answers when the test says so.
inline writer_actor::behavior_type controlled_writer(writer_actor::pointer self,
                                                     writer_record* record) {
  const auto owe = [=] {
    auto p = self->make_response_promise<apply_report_ptr>();
    record->owed.push_back(p);
    return p;
  };
  return {
      [=](apply_atom, const apply_request_ptr& request) {
        record->requests.push_back(request);
        return owe();
      },
      [=](reconcile_atom) {
        ++record->reconciles;
        return owe();
      },
      // The test's "go": give the oldest answer that is owed.
      [=](tick_atom) {
        record->owed.front().deliver(
            apply_report_ptr(std::make_shared<const haproxy::apply_report>(record->answer)));
        record->owed.pop_front();
      },
      [](lost_atom, std::uint64_t) {},
      [=](configure_atom, const settings_ptr&) { record->hears("configure"); },
      [=](stop_atom) {
        record->hears("stop");
        auto p = self->make_response_promise<stop_atom>();
        if (record->keeps_on) return p;
        p.deliver(stop_atom::value);
        self->quit();
        return p;
      },
  };
}

}  // namespace switchyard::actors
