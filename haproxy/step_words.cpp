#include "haproxy/step_words.hpp"

#include "haproxy/limits.hpp"

namespace switchyard::haproxy {

namespace {

std::string endpoint(const model::server& s) {
  return s.address.find(':') == std::string::npos ? s.address + ":" + std::to_string(s.port)
                                                  : "[" + s.address + "]:" + std::to_string(s.port);
}

}  // namespace

std::string words_of(const step& s) {
  if (s.why == step::purpose::queues) return "";
  switch (s.what.kind) {
    case command_kind::add_server:
      return "added at " + endpoint(s.target) + ", weight " + std::to_string(s.target.weight);
    case command_kind::set_address:
      return "moved to " + endpoint(s.target);
    case command_kind::set_weight:
      return "weight " + std::to_string(s.target.weight);
    case command_kind::set_state:
      return "state " + std::string(model::to_string(s.target.state));
    case command_kind::set_maxconn:
      return "maxconn " + std::to_string(limits(s.target.maxconn) ? s.target.maxconn : 0);
    case command_kind::del_server:
      return "deleted";
    case command_kind::add_backend:
      return "added without a reload";
    case command_kind::unpublish_backend:
      return "takes no more traffic";
    case command_kind::del_backend:
    case command_kind::publish_backend:
    case command_kind::enable_server:
    case command_kind::enable_health:
    case command_kind::add_map:
    case command_kind::set_map:
    case command_kind::del_map:
    case command_kind::commit_map:
      return "";
  }
  return "";
}

bool completes(const step& before, const step& s) {
  return s.what.kind == command_kind::set_address && before.what.kind == command_kind::add_server &&
         before.target == s.target;
}

}  // namespace switchyard::haproxy
