#include "actors/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace switchyard::actors {

namespace {

spdlog::level::level_enum to_spdlog(config::log_level level) {
  switch (level) {
    case config::log_level::trace:
      return spdlog::level::trace;
    case config::log_level::debug:
      return spdlog::level::debug;
    case config::log_level::info:
      return spdlog::level::info;
    case config::log_level::warn:
      return spdlog::level::warn;
    case config::log_level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// One JSON object a line: time (RFC 3339, UTC, milliseconds), level, message.
class json_formatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    time_.format(msg, stamp_);
    const auto level = spdlog::level::to_string_view(msg.level);
    const nlohmann::json line{
        {"time", std::string(stamp_.data(), stamp_.size())},
        {"level", std::string(level.data(), level.size())},
        {"message", std::string(msg.payload.data(), msg.payload.size())},
    };
    stamp_.clear();
    const auto text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    out.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>();
  }

 private:
  spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%eZ", spdlog::pattern_time_type::utc, ""};
  spdlog::memory_buf_t stamp_;
};

/// `<N>message` with syslog's priority, as sd-daemon(3) describes.
class journal_formatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    const auto* priority = "<6>";
    if (msg.level <= spdlog::level::debug) priority = "<7>";
    if (msg.level == spdlog::level::warn) priority = "<4>";
    if (msg.level >= spdlog::level::err) priority = "<3>";
    out.append(priority, priority + 3);
    out.append(msg.payload.data(), msg.payload.data() + msg.payload.size());
    out.push_back('\n');
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<journal_formatter>();
  }
};

}  // namespace

log_ptr make_log(const config::log_settings& settings) {
  auto log = std::make_shared<spdlog::logger>("switchyard",
                                              std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (settings.format == config::log_format::json)
    log->set_formatter(std::make_unique<json_formatter>());
  else if (std::getenv("JOURNAL_STREAM") != nullptr)
    log->set_formatter(std::make_unique<journal_formatter>());
  else
    log->set_pattern("%Y-%m-%d %H:%M:%S.%e %-5l %v");
  set_level(*log, settings.level);
  log->flush_on(spdlog::level::info);
  return log;
}

log_ptr make_silent_log() {
  return std::make_shared<spdlog::logger>("switchyard",
                                          std::make_shared<spdlog::sinks::null_sink_mt>());
}

void set_level(spdlog::logger& log, config::log_level level) {
  log.set_level(to_spdlog(level));
}

}  // namespace switchyard::actors
