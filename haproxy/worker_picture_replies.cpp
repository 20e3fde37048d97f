// What a picture of a worker answers.

#include <array>
#include <utility>

#include "haproxy/words.hpp"
#include "haproxy/worker_picture.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;

const std::string no_such_backend = "Can't find backend.";

/// srv_admin_state as parse_servers_state() reads it.
const char* admin_of(model::server_state state) {
  switch (state) {
    case model::server_state::ready:
      return "0";
    case model::server_state::drain:
      return "8";
    case model::server_state::maint:
      return "1";
  }
  return "0";
}

}  // namespace

outcome<std::string> worker_picture::answer(std::string_view command) {
  const std::string layout_question = "show env " + std::string(layout_variable);
  if (command == "show info") return info();
  if (command == "help") return help_;
  // Asked of the real one before the picture was taken, where there is one.
  if (command == "show cli level") return std::string("admin");
  if (command == layout_question) return std::string(layout_variable) + "=" + layout_;
  if (command == "show backend") return names();
  if (command.starts_with("show stat ")) return stat();
  if (command == "show map " + map_name_) return show_map();
  if (command == "prepare map " + map_name_) return prepare_map();
  if (command.starts_with("clear map @") || command.starts_with("set timeout cli "))
    return std::string();
  auto words = command;
  const auto asks = [&](std::string_view start) {
    if (!command.starts_with(start)) return false;
    words.remove_prefix(start.size());
    return true;
  };
  if (asks("show servers state")) return servers_state(std::string(take_word(words)));
  if (asks("show servers conn")) return servers_conn(std::string(take_word(words)));
  return error{errc::invalid, "a preview has no answer to " + printable(command)};
}

std::string worker_picture::info() const {
  return "Version: " + info_.version + "\nUptime_sec: " + std::to_string(info_.uptime_seconds) +
         "\nPid: " + std::to_string(info_.pid) + "\nStart_time_sec: " +
         std::to_string(std::chrono::system_clock::to_time_t(info_.started)) + "\nStopping: 0";
}

std::string worker_picture::names() const {
  std::string text = "# name";
  for (const auto& [name, b] : backends_) text += "\n" + name;
  return text;
}

std::string worker_picture::servers_state(const std::string& only) const {
  if (!only.empty() && !backends_.contains(only)) return no_such_backend;
  std::string text =
      "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
      "srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health "
      "srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port";
  for (const auto& [name, b] : backends_) {
    if (!only.empty() && name != only) continue;
    for (const auto& [server, s] : b.servers) {
      const bool up = s.now.up && s.now.state != model::server_state::maint;
      const auto weight = std::to_string(s.now.weight);
      text += "\n1 " + name + " 1 " + server + " " + s.now.address + (up ? " 2 " : " 0 ") +
              admin_of(s.now.state) + " " + weight + " " + weight + " 0 1 0 0 " +
              (s.now.check_off ? "2" : "0") + " 0 0 0 - " + std::to_string(s.now.port);
    }
  }
  return text;
}

std::string worker_picture::servers_conn(const std::string& only) const {
  if (!only.empty() && !backends_.contains(only)) return no_such_backend;
  std::string text = "# bkname/svname bkid/svid addr port - purge_delay used_cur";
  for (const auto& [name, b] : backends_) {
    if (!only.empty() && name != only) continue;
    for (const auto& [server, s] : b.servers)
      text += "\n" + name + "/" + server + " 1/1 " + s.now.address + " " +
              std::to_string(s.now.port) + " - 0 " + std::to_string(s.connections);
  }
  return text;
}

std::string worker_picture::stat() const {
  std::string text = "# pxname,svname,slim,bck,status,";
  for (const auto& [name, b] : backends_) {
    for (const auto& [server, s] : b.servers)
      text += "\n" + name + "," + server + "," +
              (s.maxconn == 0 ? std::string() : std::to_string(s.maxconn)) + "," +
              (s.backup ? "1" : "0") + ",UP,";
    text += "\n" + name + ",BACKEND,,," + (b.published ? "UP," : "UP (UNPUB),");
  }
  return text;
}

std::string worker_picture::show_map() const {
  if (!map_) return "Unknown map identifier. Please use #<id> or <name>.";
  std::string text;
  for (const auto& [key, value] : *map_) text += "0x1 " + key + " " + value + "\n";
  return text;
}

std::string worker_picture::prepare_map() {
  const auto version = std::to_string(++map_versions_);
  prepared_[version];
  return "New version created: " + version;
}

}  // namespace switchyard::haproxy
