#pragma once

// What /metrics shows, and a client of /v1/events.

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/support.hpp"

namespace switchyard::tests {

/// One scrape.
class figures {
 public:
  /// Throws when the answer is none.
  explicit figures(std::uint16_t api_port);

  /// Of `switchyard_servers{state="up"}`, say; nothing when there is no such series.
  std::optional<double> value(std::string_view series) const;
  /// The same, 0 for none.
  double count(std::string_view series) const { return value(series).value_or(0); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// curl, following /v1/events.
class event_reader {
 public:
  /// `last_id`: sent as Last-Event-ID unless it is empty. `authority`: a file of the certificate
  /// authority of an API with TLS. Waits until the stream has begun.
  event_reader(std::uint16_t api_port, const std::string& query = "",
               const std::string& last_id = "", const std::string& authority = "");

  struct event {
    std::string id;
    std::string name;
    nlohmann::json body;
  };
  /// All so far.
  std::vector<event> events() const;
  /// The first so far whose data has this text.
  std::optional<event> with(std::string_view text) const;
  /// Waits for one.
  std::optional<event> await(std::string_view text) const;
  bool running() { return curl_->running(); }

 private:
  temp_dir folder_;
  std::unique_ptr<background_process> curl_;
};

}  // namespace switchyard::tests
