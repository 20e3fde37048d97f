#include "api/access.hpp"

#include <algorithm>
#include <cctype>

#include "api/problem.hpp"
#include "model/backend.hpp"

namespace switchyard::api {

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// The host of "host:port", "[v6]:port" or either without a port.
std::string_view without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool ours(const access_policy& policy, std::string_view authority) {
  const auto host = lower(without_port(authority));
  return host == "localhost" || model::canonical_ip(host).has_value() ||
         std::ranges::find(policy.hosts, host, lower) != policy.hosts.end();
}

/// "Bearer TOKEN" (RFC 6750, section 2.1).
std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (lower(authorization.substr(0, scheme.size())) != scheme) return {};
  auto token = authorization.substr(scheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  return token;
}

}  // namespace

bool is_loopback(std::string_view ip) {
  const auto canonical = model::canonical_ip(ip);
  return canonical && (canonical->starts_with("127.") || *canonical == "::1");
}

bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto at = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(given[i] ^ at));
  }
  return difference == 0 && !secret.empty();
}

std::optional<reply> refuse(const access_policy& policy, const request& r) {
  if (policy.token && !same_secret(bearer(r.field("authorization")), *policy.token)) {
    auto refusal = problem(401,
                           "a token is required: send what api.token_file holds in the header "
                           "Authorization, with the scheme Bearer");
    refusal.fields["WWW-Authenticate"] = "Bearer realm=\"switchyard\"";
    return refusal;
  }
  // Clients of HTTP/1.0 may leave it out, browsers never do.
  const auto host = r.field("host");
  if (!host.empty() && !ours(policy, host))
    return problem(421, "this API is not known as " + model::quoted(host) +
                            "; ask by IP address or localhost, or list the name under api.hosts");
  const auto origin = r.field("origin");
  const auto own = (policy.tls ? "https://" : "http://") + std::string(host);
  const auto site = r.field("sec-fetch-site");
  const bool foreign = (!origin.empty() && lower(origin) != lower(own)) || site == "cross-site" ||
                       site == "same-site";
  if (foreign) return problem(403, "requests of web pages of another origin are refused");
  return std::nullopt;
}

}  // namespace switchyard::api
