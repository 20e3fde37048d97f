#include "haproxy/launch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "haproxy/messages.hpp"

namespace switchyard::haproxy {

namespace {

using base::errc;
using base::error;
using base::status;

/// What HAProxy may know of our environment: enough to find itself and to format its log.
std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> passed;
  for (const char* name : {"PATH", "HOME", "TZ", "LANG"})
    if (const char* value = std::getenv(name)) passed.emplace(name, value);
  return passed;
}

base::command_line command_for(const config::haproxy_settings& settings) {
  base::command_line line;
  line.argv = {settings.binary, "-W", "-S", *settings.master_socket + ",mode,600"};
  if (settings.base_file) line.argv.insert(line.argv.end(), {"-f", *settings.base_file});
  line.argv.insert(line.argv.end(), {"-f", settings.config_file});
  line.environment = environment();
  return line;
}

}  // namespace

status make_folder_of(const std::string& file) {
  constexpr mode_t mode = 0750;
  std::filesystem::path made;
  for (const auto& part : std::filesystem::path(file).parent_path()) {
    made /= part;
    if (::mkdir(made.c_str(), mode) == 0 || errno == EEXIST) continue;
    const int cause = errno;
    if (std::error_code ec; std::filesystem::is_directory(made, ec)) continue;
    return error{errc::io, "cannot create " + made.string() + ": " + std::strerror(cause)};
  }
  return {};
}

void remove_socket(const std::string& path) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) ::unlink(path.c_str());
}

base::outcome<base::child> launch(const config::haproxy_settings& settings) {
  const auto& master_socket = *settings.master_socket;
  // HAProxy reads a comma in -S as the start of the socket's options.
  if (master_socket.find_first_of(", \t\n") != std::string::npos)
    return error{errc::invalid,
                 "master socket " + master_socket + ": the path must not hold a comma or a space"};
  for (const auto& socket : {master_socket, settings.runtime_socket}) {
    if (auto made = make_folder_of(socket); !made) return made.error();
    remove_socket(socket);
  }
  auto messages = open_messages(settings.config_file);
  const auto errors =
      messages ? std::move(messages).value() : base::opened_not_to_wait(STDERR_FILENO);
  const auto output = base::opened_not_to_wait(STDOUT_FILENO);
  return base::child::start(command_for(settings), {-1, output.get(), errors.get()});
}

}  // namespace switchyard::haproxy
