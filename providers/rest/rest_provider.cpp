#include "providers/rest/rest_provider.hpp"

#include <memory>
#include <utility>

#include "providers/rest/rest_look.hpp"
#include "providers/rest/transformer.hpp"
#include "providers/rest/url.hpp"

namespace switchyard::providers::rest {

namespace {

using base::errc;
using base::error;
using level = diagnosis::level;

look_function open(const config::rest_settings& settings) {
  // A function is copied with what it holds, and what is on its way cannot be.
  return [look = std::make_shared<rest_look>(settings)](const base::wakeup* stop) {
    return (*look)(stop);
  };
}

bool loopback(const location& where) {
  return where.socket || where.origin.find("://127.") != std::string::npos ||
         where.origin.find("://localhost:") != std::string::npos ||
         where.origin.find("://[::1]:") != std::string::npos;
}

}  // namespace

base::status check(const config::rest_settings& settings) {
  if (settings.urls.empty()) return error{errc::invalid, "url: must be given"};
  for (std::size_t i = 0; i < settings.urls.size(); ++i) {
    const auto where = parse_url(settings.urls[i]);
    const auto setting = settings.urls.size() == 1 ? "url" : "urls[" + std::to_string(i) + "]";
    if (!where) return error{errc::invalid, setting + ": " + where.error().message};
  }
  return check_program(settings.transform);
}

rest_provider::rest_provider(std::string name, const config::rest_settings& settings)
    : polling_provider(std::move(name), settings.interval, [settings] { return open(settings); }),
      settings_(settings) {}

std::vector<diagnosis> rest_provider::diagnose() {
  std::vector<diagnosis> found;
  const bool secret =
      settings_.token_file || settings_.password_file || !settings_.header_files.empty();
  for (const auto& url : settings_.urls) {
    const auto where = parse_url(url);
    if (!where || where->encrypted() || loopback(*where)) continue;
    if (secret || !where->secrets.empty())
      found.push_back({level::warning, where->shown + " gets a secret without TLS",
                       "use https://, or a Unix socket"});
  }
  return found;
}

std::string rest_provider::remedy(const base::error& why) const {
  const auto says = [&](const char* text) { return why.message.find(text) != std::string::npos; };
  if (says("transform")) return "try the program with jq on the answer (docs/providers/rest.md)";
  if (says("answered 401") || says("answered 403"))
    return "give token_file, username or header_files as the source wants them";
  if (says("answered no document")) return "give transform a jq program that makes the document";
  if (says("certificate")) return "give ca_file the authority that signed the source's certificate";
  if (says("Could not resolve")) return "mend the host in url, or the machine's name resolution";
  if (says("connect")) return "start the source, or mend url or proxy";
  if (says("larger than")) return "ask for less by the URL, or raise max_bytes";
  return "";
}

}  // namespace switchyard::providers::rest
