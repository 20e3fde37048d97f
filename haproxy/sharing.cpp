// The gateway's look at who else has HAProxy's ports.

#include "haproxy/gateway.hpp"
#include "haproxy/port_watch.hpp"

namespace switchyard::haproxy {

namespace {

const std::string about_ports = "ports";

}  // namespace

void gateway::watch_ports(apply_report& report) {
  if (away_ || !ports_.due(now_)) return;
  const auto ours = processes_of(settings_.haproxy, known().master.pid, identity_.pid);
  if (ours.worker == 0) return;
  ports_.looked(now_);
  auto others = ports_.look(listeners_of(ours.worker), [&ours] { return sockets_of(ours); });
  if (!others || *others == shared_) return;  // nothing is known, or nothing else
  shared_ = *std::move(others);
  if (!shared_.empty())
    return tell(report, severity::error, about_ports, shared_ports(shared_, holder_of));
  report.notices.push_back({severity::info, "nobody else listens on HAProxy's ports any more"});
  quiet(about_ports);
}

}  // namespace switchyard::haproxy
