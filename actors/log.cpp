#include "actors/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>

#include "actors/log_queue.hpp"
#include "base/characters.hpp"
#include "base/redact.hpp"
#include "base/text.hpp"

namespace switchyard::actors {

namespace {

// Of the line that this thread is writing: spdlog 1.10 carries none, and its sinks format on the
// calling thread.
thread_local const log_fields* fields_of_line = nullptr;

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

double in_seconds(std::chrono::nanoseconds d) {
  return std::chrono::duration<double>(d).count();
}

/// What a text line tells besides: "(main-db, revision 12, 0.8 ms)".
std::string in_parentheses(const log_fields& fields) {
  std::string text;
  const auto add = [&](const std::string& part) { (text += text.empty() ? " (" : ", ") += part; };
  if (!fields.provider.empty()) add(std::string(fields.provider));
  if (fields.revision != 0) add("revision " + std::to_string(fields.revision));
  if (const auto time = fields.propagation ? fields.propagation : fields.took) {
    char number[32];
    std::snprintf(number, sizeof number, "%.1f ms", in_seconds(*time) * 1000);
    add(number);
  }
  return text.empty() ? text : text + ")";
}

std::string sentence_of(const spdlog::details::log_msg& msg) {
  return base::redact({msg.payload.data(), msg.payload.size()});
}

/// One line, whatever a value from outside holds.
std::string on_one_line(const std::string& text) {
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == '\t')
      line += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    else
      line += c;
  }
  return base::without_controls(line);
}

/// `<N>` with syslog's priority, as sd-daemon(3) describes.
std::string_view priority_of(spdlog::level::level_enum level) {
  if (level <= spdlog::level::debug) return "<7>";
  if (level == spdlog::level::warn) return "<4>";
  return level >= spdlog::level::err ? "<3>" : "<6>";
}

/// A line of either format, behind journald's priority where the journal reads it.
class line_formatter : public spdlog::formatter {
 public:
  explicit line_formatter(bool journal) : journal_(journal) {}

  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) final {
    const auto append = [&](std::string_view text) {
      out.append(text.data(), text.data() + text.size());
    };
    if (journal_) append(priority_of(msg.level));
    append(line(msg));
    out.push_back('\n');
  }

 protected:
  virtual std::string line(const spdlog::details::log_msg& msg) = 0;

  bool journal() const { return journal_; }
  static std::string time_of(const spdlog::details::log_msg& msg,
                             spdlog::pattern_formatter& pattern) {
    spdlog::memory_buf_t stamp;
    pattern.format(msg, stamp);
    return {stamp.data(), stamp.size()};
  }

 private:
  bool journal_;
};

/// One JSON object a line: time (RFC 3339, UTC, milliseconds), level, message, fields.
class json_formatter final : public line_formatter {
 public:
  using line_formatter::line_formatter;
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_formatter>(journal());
  }

 private:
  std::string line(const spdlog::details::log_msg& msg) override {
    const auto level = spdlog::level::to_string_view(msg.level);
    nlohmann::ordered_json object{
        {"time", time_of(msg, time_)},
        {"level", std::string(level.data(), level.size())},
        {"message", sentence_of(msg)},
    };
    if (fields_of_line != nullptr) add(*fields_of_line, object);
    return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }

  static void add(const log_fields& fields, nlohmann::ordered_json& to) {
    const auto text = [&](const char* name, std::string_view value) {
      if (!value.empty()) to[name] = value;
    };
    text("kind", fields.kind);
    text("provider", fields.provider);
    text("backend", fields.backend);
    text("server", fields.server);
    if (fields.revision != 0) to["revision"] = fields.revision;
    if (fields.took) to["took_seconds"] = in_seconds(*fields.took);
    if (fields.propagation) to["propagation_seconds"] = in_seconds(*fields.propagation);
  }

  spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%eZ", spdlog::pattern_time_type::utc, ""};
};

/// "2026-01-31 08:15:30.123 info  sentence (fields)"; the journal has a time and a level itself.
class text_formatter final : public line_formatter {
 public:
  using line_formatter::line_formatter;
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<text_formatter>(journal());
  }

 private:
  std::string line(const spdlog::details::log_msg& msg) override {
    auto text = journal() ? std::string() : time_of(msg, head_);
    text += on_one_line(sentence_of(msg));
    if (fields_of_line != nullptr) text += in_parentheses(*fields_of_line);
    return text;
  }

  spdlog::pattern_formatter head_{"%Y-%m-%d %H:%M:%S.%e %-5l ", spdlog::pattern_time_type::local,
                                  ""};
};

std::unique_ptr<spdlog::formatter> make_formatter(config::log_format format, bool journal) {
  if (format == config::log_format::json) return std::make_unique<json_formatter>(journal);
  return std::make_unique<text_formatter>(journal);
}

/// Standard error, which keeps nobody waiting who has a line for it.
class patient_sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit patient_sink(std::shared_ptr<spdlog::formatter> of_gaps)
      : queue_(STDERR_FILENO, [of_gaps = std::move(of_gaps)](std::size_t dropped) {
          const auto text = base::counted(dropped, "line") +
                            " of the log left out here: standard error took no more";
          spdlog::memory_buf_t line;
          of_gaps->format({"switchyard", spdlog::level::warn, text}, line);
          return std::string(line.data(), line.size());
        }) {}

 private:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    spdlog::memory_buf_t line;
    formatter_->format(msg, line);
    queue_.put({line.data(), line.size()});
  }
  void flush_() override { queue_.flush(); }

  log_queue queue_;
};

/// Whether standard error is the stream that systemd has connected to the journal: JOURNAL_STREAM
/// names its device and inode, and is inherited by programs whose output goes elsewhere.
bool is_journal(int fd) {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  return stream != nullptr && ::fstat(fd, &status) == 0 &&
         std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

}  // namespace

log_ptr make_log(const config::log_settings& settings) {
  const bool journal = is_journal(STDERR_FILENO);
  spdlog::sink_ptr sink;
  try {
    sink = std::make_shared<patient_sink>(make_formatter(settings.format, journal));
  } catch (const std::system_error&) {  // no thread to be had
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  auto log = std::make_shared<spdlog::logger>("switchyard", std::move(sink));
  log->set_formatter(make_formatter(settings.format, journal));
  set_level(*log, settings.level);
  return log;
}

log_ptr make_silent_log() {
  return std::make_shared<spdlog::logger>("switchyard",
                                          std::make_shared<spdlog::sinks::null_sink_mt>());
}

void write(spdlog::logger& log, spdlog::level::level_enum level, std::string_view text,
           const log_fields& fields) {
  fields_of_line = &fields;
  log.log(level, spdlog::string_view_t(text.data(), text.size()));
  fields_of_line = nullptr;
}

void set_level(spdlog::logger& log, config::log_level level) {
  log.set_level(to_spdlog(level));
}

config::log_level level_of(const spdlog::logger& log) {
  using config::log_level;
  for (const auto level : {log_level::trace, log_level::debug, log_level::info, log_level::warn})
    if (log.level() == to_spdlog(level)) return level;
  return log_level::error;
}

}  // namespace switchyard::actors
