#pragma once

// A running switchyard whose HTTP API is asked. Every answer is held against the API's description.

#include <boost/test/unit_test.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/api/description.hpp"
#include "tests/integration/site.hpp"

namespace switchyard::tests {

using nlohmann::json;

inline const std::string by_hand = "  - {name: manual, type: memory}\n";

struct answer {
  int status = 0;
  json body;
  std::string head;

  std::string etag() const {
    const auto at = head.find("ETag: ");
    return at == std::string::npos ? "" : head.substr(at + 6, head.find('\r', at) - at - 6);
  }
};

struct running_api {
  http_upstream one{"srv1"}, two{"srv2"};
  schema db;
  description described;
  std::string token;  ///< sent when set
  std::unique_ptr<site> all;

  explicit running_api(const site_options& options = {}, bool manual = true,
                       const std::string& with_token = "")
      : token(with_token) {
    db.sql(insert_server("api-backend", "srv1", one.port()));
    all = std::make_unique<site>(db.provider_yaml() + (manual ? by_hand : ""), options);
    BOOST_REQUIRE(all->answered_by({"srv1"}));
    BOOST_REQUIRE(eventually([&] { return get("/readyz").status == 200; }));
  }

  /// `path` is that of `pattern`, with a query if need be.
  answer ask(const std::string& method, const std::string& pattern, const std::string& path,
             const std::string& body = "", const std::string& fields = "") const {
    const auto bearer = token.empty() ? "" : "Authorization: Bearer " + token + "\r\n";
    return ask_raw(method, pattern, path, body, bearer + fields);
  }
  /// The same without the token, whatever comes of it.
  answer ask_raw(const std::string& method, const std::string& pattern, const std::string& path,
                 const std::string& body, const std::string& fields) const {
    const auto got = http_ask(all->api_port(), method, path, body, fields);
    auto verb = method;
    for (char& c : verb) c = static_cast<char>(c | 0x20);
    const auto fault = described.undescribed(verb, pattern, got);
    BOOST_TEST(fault.empty(), method << " " << path << ": " << fault);
    return {got.status, json::parse(got.body, nullptr, false), got.head};
  }
  answer get(const std::string& path) const { return ask("GET", path, path); }
  answer backend(const std::string& name) const {
    return ask("GET", "/v1/backends/{name}", "/v1/backends/" + name);
  }
  answer put(const std::string& name, const json& body, const std::string& fields = "",
             const std::string& query = "") const {
    return ask("PUT", "/v1/backends/{name}", "/v1/backends/" + name + query, body.dump(), fields);
  }
  answer remove(const std::string& name, const std::string& fields = "",
                const std::string& query = "") const {
    return ask("DELETE", "/v1/backends/{name}", "/v1/backends/" + name + query, "", fields);
  }
  answer patch(const std::string& name, const std::string& server, const json& body,
               const std::string& fields = "", const std::string& query = "?wait=20s") const {
    return ask("PATCH", "/v1/backends/{name}/servers/{server}",
               "/v1/backends/" + name + "/servers/" + server + query, body.dump(), fields);
  }
};

inline json document(const std::vector<const http_upstream*>& servers) {
  json list = json::array();
  for (const auto* s : servers)
    list.push_back({{"name", s->name()}, {"address", "127.0.0.1"}, {"port", s->port()}});
  return {{"servers", list}};
}

/// A path with names for its {parameters}.
inline std::string with_parameters(std::string path) {
  for (const auto& [parameter, value] :
       {std::pair<std::string, std::string>{"{name}", "api-backend"},
        {"{server}", "srv1"},
        {"{id}", "1"}})
    if (const auto at = path.find(parameter); at != std::string::npos)
      path.replace(at, parameter.size(), value);
  return path;
}

/// A site whose API needs a token.
struct with_token : running_api {
  static inline const std::string secret = "0123456789abcdef0123456789abcdef";

  explicit with_token(site_options options = {})
      : running_api(with_file(std::move(options)), true, secret) {}

  static std::string token_file() {
    static const temp_dir files;
    return files / "token";
  }
  static site_options with_file(site_options o) {
    write_text(token_file(), secret + "\n");
    o.api = "token_file: " + token_file();
    return o;
  }
  /// Without the token, and with another one, every route is refused; with it none is.
  void every_route_needs_it() const {
    for (const auto& operation : described.operations()) {
      const auto method = operation.substr(0, operation.find(' '));
      const auto pattern = operation.substr(operation.find(' ') + 1);
      auto path = with_parameters(pattern);
      if (path == "/v1/events") path += "?last=no-number";  // else the answer would not end
      const auto ask_as = [&](const std::string& authorization) {
        return ask_raw(method, pattern, path, "", authorization).status;
      };
      BOOST_TEST(ask_as("") == 401, operation);
      BOOST_TEST(ask_as("Authorization: Bearer " + std::string(32, 'x') + "\r\n") == 401,
                 operation);
      BOOST_TEST(ask_as("Authorization: Bearer " + secret + "\r\n") != 401, operation);
    }
    BOOST_TEST(http_ask(all->api_port(), "GET", "/no/such/thing").status == 401);
    BOOST_TEST(!all->log_has(secret));
  }
};

}  // namespace switchyard::tests
