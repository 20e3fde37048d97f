#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "actors/observer.hpp"
#include "actors/system.hpp"
#include "base/children.hpp"
#include "base/fd.hpp"
#include "base/redact.hpp"
#include "cli/preflight.hpp"
#include "cli/run.hpp"
#include "config/changes.hpp"
#include "config/load.hpp"
#include "config/until_restart.hpp"

namespace switchyard::cli {

namespace {

constexpr std::chrono::milliseconds respite{100};  // when nothing can be waited for

/// SIGTERM, SIGINT, SIGHUP and SIGUSR1, and as process 1 SIGCHLD, as something to read. Made before
/// any thread starts, so that all threads leave these signals to it.
class signals {
 public:
  signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int s : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, s);
    if (::getpid() == 1) sigaddset(&set, SIGCHLD);  // orphans become ours
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    fd_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    why_ = errno;
    std::signal(SIGPIPE, SIG_IGN);
  }

  /// errc::io: the system gives no descriptor for them.
  base::status ready() const {
    if (fd_) return {};
    return base::error{base::errc::io,
                       "signals cannot be read: " + std::string(std::strerror(why_))};
  }
  int fd() const { return fd_.get(); }
  /// The next signal; 0 when there is none.
  int take() const {
    signalfd_siginfo info{};
    return ::read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo)
                                                                : 0;
  }

 private:
  base::unique_fd fd_;
  int why_ = 0;  // there is none
};

/// What made the process end on its own account.
class failure {
 public:
  void set(std::string why) {
    {
      const std::lock_guard lock(mutex_);
      why_ = std::move(why);
    }
    wake_.notify();
  }
  std::optional<std::string> get() const {
    const std::lock_guard lock(mutex_);
    return why_;
  }
  const base::wakeup& wake() const { return wake_; }

 private:
  base::wakeup wake_;
  mutable std::mutex mutex_;
  std::optional<std::string> why_;
};

class daemon {
 public:
  daemon(const common_options& options, config::settings settings, const signals& incoming,
         const actors::child_makers* make)
      : options_(options),
        settings_(std::make_shared<const config::settings>(std::move(settings))),
        started_with_(settings_),
        seen_by_(std::make_shared<actors::observer>(actors::make_log(settings_->log))),
        incoming_(incoming),
        make_(make) {}

  int run() {
    say(level::info, "switchyard " SWITCHYARD_VERSION " starts, settings from " + options_.config);
    actors_ = std::make_unique<actors::system>(
        settings_, seen_by_, [this](std::string why) { failure_.set(std::move(why)); }, make_);
    const auto cause = wait_for_end();
    actors_->ask_to_stop();
    // Not before: whoever reads our standard error may have stopped reading it.
    say(cause.first, cause.second);
    const bool orderly = actors_->stop();
    if (!orderly) say(level::err, "the end was not orderly");
    say(level::info, "ended");
    const int code = failure_.get() || !orderly ? 1 : 0;
    if (!actors_->ended()) {
      seen_by_->log()->flush();
      std::_Exit(code);
    }
    actors_.reset();
    return code;
  }

 private:
  using level = spdlog::level::level_enum;

  /// Why the process has to end, for the log.
  std::pair<level, std::string> wait_for_end() {
    for (;;) {
      const auto what = base::wait_either(incoming_.fd(), failure_.wake(), std::chrono::hours(1));
      if (const auto why = failure_.get()) return {level::err, *why + "; giving up"};
      if (!what) std::this_thread::sleep_for(respite);
      if (!what || *what != base::woken::readable) continue;
      const int number = incoming_.take();
      if (number == SIGHUP) reread();
      if (number == SIGUSR1) toggle_debug();
      if (number == SIGCHLD) base::reap_orphans();
      if (number == SIGTERM || number == SIGINT)
        return {level::info, number == SIGTERM ? "SIGTERM, ending" : "SIGINT, ending"};
    }
  }

  void say(level how, const std::string& text) { seen_by_->say(how, "switchyard", text); }

  /// Between debug and the level of the settings.
  void toggle_debug() {
    using config::log_level;
    const bool debugging = actors::level_of(*seen_by_->log()) == log_level::debug;
    seen_by_->use_level(debugging ? settings_->log.level : log_level::debug);
  }

  void reread() {
    auto next = config::load(options_.config, config::switchyard_environment());
    if (!next) {
      // A line for each mistake.
      std::istringstream mistakes(next.error().message);
      for (std::string line; std::getline(mistakes, line);)
        say(level::err, "the settings stay as they are: " + line);
      return;
    }
    const auto kept = config::keep_until_restart(*started_with_, *settings_, *next);
    for (const auto& name : kept)
      say(level::warn, name + " has changed; that takes effect with the next start");
    auto changed = config::changes(*settings_, *next);
    if (changed.empty())
      changed = kept.empty() ? "nothing has changed" : "nothing else has changed";
    seen_by_->use_level(next->log.level);
    settings_ = std::make_shared<const config::settings>(std::move(next).value());
    actors_->configure(settings_);
    say(level::info, "settings re-read from " + options_.config + ": " + changed);
  }

  common_options options_;
  std::shared_ptr<const config::settings> settings_;
  std::shared_ptr<const config::settings>
      started_with_;  // what needs a restart is in force as it was then
  actors::observer_ptr seen_by_;
  const signals& incoming_;
  const actors::child_makers* make_;
  failure failure_;
  std::unique_ptr<actors::system> actors_;
};

int fail(const base::error& why) {
  std::cerr << "switchyard: " << base::redact(why.message) << '\n';
  return 1;
}

}  // namespace

int run(const common_options& options) {
  return run(options, nullptr);
}

int run(const common_options& options, const actors::child_makers* make) {
  const signals incoming;
  if (auto ready = incoming.ready(); !ready) return fail(ready.error());
  auto settings = config::load(options.config, config::switchyard_environment());
  if (!settings) return fail(settings.error());
  if (auto ready = preflight(*settings); !ready) return fail(ready.error());
  const auto lock = lock_files(*settings);
  if (!lock) return fail(lock.error());
  return daemon(options, std::move(settings).value(), incoming, make).run();
}

}  // namespace switchyard::cli
