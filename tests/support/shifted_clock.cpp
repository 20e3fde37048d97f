#include "tests/support/shifted_clock.hpp"

#include <filesystem>

namespace switchyard::tests {

namespace {

namespace fs = std::filesystem;

/// Debian keeps it below the folder of the machine's architecture.
std::string library() {
  std::error_code none;
  for (const auto& folder : fs::directory_iterator("/usr/lib", none)) {
    const auto file = folder.path() / "faketime/libfaketimeMT.so.1";
    if (fs::exists(file, none)) return file.string();
  }
  return "";
}

}  // namespace

bool shifted_clock::available() {
  return !library().empty();
}

shifted_clock::shifted_clock() {
  set(std::chrono::seconds(0));
}

bool shifted_clock::goes_with(const std::string& program) {
  auto environment = shifted_clock().environment();
  environment.emplace("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
  const auto version = base::run(
      {.argv = {program, "-v"}, .environment = environment, .deadline = std::chrono::seconds(5)});
  return version && version->exit_code == 0 && !contains(version->output, "libfaketime");
}

std::map<std::string, std::string> shifted_clock::environment(bool libc_memory) const {
  return {{"LD_PRELOAD", library() + (libc_memory ? ":libc.so.6" : "")},
          {"FAKETIME_TIMESTAMP_FILE", folder_ / "ahead"},
          {"FAKETIME_NO_CACHE", "1"},
          {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
          {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
}

void shifted_clock::set(std::chrono::seconds ahead) {
  // In one step: it is read at any moment.
  const auto seconds = std::to_string(ahead.count());
  write_text(folder_ / "next", (ahead.count() < 0 ? "" : "+") + seconds + "\n");
  fs::rename(folder_ / "next", folder_ / "ahead");
  ahead_ = ahead;
}

std::chrono::system_clock::time_point shifted_clock::now() const {
  return std::chrono::system_clock::now() + ahead_;
}

}  // namespace switchyard::tests
