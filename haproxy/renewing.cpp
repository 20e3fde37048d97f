// The gateway's certificates: what the files' changes come to.

#include "haproxy/gateway.hpp"

namespace switchyard::haproxy {

bool gateway::work_certificates(apply_report& report) {
  if (foreign_) return true;
  const auto looked = certificates_.look(*session_, now_);
  if (!looked) return lost(looked.error(), report);
  report.certificates += looked->changed;
  for (const auto& note : looked->notes) {
    const auto topic = "certificate " + note.subject;
    if (note.lasting && !note.text.empty()) {
      tell(report, note.level, topic, note.text, {matter::certificate});
      continue;
    }
    quiet(topic);
    if (!note.lasting) report.notices.push_back({note.level, note.text, {matter::certificate}});
  }
  return true;
}

}  // namespace switchyard::haproxy
