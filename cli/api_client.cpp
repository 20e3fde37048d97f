#include "cli/api_client.hpp"

#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/net.hpp"
#include "config/load.hpp"

namespace switchyard::cli {

namespace {

using base::errc;
using base::error;
using nlohmann::json;

constexpr std::string_view unix_prefix = "unix:";
constexpr std::chrono::seconds connect_within{5};
constexpr std::chrono::seconds answer_within{70};  // a write may wait a minute for its apply
constexpr std::chrono::seconds silent_stream{45};  // three heartbeats

/// An address that is listened on, as one to connect to.
std::string reachable(base::tcp_address address) {
  if (address.host == "*" || address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return base::to_string(address);
}

base::outcome<std::string> token_in(const std::string& file) {
  auto text = base::read_secret(file);
  if (!text) return error{errc::invalid, "--token-file: " + text.error().message};
  const bool plain = std::ranges::all_of(*text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (text->empty() || !plain)
    return error{errc::invalid, "--token-file: " + file + " must hold one line with the token"};
  return std::move(*text);
}

struct target {
  api_address address;
  std::string token;
};

/// Where the default settings cannot be read (those of a service often are its user's alone), the
/// address that an API has by default is as good. Of settings that were named it is not: another
/// instance may be there.
base::outcome<target> from_settings(const client_options& options) {
  const auto& file = options.common.config;
  const auto [api, unread] = config::load_api(file, config::switchyard_environment());
  const bool named = file != common_options().config;
  const bool told = config::switchyard_environment().contains("SWITCHYARD_API__LISTEN");
  const bool must_be_there = named && (!told || unread->kind == errc::not_found);
  if (unread && (unread->kind == errc::invalid || must_be_there))
    return error{errc::not_found, unread->message +
                                      "; name the settings with --config, or the API with "
                                      "--api URL"};
  if (api.listen.empty())
    return error{errc::not_found, "there is no API: api.listen is null in " + file};
  target found;
  found.token = api.token.value_or("");
  found.address.own = true;
  found.address.remedy =
      unread ? "the settings may name another address, but " + unread->message +
                   "; name settings that you can read with --config, or the API with --api URL"
             : "is switchyard running? Start it (systemctl start switchyard, or "
               "switchyard run --config " +
                   file + "), or name its address with --api URL";
  found.address.url = api.listen;
  if (api.listen.starts_with(unix_prefix)) return found;
  const auto address = base::parse_address(api.listen);
  if (!address) return error{errc::invalid, "api.listen: " + address.error().message};
  found.address.url = (api.certificate ? "https://" : "http://") + reachable(*address);
  return found;
}

base::outcome<target> find(const client_options& options) {
  target found;
  if (options.api.empty()) {
    auto configured = from_settings(options);
    if (!configured) return configured;
    found = std::move(*configured);
  } else {
    auto given = parse_api(options.api);
    if (!given) return given.error();
    found.address = std::move(*given);
  }
  if (!options.token_file.empty()) {
    auto token = token_in(options.token_file);
    if (!token) return token.error();
    found.token = std::move(*token);
  }
  return found;
}

/// The sentence of a problem document; what is none comes from somebody else.
std::string words_of(const httplib::Response& answer, const std::string& url) {
  const auto body = json::parse(answer.body, nullptr, false);
  const auto detail = body.is_object() ? body.value("detail", json()) : json();
  std::string text = detail.is_string() ? detail.get<std::string>()
                                        : "what answers at " + url + " is no switchyard (status " +
                                              std::to_string(answer.status) + ")";
  if (answer.status == 401)
    text += "; --token-file FILE gives the API's token, and so does api.token_file in the settings";
  return text;
}

}  // namespace

struct api_client::connection {
  explicit connection(target t) : to(std::move(t)), http(host_of(to.address.url)) {
    if (to.address.url.starts_with(unix_prefix)) http.set_address_family(AF_UNIX);
    http.set_connection_timeout(connect_within);
    http.set_read_timeout(answer_within);
    http.set_keep_alive(true);
    if (to.address.own) http.enable_server_certificate_verification(false);
  }
  static std::string host_of(const std::string& url) {
    return url.starts_with(unix_prefix) ? url.substr(unix_prefix.size()) : url;
  }
  httplib::Headers fields() const {
    httplib::Headers all{{"Accept", "application/json"}};
    if (to.address.url.starts_with(unix_prefix)) all.emplace("Host", "localhost");
    if (!to.token.empty()) all.emplace("Authorization", "Bearer " + to.token);
    return all;
  }
  error unreachable(httplib::Error why) const {
    return {errc::unavailable, "nobody answers at " + to.address.url + " (" +
                                   httplib::to_string(why) + "); " + to.address.remedy};
  }
  base::outcome<json> read(const httplib::Result& result) const {
    if (!result) return unreachable(result.error());
    if (result->status < 200 || result->status > 299)
      return error{result->status == 404 ? errc::not_found : errc::refused,
                   words_of(*result, to.address.url)};
    auto body = json::parse(result->body, nullptr, false);
    if (body.is_discarded())
      return error{errc::protocol, "what answers at " + to.address.url + " is no switchyard"};
    return body;
  }

  target to;
  httplib::Client http;
};

base::outcome<api_address> parse_api(const std::string& text) {
  api_address address;
  address.remedy = "does switchyard run there, and is --api right?";
  address.url = text;
  if (text.starts_with("unix:/")) return address;
  if (text.find("://") == std::string::npos) address.url = "http://" + text;
  auto rest = std::string_view(address.url);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!rest.starts_with(scheme)) continue;
    rest.remove_prefix(scheme.size());
    while (address.url.ends_with('/') && rest.ends_with('/')) {
      rest.remove_suffix(1);
      address.url.pop_back();
    }
    const auto plain = rest.find_first_of("/?#@ ") == std::string_view::npos;
    if (plain && !rest.empty() && !address.url.starts_with("http://unix:")) return address;
  }
  return error{errc::invalid,
               "--api must be unix:/path, http://HOST:PORT or https://HOST:PORT, not " + text};
}

api_client::api_client(std::unique_ptr<connection> opened) : connection_(std::move(opened)) {}
api_client::~api_client() = default;
api_client::api_client(api_client&&) noexcept = default;
api_client& api_client::operator=(api_client&&) noexcept = default;

base::outcome<api_client> api_client::open(const client_options& options) {
  auto found = find(options);
  if (!found) return found.error();
  return api_client(std::make_unique<connection>(std::move(*found)));
}

const std::string& api_client::url() const {
  return connection_->to.address.url;
}

base::outcome<json> api_client::get(const std::string& path) {
  return connection_->read(connection_->http.Get(path, connection_->fields()));
}

base::outcome<json> api_client::post(const std::string& path) {
  return connection_->read(
      connection_->http.Post(path, connection_->fields(), "", "application/json"));
}

base::outcome<json> api_client::post(const std::string& path, const json& body) {
  return connection_->read(
      connection_->http.Post(path, connection_->fields(), body.dump(), "application/json"));
}

base::outcome<json> api_client::patch(const std::string& path, const json& body) {
  return connection_->read(
      connection_->http.Patch(path, connection_->fields(), body.dump(), "application/json"));
}

base::status api_client::follow(const std::string& path, const std::string& last_id,
                                const std::function<bool(std::string_view)>& take) {
  auto fields = connection_->fields();
  fields.erase("Accept");
  fields.emplace("Accept", "text/event-stream");
  if (!last_id.empty()) fields.emplace("Last-Event-ID", last_id);
  connection_->http.set_read_timeout(silent_stream);
  bool ended = false;
  httplib::Response refused;
  const auto result = connection_->http.Get(
      path, fields,
      [&](const httplib::Response& head) {
        if (head.status != 200) refused.status = head.status;
        return head.status != 200 || take({});
      },
      [&](const char* bytes, std::size_t size) {
        if (refused.status > 0) {
          refused.body.append(bytes, size);
          return true;
        }
        ended = !take({bytes, size});
        return !ended;
      });
  if (ended) return {};
  if (refused.status > 0)
    return error{refused.status == 404 ? errc::not_found : errc::refused, words_of(refused, url())};
  if (!result) return connection_->unreachable(result.error());
  return {};
}

std::string url_part(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      result += c;
    else
      (result += '%').append({digits[byte >> 4U], digits[byte & 15U]});
  }
  return result;
}

}  // namespace switchyard::cli
