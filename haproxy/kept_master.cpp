#include "haproxy/kept_master.hpp"

#include <string_view>

#include "haproxy/reply_text.hpp"

namespace switchyard::haproxy {

namespace {

constexpr std::size_t longest_entry = 64;
constexpr std::string_view told_to_stop = "stopping";

}  // namespace

kept_master::kept_master(const config::haproxy_settings& settings, base::files& files)
    : path_(settings.config_file + ".master"),
      config_file_(settings.config_file),
      binary_(settings.binary),
      files_(&files) {}

kept_master::entry kept_master::read() const {
  const auto text = files_->read(path_, longest_entry);
  auto line = text ? std::string_view(*text).substr(0, text->find('\n')) : std::string_view();
  entry kept;
  if (!read_number(next_word(line), kept.master.pid) ||
      !read_number(next_word(line), kept.master.started))
    return {};
  if (next_word(line) == told_to_stop) kept.what = course::stops;
  return kept;
}

program kept_master::running() const {
  const auto kept = read();
  const bool ours = kept.what == course::runs && runs(kept.master) &&
                    haproxy_at(kept.master.pid, binary_) == kept.master;
  return ours ? kept.master : program();
}

program kept_master::running_on_our_file() const {
  const auto kept = read();
  const bool ours = kept.what == course::runs && runs(kept.master) &&
                    started_with(kept.master.pid, config_file_).value_or(true);
  return ours ? kept.master : program();
}

program kept_master::leaving() const {
  const auto kept = read();
  return kept.what == course::stops && runs(kept.master) ? kept.master : program();
}

base::status kept_master::keep(const program& master, course what) {
  if (read() == entry{master, what}) return {};
  auto line = std::to_string(master.pid) + " " + std::to_string(master.started);
  if (what == course::stops) line += " " + std::string(told_to_stop);
  return files_->write(path_, line + "\n");
}

void kept_master::forget() {
  files_->remove(path_);
}

}  // namespace switchyard::haproxy
