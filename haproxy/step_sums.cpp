#include "haproxy/step_sums.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace switchyard::haproxy {

namespace {

void append(std::string& text, const std::string& part) {
  (text += text.empty() ? "" : ", ") += part;
}

}  // namespace

std::string step_sums::kind_of(const step& done) {
  switch (done.what.kind) {
    case command_kind::add_server:
      return "added";
    case command_kind::set_address:
      return "moved";
    case command_kind::set_weight:
      return "given another weight";
    case command_kind::set_state:
      return "set to " + std::string(model::to_string(done.target.state));
    case command_kind::set_maxconn:
      return "given another maxconn";
    case command_kind::add_backend:
      return "added without a reload";
    case command_kind::unpublish_backend:
      return "closed to new traffic";
    default:
      return "deleted";
  }
}

void step_sums::add_to(sums& all, matter of, const std::string& what, std::size_t times) {
  const auto known =
      std::ranges::find_if(all, [&](const sum& s) { return s.of == of && s.what == what; });
  if (known == all.end())
    all.push_back({of, what, times});
  else
    known->times += times;
}

std::vector<notice> step_sums::notices() const {
  if (of_.size() > most_backends) return {in_all()};
  std::vector<notice> lines;
  for (const auto& [backend, all] : of_) {
    std::string text;
    auto about = matter::server;
    for (const auto& [of, what, times] : all) {
      if (of == matter::backend) about = matter::backend;
      append(text, of == matter::backend ? what : base::counted(times, "server") + " " + what);
    }
    lines.push_back({severity::info, backend + ": " + text, {about, backend}});
  }
  return lines;
}

notice step_sums::in_all() const {
  sums together;
  for (const auto& [backend, all] : of_)
    for (const auto& [of, what, times] : all) add_to(together, of, what, times);
  std::string text;
  for (const auto& [of, what, times] : together)
    append(text, base::counted(times, to_string(of)) + " " + what);
  return {severity::info, base::counted(of_.size(), "backend") + ": " + text, {matter::server}};
}

}  // namespace switchyard::haproxy
