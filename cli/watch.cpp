#include <chrono>
#include <cmath>
#include <iostream>
#include <random>
#include <thread>

#include "base/backoff.hpp"
#include "cli/api_client.hpp"
#include "cli/client.hpp"
#include "cli/sse.hpp"
#include "cli/terminal.hpp"

namespace switchyard::cli {

namespace {

using nlohmann::json;

std::string path_of(const watch_options& options) {
  std::string path = "/v1/events";
  char mark = '?';
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    path.append(1, mark).append(name).append("=").append(url_part(value));
    mark = '&';
  };
  add("backend", options.backend);
  add("provider", options.provider);
  add("kind", options.kind);
  if (options.last > 0) add("last", std::to_string(options.last));
  return path;
}

colour shade_of_level(const std::string& level) {
  if (level == "error" || level == "critical") return colour::red;
  return level == "warning" || level == "warn" ? colour::yellow : colour::none;
}

std::string milliseconds(const json& seconds) {
  if (!seconds.is_number()) return "";
  const auto tenths = std::llround(seconds.get<double>() * 10'000);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

void print_text(const sse_event& event, const json& body) {
  if (event.name == "reset") {
    std::cout << painted("some changes were missed; `switchyard status` shows what is so now",
                         colour::yellow)
              << std::endl;
    return;
  }
  const auto provider = text_at(body, "provider");
  const auto took = milliseconds(member(body, "took_seconds"));
  std::cout << painted(harmless(text_at(body, "time")), colour::faint) << ' '
            << painted(harmless(text_at(body, "text")), shade_of_level(text_at(body, "level")))
            << (provider.empty() ? "" : painted(" [" + harmless(provider) + "]", colour::cyan))
            << (took.empty() ? "" : painted(" (" + took + ")", colour::faint)) << std::endl;
}

/// One JSON object a line.
void print_line(const sse_event& event, json body) {
  if (!body.is_object()) body = json::object();
  if (event.name != "message") body["event"] = event.name;
  std::cout << body.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
}

/// Follows until standard output takes no more, or an answer that trying again does not change.
class watcher {
 public:
  explicit watcher(const watch_options& options) : options_(options) {}

  int run() {
    auto client = api_client::open(options_.client);
    if (!client) return failed("watch", client.error());
    base::backoff retry({std::chrono::milliseconds(200), std::chrono::milliseconds(5'000),
                         std::chrono::milliseconds(10'000)});
    for (;;) {
      parser_.forget_partial();
      const auto ended = client->follow(path_of(options_), parser_.last_id(),
                                        [&](std::string_view bytes) { return take(bytes); });
      if (!std::cout) return 1;
      // Who was never there is not waited for.
      if (!ended && (!connected_ || ended.error().kind != base::errc::unavailable))
        return failed("watch", ended.error());
      std::this_thread::sleep_for(
          retry.failed(std::chrono::steady_clock::now(), std::random_device()()));
    }
  }

 private:
  bool take(std::string_view bytes) {
    connected_ = true;
    for (const auto& event : parser_.feed(bytes)) {
      const auto body = json::parse(event.data, nullptr, false);
      if (options_.client.common.output == output_format::json)
        print_line(event, body);
      else
        print_text(event, body);
    }
    return static_cast<bool>(std::cout);
  }

  const watch_options& options_;
  sse_parser parser_;
  bool connected_ = false;
};

}  // namespace

int watch(const watch_options& options) {
  return watcher(options).run();
}

}  // namespace switchyard::cli
