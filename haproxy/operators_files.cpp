#include "haproxy/operators_files.hpp"

#include <functional>

#include "base/atomic_file.hpp"
#include "haproxy/certificate_files.hpp"
#include "haproxy/server_state.hpp"

namespace switchyard::haproxy {

namespace {

/// Tells versions of the text apart; 0 when there is none.
std::size_t print_of(const std::optional<std::string>& path) {
  if (!path) return 0;
  const auto text = base::read_file(*path);
  return text ? std::hash<std::string>()(*text) : 0;
}

}  // namespace

void operators_file::loaded(const std::optional<std::string>& path) {
  print_ = print_of(path);
  changed_ = false;
}

void operators_file::met(const std::optional<std::string>& path,
                         std::chrono::system_clock::time_point loaded_at) {
  loaded(path);
  const auto stamp = print_ == 0 ? std::nullopt : stamp_of(*path);
  changed_ = stamp && stamp->latest() >= loaded_at;
  if (changed_) print_ = 0;
}

void operators_file::look(const std::optional<std::string>& path) {
  changed_ = print_of(path) != print_;
}

void operators_files::configure(const config::haproxy_settings& settings) {
  server_state_ = server_state_is_ours(settings);
}

void operators_files::loaded(const config::haproxy_settings& settings) {
  base_.loaded(settings.base_file);
  ca_.loaded(settings.server_ca_file);
}

void operators_files::met(const config::haproxy_settings& settings,
                          std::chrono::system_clock::time_point started) {
  base_.met(settings.base_file, started + std::chrono::seconds(1));
  ca_.met(settings.server_ca_file, started - std::chrono::seconds(1));
}

void operators_files::look(const config::haproxy_settings& settings) {
  base_.look(settings.base_file);
  ca_.look(settings.server_ca_file);
}

}  // namespace switchyard::haproxy
