#include "haproxy/config_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/subprocess.hpp"
#include "haproxy/routes.hpp"
#include "haproxy/server_state.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::outcome;
using base::status;

constexpr std::chrono::seconds longest_load{3};  // 100,000 servers need less than two
constexpr std::size_t most_alerts = 5;

/// What the temporary files of a check are named after.
std::string check_of(const std::string& config_file) {
  return config_file + ".check";
}

/// A file for a check of another one, beside it, that only this process can read; gone with the
/// object.
class temporary_file {
 public:
  static outcome<temporary_file> beside(const std::string& path, std::string_view content) {
    temporary_file file(base::temporary_beside(check_of(path)));
    base::unique_fd fd(::mkstemp(file.path_.data()));  // 0600
    if (!fd) {
      const int cause = errno;
      file.path_.clear();
      return failure("cannot create a file beside " + path, cause);
    }
    while (!content.empty()) {
      const auto written = ::write(fd.get(), content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failure("cannot write " + file.path_, errno);
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    return file;
  }

  temporary_file(temporary_file&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  temporary_file& operator=(temporary_file&&) = delete;
  ~temporary_file() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  const std::string& path() const { return path_; }

 private:
  explicit temporary_file(std::string path) : path_(std::move(path)) {}

  static error failure(const std::string& what, int cause) {
    return {errc::io, what + ": " + std::generic_category().message(cause)};
  }

  std::string path_;
};

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

/// When the file came to be as it is: a rename counts, which keeps the time of its text.
std::chrono::system_clock::time_point changed_at(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::chrono::system_clock::now();
  return std::chrono::system_clock::time_point(std::chrono::seconds(found.st_ctim.tv_sec));
}

/// Whether a text of ours is of that layout, which stands in its first lines.
bool has_layout(std::string_view text, const std::string& layout) {
  const auto line = std::string(layout_variable) + " " + layout + "\n";
  return text.substr(0, text.find("\n\n") + 1).find(line) != std::string_view::npos;
}

/// "[ALERT]    (123) : config : what" → "what"; nothing for lines that say nothing new.
std::string_view alert_of(std::string_view line) {
  if (!line.starts_with("[ALERT]")) return {};
  const auto colon = line.find(") : ");
  if (colon != std::string_view::npos) line.remove_prefix(colon + 4);
  if (line.starts_with("config : ")) line.remove_prefix(9);
  if (line.starts_with("Fatal errors found") || line.starts_with("Error(s) found")) return {};
  return line;
}

/// What an operator needs of HAProxy's output: its alerts, else its last line.
std::string words_of(std::string_view output) {
  std::string words;
  std::string_view last;
  std::size_t alerts = 0;
  while (!output.empty()) {
    const auto end = std::min(output.find('\n'), output.size());
    const auto line = output.substr(0, end);
    output.remove_prefix(std::min(end + 1, output.size()));
    if (!line.empty()) last = line;
    const auto alert = alert_of(line);
    if (alert.empty() || ++alerts > most_alerts) continue;
    (words += words.empty() ? "" : "; ") += alert;
  }
  if (alerts > most_alerts) words += "; and " + std::to_string(alerts - most_alerts) + " more";
  return words.empty() ? std::string(last) : words;
}

}  // namespace

config_store::config_store(const config::haproxy_settings& settings, base::files& files,
                           const base::wakeup* interrupt, std::chrono::milliseconds longest_check)
    : settings_(settings),
      files_(files),
      interrupt_(interrupt),
      longest_check_(longest_check),
      last_(settings_.config_file, files_, largest_config_file) {}

outcome<configuration> config_store::load() {
  const auto text = files_.read(settings_.config_file, largest_config_file);
  if (!text) return text.error();
  auto read = parse_configuration(*text);
  if (!read) return error{read.error().kind, settings_.config_file + ": " + read.error().message};
  last_.is(*text);
  return read;
}

void config_store::tidy() const {
  const auto& file = settings_.config_file;
  for (const auto& name :
       {file, file + ".previous", file + ".edited", loaded_file(), file + ".master", check_of(file),
        map_beside(file), server_state_beside(file)})
    files_.remove_leftovers(name);
}

status config_store::validate(const configuration& candidate, const std::string& scratch) const {
  auto text = candidate.text();
  if (auto ok = check_invariants(text); !ok || settings_.binary.empty()) return ok;
  // Before the first start there is no map yet, and HAProxy wants the one that it is given.
  const auto map = map_beside(settings_.config_file);
  const auto place =
      scratch.empty()
          ? files_.scratch(settings_.config_file).string()
          : scratch + "/" + std::filesystem::path(settings_.config_file).filename().string();
  std::optional<temporary_file> empty_map;
  std::error_code unreadable;  // HAProxy tells then
  if (!std::filesystem::exists(map, unreadable) && !unreadable) {
    auto made = temporary_file::beside(place, "");
    if (!made) return made.error();
    empty_map.emplace(std::move(made).value());
    replace_all(text, "(" + map + ")", "(" + empty_map->path() + ")");
  }
  const auto file = temporary_file::beside(place, text);
  if (!file) return file.error();
  base::command_line command{{settings_.binary, "-c"}, {}, longest_check_};
  command.interrupt = interrupt_;
  if (settings_.base_file) command.argv.insert(command.argv.end(), {"-f", *settings_.base_file});
  command.argv.insert(command.argv.end(), {"-f", file->path()});
  const auto checked = base::run(command);
  if (!checked) return checked.error();
  if (checked->exit_code == 0) return {};
  auto words = words_of(checked->output);
  replace_all(words, file->path(), settings_.config_file);
  return error{errc::refused, "HAProxy refuses the configuration (exit code " +
                                  std::to_string(checked->exit_code) + "): " + words};
}

status config_store::write(const configuration& next, const configuration* known) {
  const auto before = files_.read(settings_.config_file, largest_config_file);
  const auto previous = settings_.config_file + ".previous";
  if (before && last_.differs(*before)) {
    // rewrite() puts theirs aside.
    if (known != nullptr)
      if (auto kept = files_.write(previous, known->text()); !kept) return kept;
  } else if (before) {
    if (auto kept = files_.write(previous, *before); !kept) return kept;
  } else if (before.error().kind != errc::not_found) {
    return before.error();
  } else {
    files_.remove(previous);  // one from another time must not pass for the file before this one
  }
  return rewrite(next);
}

status config_store::rewrite(const configuration& next) {
  if (const auto found = files_.read(settings_.config_file, largest_config_file);
      found && last_.differs(*found))
    if (auto kept = keep_edited(*found); !kept) return kept;
  const auto text = next.text();
  if (auto written = files_.write(settings_.config_file, text); !written) return written;
  last_.is(text);
  return {};
}

/// Nothing of somebody else's is lost, and what we wrote is what counts.
status config_store::keep_edited(const std::string& found) {
  const auto path = settings_.config_file + ".edited";
  const auto since = changed_at(settings_.config_file);
  if (auto kept = files_.write(path, found); !kept) return kept;
  edited_ = path;
  edit_ = {since, std::chrono::system_clock::now()};
  return {};
}

bool config_store::edited_around(std::chrono::system_clock::time_point started) const {
  return edit_ && started >= edit_->since - longest_load &&
         started <= edit_->until + std::chrono::seconds(1);
}

status config_store::restore_previous() {
  // A rename takes no room on a full disk.
  const auto previous = settings_.config_file + ".previous";
  const auto renamed = files_.rename(previous, settings_.config_file);
  if (!renamed)
    return error{renamed.error().kind,
                 "the file before cannot be put back: " + renamed.error().message};
  last_.forget();  // load() tells what it is now
  return {};
}

status config_store::keep_loaded(const configuration& running,
                                 std::chrono::system_clock::time_point since) {
  constexpr std::chrono::seconds told_to{1};  // HAProxy tells its start in whole seconds
  const auto text = running.text();
  const auto kept = files_.read(loaded_file(), largest_config_file);
  if (kept && *kept == text) return {};
  const bool may_have_grown = changed_at(settings_.config_file) + told_to >= since;
  if (kept && may_have_grown && has_layout(*kept, running.layout())) return {};
  return files_.write(loaded_file(), text);
}

bool config_store::was_loaded_otherwise(const configuration& file) const {
  const auto kept = files_.read(loaded_file(), largest_config_file);
  return kept && !has_layout(*kept, file.layout());
}

status config_store::restore_loaded() {
  const auto kept = files_.read(loaded_file(), largest_config_file);
  if (!kept) return kept.error();
  const auto now = files_.read(settings_.config_file, largest_config_file);
  if (now && *now == *kept)
    return error{errc::not_found, "HAProxy was loaded with just this file before"};
  // A rename takes no room on a full disk.
  if (!files_.write(settings_.config_file, *kept))
    if (auto renamed = files_.rename(loaded_file(), settings_.config_file); !renamed)
      return renamed;
  last_.forget();
  return {};
}

}  // namespace switchyard::haproxy
