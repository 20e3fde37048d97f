// Checks of the files that hold secrets: nobody else may read them.

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/redact.hpp"
#include "cli/checks.hpp"

namespace switchyard::cli {

namespace {

constexpr std::size_t largest_file = 1U << 20U;

/// A line of YAML without its comment. What is not plain, as an apostrophe in front, leaves it in.
std::string_view without_comment(std::string_view line) {
  char quote = '\0';
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#' && (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t')) {
      return line.substr(0, at);
    }
  }
  return line;
}

std::string without_comments(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    result.append(without_comment(text.substr(0, end))).push_back('\n');
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

bool holds_a_secret(std::string_view settings) {
  const auto text = without_comments(settings);
  return base::redact(text) != text;
}

/// Settings that name files, by the words of the settings.
class secret_files {
 public:
  explicit secret_files(findings& found) : found_(found) {}

  void look(const std::string& setting, const std::string& path) {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) return;  // who needs it says so
    if ((file.st_mode & S_IROTH) == 0)
      return found_.ok("secrets", setting + " " + path + " is not readable by everybody");
    found_.warning("secrets", setting + " " + path + " holds a secret and everybody can read it",
                   "chmod o-rwx " + path);
  }
  void look(const std::string& setting, const std::optional<std::string>& path) {
    if (path) look(setting, *path);
  }
  /// Of files that may hold something else as well, those that hold a key.
  void look_for_key(const std::string& setting, const std::string& path) {
    const auto text = base::read_file(path, largest_file);
    if (text && text->find("PRIVATE KEY-----") != std::string::npos) look(setting, path);
  }

 private:
  findings& found_;
};

struct by_type {
  secret_files& files;
  std::string where;  ///< "provider main-db: "

  void operator()(const config::postgres_settings& s) const {
    files.look(where + "dsn_file", s.dsn_file);
    files.look(where + "password_file", s.password_file);
  }
  void operator()(const config::redis_settings& s) const {
    files.look(where + "password_file", s.password_file);
    files.look(where + "sentinel_password_file", s.sentinel_password_file);
    key_of(s);
  }
  void operator()(const config::rest_settings& s) const {
    files.look(where + "token_file", s.token_file);
    files.look(where + "password_file", s.password_file);
    for (const auto& [name, file] : s.header_files)
      files.look(where + "header_files." + name, file);
    key_of(s);
  }
  template <class Other>
  void operator()(const Other&) const {}

  template <class Settings>
  void key_of(const Settings& s) const {
    files.look(where + "key_file", s.key_file);
    if (!s.key_file && s.certificate_file)
      files.look_for_key(where + "certificate_file", *s.certificate_file);
  }
};

void check_certificate_keys(const config::settings& settings, secret_files& files) {
  for (const auto& frontend : settings.frontends)
    for (const auto& bind : frontend.binds) {
      if (!bind.certificates) continue;
      const auto setting = "frontend " + frontend.name + ": certificates";
      std::error_code unreadable;
      const std::filesystem::directory_iterator folder(*bind.certificates, unreadable);
      // A folder's files have theirs among them.
      if (unreadable)
        for (const auto* ending : {"", ".key"})
          files.look_for_key(setting, *bind.certificates + ending);
      for (const auto& entry : folder) files.look_for_key(setting, entry.path());
    }
}

}  // namespace

void check_secrets(const common_options& options, const config::settings& settings,
                   findings& found) {
  secret_files files(found);
  const auto text = base::read_file(options.config, largest_file);
  if (text && holds_a_secret(*text)) files.look("the settings", options.config);
  for (const auto& p : settings.providers)
    std::visit(by_type{files, "provider " + p.name + ": "}, p.source);
  check_certificate_keys(settings, files);
  const auto& api = settings.api;
  files.look("api.token_file", api.token_file);
  files.look("api.key", api.key);
  if (!api.key && api.certificate) files.look_for_key("api.certificate", *api.certificate);
}

}  // namespace switchyard::cli
