#include "providers/rest/url.hpp"

#include <curl/curl.h>

#include <memory>

namespace switchyard::providers::rest {

namespace {

using base::errc;
using base::error;

constexpr std::string_view socket_scheme = "unix:";

/// libcurl's own parser, so that we judge what it will ask.
class parsed_url {
 public:
  parsed_url() : handle_(::curl_url()) {}

  CURLUcode parse(const std::string& text, unsigned flags = 0) {
    return ::curl_url_set(handle_.get(), CURLUPART_URL, text.c_str(), flags);
  }
  /// "" when the URL has no such part.
  std::string part(CURLUPart which, unsigned flags = 0) const {
    char* text = nullptr;
    if (::curl_url_get(handle_.get(), which, &text, flags) != CURLUE_OK) return {};
    std::string result = text;
    ::curl_free(text);
    return result;
  }
  void drop(CURLUPart which) { ::curl_url_set(handle_.get(), which, nullptr, 0); }

 private:
  struct closer {
    void operator()(CURLU* handle) const { ::curl_url_cleanup(handle); }
  };
  std::unique_ptr<CURLU, closer> handle_;
};

/// A part as it is written, and as it is meant.
void note_secret(const parsed_url& url, CURLUPart which, std::vector<std::string>& secrets) {
  for (const unsigned flags : {0U, static_cast<unsigned>(CURLU_URLDECODE)})
    if (auto secret = url.part(which, flags); !secret.empty()) secrets.push_back(std::move(secret));
}

base::outcome<location> parse_http(const std::string& text) {
  parsed_url url;
  if (const auto code = url.parse(text, CURLU_NON_SUPPORT_SCHEME); code != CURLUE_OK)
    return error{errc::invalid, std::string("is no URL: ") + ::curl_url_strerror(code)};
  const auto scheme = url.part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    return error{errc::invalid, "must begin with http://, https:// or unix:/"};
  location result;
  note_secret(url, CURLUPART_QUERY, result.secrets);
  note_secret(url, CURLUPART_PASSWORD, result.secrets);
  result.user = url.part(CURLUPART_USER, CURLU_URLDECODE);
  result.password = url.part(CURLUPART_PASSWORD, CURLU_URLDECODE);
  for (const auto which : {CURLUPART_FRAGMENT, CURLUPART_PASSWORD, CURLUPART_USER}) url.drop(which);
  result.url = url.part(CURLUPART_URL);
  const bool query = !url.part(CURLUPART_QUERY).empty();
  url.drop(CURLUPART_QUERY);
  result.shown = url.part(CURLUPART_URL) + (query ? "?…" : "");
  result.origin = scheme + "://" + url.part(CURLUPART_HOST) + ":" +
                  url.part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return result;
}

base::outcome<location> parse_socket(std::string_view text) {
  text.remove_prefix(socket_scheme.size());
  const auto colon = text.find(":/");
  if (!text.starts_with('/') || colon == std::string_view::npos)
    return error{errc::invalid,
                 "must name a socket and a path: unix:/run/docker.sock:/containers/json"};
  const std::string socket(text.substr(0, colon));
  auto result = parse_http("http://localhost" + std::string(text.substr(colon + 1)));
  if (!result) return result;
  constexpr std::string_view host = "http://localhost";
  result->shown = std::string(socket_scheme) + socket + ":" + result->shown.substr(host.size());
  result->origin = std::string(socket_scheme) + socket;
  result->socket = socket;
  return result;
}

}  // namespace

base::outcome<location> parse_url(std::string_view text) {
  if (text.starts_with(socket_scheme)) return parse_socket(text);
  return parse_http(std::string(text));
}

std::vector<std::string> secrets_in(const std::string& url) {
  std::vector<std::string> secrets;
  parsed_url parsed;
  if (parsed.parse(url, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK)
    note_secret(parsed, CURLUPART_PASSWORD, secrets);
  return secrets;
}

std::string with_query(const std::string& url, std::string_view more) {
  return url + (url.find('?') == std::string::npos ? '?' : '&') + std::string(more);
}

}  // namespace switchyard::providers::rest
