#pragma once

// HTTP requests on their way, by libcurl's multi interface: connections are kept and reused.
//
// Threading: one thread. Destroying it gives up what is on its way, without waiting.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/outcome.hpp"
#include "providers/rest/identity.hpp"

namespace switchyard::providers::rest {

struct request {
  std::string url;
  std::optional<std::string> socket{};  ///< a Unix socket
  std::vector<std::string> fields{};    ///< "Name: value"
  identity who{};                       ///< its fields besides
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds timeout{};  ///< of all of it
  std::size_t max_bytes = 0;            ///< of the body, unpacked
  std::optional<std::string> proxy{};   ///< nothing: none, whatever the environment says
  std::optional<std::string> ca_file{};
  std::optional<std::string> certificate_file{};
  std::optional<std::string> key_file{};
};

/// A whole answer, whatever its status.
struct answer {
  long status = 0;
  std::string body{};
  std::string etag{};
  std::string last_modified{};
  /// From Last-Modified to Date; nothing where one of them is missing or no date.
  std::optional<std::chrono::seconds> age{};
  std::string index{};  ///< X-Consul-Index
  std::string content_type{};
  std::string redirect{};  ///< the absolute URL that a 3xx leads to
  std::chrono::seconds retry_after{0};
};

class transfers {
 public:
  transfers();
  ~transfers();
  transfers(const transfers&) = delete;
  transfers& operator=(const transfers&) = delete;

  struct finished {
    std::size_t id;
    /// errc::unavailable: not reached, or not resolved; errc::timeout; errc::refused: TLS;
    /// errc::protocol: cut, or no HTTP; errc::invalid: too large, or unusable settings. The message
    /// is libcurl's and may hold parts of the URL.
    base::outcome<answer> result;
  };

  /// Begins a request. `id` has none on its way.
  void start(std::size_t id, const request& what);
  /// Waits until at least one has ended, at most `longest`, less when `stop` is notified (may be
  /// null).
  std::vector<finished> wait(std::chrono::milliseconds longest, const base::wakeup* stop);
  bool idle() const { return running_.empty(); }

 private:
  class transfer;
  struct multi_closer {
    void operator()(void* multi) const;
  };

  std::vector<finished> collect();

  std::unique_ptr<void, multi_closer> multi_;
  std::map<std::size_t, std::unique_ptr<transfer>> running_;
};

}  // namespace switchyard::providers::rest
