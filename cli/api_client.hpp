#pragma once

// The HTTP API of a running switchyard, as the client commands ask it.
//
// Threading: one thread. Every call has a deadline, follow() apart, which lasts as long as its
// stream.

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/outcome.hpp"
#include "cli/commands.hpp"

namespace switchyard::cli {

/// Where an API is.
struct api_address {
  std::string url;   ///< "http://127.0.0.1:9090", "https://…" or "unix:/path"
  bool own = false;  ///< from the settings, and so of this machine: its certificate proves nothing
  std::string remedy;  ///< what to do when nobody answers there
};

/// From "unix:/path", "http://HOST:PORT", "https://HOST:PORT" or "HOST:PORT". errc::invalid.
base::outcome<api_address> parse_api(const std::string& text);

class api_client {
 public:
  /// At --api, else where the settings say. The token is that of --token-file, else of the
  /// settings. errc::invalid: unusable options; errc::not_found: no settings, or no API in them.
  static base::outcome<api_client> open(const client_options& options);
  ~api_client();
  api_client(api_client&&) noexcept;
  api_client& operator=(api_client&&) noexcept;

  /// The JSON of an answer with status 200 to 299. errc::unavailable: nobody answers, with the
  /// address that was tried and the remedy; errc::not_found (404); errc::refused: any other status,
  /// with the words of the problem document; errc::protocol: it is no JSON.
  base::outcome<nlohmann::json> get(const std::string& path);
  /// Without a body.
  base::outcome<nlohmann::json> post(const std::string& path);
  base::outcome<nlohmann::json> post(const std::string& path, const nlohmann::json& body);
  base::outcome<nlohmann::json> patch(const std::string& path, const nlohmann::json& body);

  /// Gives the bytes of a long-lived answer to `take` as they come, none at its begin; a `take`
  /// that returns false ends it. `last_id`: sent as Last-Event-ID unless it is empty. Success: the
  /// other side has ended it.
  base::status follow(const std::string& path, const std::string& last_id,
                      const std::function<bool(std::string_view)>& take);

  const std::string& url() const;

 private:
  struct connection;
  explicit api_client(std::unique_ptr<connection> opened);

  std::unique_ptr<connection> connection_;
};

/// A text as a segment of a path or a value of a query.
std::string url_part(std::string_view text);

}  // namespace switchyard::cli
