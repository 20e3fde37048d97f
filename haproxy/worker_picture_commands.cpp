// What commands make of a picture of a worker.

#include <charconv>
#include <utility>

#include "haproxy/words.hpp"
#include "haproxy/worker_picture.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::status;

status refused(std::string_view what) {
  return error{errc::refused, "there is no " + std::string(what)};
}

template <class Number>
Number number(std::string_view word) {
  Number value{};
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

/// The word after this one.
std::string_view value_of(std::string_view words, std::string_view key) {
  for (auto word = take_word(words); !word.empty(); word = take_word(words))
    if (word == key) return take_word(words);
  return {};
}

model::server_state state_of(std::string_view word) {
  if (word == model::to_string(model::server_state::drain)) return model::server_state::drain;
  if (word == model::to_string(model::server_state::maint)) return model::server_state::maint;
  return model::server_state::ready;
}

std::pair<std::string, std::string> split(std::string_view target) {
  const auto slash = target.find('/');
  return {std::string(target.substr(0, slash)),
          std::string(slash == std::string_view::npos ? "" : target.substr(slash + 1))};
}

}  // namespace

status worker_picture::carry_out(const command& c) {
  std::string_view words = c.line;
  take_word(words);
  take_word(words);
  switch (c.kind) {
    case command_kind::add_map:
    case command_kind::set_map:
    case command_kind::del_map:
    case command_kind::commit_map:
      return change_map(c, words);
    case command_kind::add_backend:
    case command_kind::publish_backend:
    case command_kind::unpublish_backend:
    case command_kind::del_backend:
      return change_backend(c, words);
    case command_kind::set_maxconn:  // `set maxconn server B/S N`
      take_word(words);
      return change_server(c, words);
    case command_kind::add_server:
    case command_kind::enable_server:
    case command_kind::enable_health:
    case command_kind::set_address:
    case command_kind::set_weight:
    case command_kind::set_state:
    case command_kind::del_server:
      return change_server(c, words);
  }
  return {};
}

status worker_picture::change_server(const command& c, std::string_view words) {
  const auto target = take_word(words);
  const auto [name, server] = split(target);
  const auto b = backends_.find(name);
  if (b == backends_.end()) return refused("backend " + name);
  if (c.kind == command_kind::add_server) return add_server(name, server, words);
  const auto s = b->second.servers.find(server);
  if (s == b->second.servers.end()) return refused("server " + std::string(target));
  if (c.kind == command_kind::del_server)
    b->second.servers.erase(s);
  else
    set(s->second, c.kind, words);
  return {};
}

// "A:P weight W [maxconn N] [backup] …", as commands.cpp puts it together.
status worker_picture::add_server(const std::string& backend, const std::string& name,
                                  std::string_view words) {
  const auto place = parse_server_address(take_word(words));
  if (!place) return place.error();
  pictured_server fresh;
  fresh.now.address = place->address;
  fresh.now.port = place->port;
  fresh.now.state = model::server_state::maint;
  fresh.now.up = true;
  take_word(words);
  fresh.now.weight = number<std::uint16_t>(take_word(words));
  auto next = take_word(words);
  if (next == "maxconn") {
    fresh.maxconn = number<std::uint32_t>(take_word(words));
    next = take_word(words);
  }
  fresh.backup = next == "backup";
  if (fresh.backup) next = take_word(words);
  fresh.now.check_off = next == "check";  // server_options() begins with it
  backends_[backend].servers.insert_or_assign(name, std::move(fresh));
  return {};
}

void worker_picture::set(pictured_server& s, command_kind kind, std::string_view words) {
  switch (kind) {
    case command_kind::enable_server:
      s.now.state = model::server_state::ready;
      break;
    case command_kind::set_address:
      s.now.address = value_of(words, "addr");
      s.now.port = number<std::uint16_t>(value_of(words, "port"));
      break;
    case command_kind::set_weight:
      s.now.weight = number<std::uint16_t>(value_of(words, "weight"));
      break;
    case command_kind::set_state:
      s.now.state = state_of(value_of(words, "state"));
      break;
    case command_kind::set_maxconn:
      s.maxconn = number<std::uint32_t>(take_word(words));
      break;
    case command_kind::enable_health:
      s.now.check_off = false;
      break;
    default:
      break;
  }
}

status worker_picture::change_map(const command& c, std::string_view words) {
  if (!map_) return refused("map " + map_name_);
  auto* into = &*map_;
  std::string version;
  if (words.starts_with(" @")) {
    version = take_word(words).substr(1);
    const auto found = prepared_.find(version);
    if (found == prepared_.end()) return refused("version " + version + " of the map");
    into = &found->second;
  }
  take_word(words);  // the map
  const std::string key(take_word(words));
  if (c.kind == command_kind::commit_map) {
    map_ = std::move(*into);
    prepared_.erase(version);
  } else if (c.kind == command_kind::del_map) {
    if (into->erase(key) == 0) return refused("entry " + key);
  } else {
    into->insert_or_assign(key, std::string(take_word(words)));
  }
  return {};
}

status worker_picture::change_backend(const command& c, std::string_view words) {
  const std::string name(take_word(words));
  if (c.kind == command_kind::add_backend) {
    backends_[name] = {{}, false};
    ours_.insert(name);
    return {};
  }
  const auto found = backends_.find(name);
  if (found == backends_.end()) return refused("backend " + name);
  if (c.kind == command_kind::del_backend)
    backends_.erase(found);
  else
    found->second.published = c.kind == command_kind::publish_backend;
  return {};
}

}  // namespace switchyard::haproxy
