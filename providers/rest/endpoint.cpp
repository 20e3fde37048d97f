#include "providers/rest/endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/duration.hpp"
#include "base/text.hpp"

namespace switchyard::providers::rest {

namespace {

using std::chrono::milliseconds;

/// What was changed as lately may be changed again without another time stamp.
constexpr std::chrono::seconds least_age{1};

constexpr long ok = 200;
constexpr long not_modified = 304;
constexpr long too_many_requests = 429;
constexpr long service_unavailable = 503;

bool is_redirect(long status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

/// Nothing when the text is no number.
std::optional<std::uint64_t> number_in(const std::string& text) {
  std::uint64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc() || at != end) return {};
  return number;
}

}  // namespace

endpoint::endpoint(const config::rest_settings& settings, location where)
    : settings_(settings),
      where_(std::move(where)),
      target_(where_),
      schedule_(settings.interval) {}

/// How long the source may think about it.
milliseconds endpoint::patience() const {
  if (index_ == 0) return {};
  // Consul adds up to a sixteenth, so that not all clients come back together.
  return settings_.wait + settings_.wait / 16;
}

/// A Last-Modified counts where the source's clock has gone past it (RFC 9110, section 8.8.2.2).
/// Many a source makes its ETag of the same time stamp.
std::vector<std::string> endpoint::conditions() const {
  std::vector<std::string> fields;
  if (began_ >= whole_at_ || (good_.age && *good_.age < least_age)) return fields;
  if (!good_.etag.empty()) fields.push_back("If-None-Match: " + good_.etag);
  if (!good_.last_modified.empty() && good_.age)
    fields.push_back("If-Modified-Since: " + good_.last_modified);
  return fields;
}

request endpoint::next(const identity& who, clock::time_point now) {
  if (redirects_ == 0) began_ = now;
  const auto left =
      settings_.timeout + patience() - std::chrono::duration_cast<milliseconds>(now - began_);
  request what{.url = target_.url, .socket = target_.socket};
  if (index_ != 0)
    what.url = with_query(
        what.url,
        "index=" + std::to_string(index_) + "&wait=" +
            std::to_string(std::chrono::ceil<std::chrono::seconds>(settings_.wait).count()) + "s");
  what.fields = conditions();
  // Who we are is for the one whom the settings name.
  if (target_.origin == where_.origin) {
    what.who = who;
    if (who.user.empty()) {
      what.who.user = where_.user;
      what.who.password = where_.password;
    }
    what.certificate_file = settings_.certificate_file;
    what.key_file = settings_.key_file;
  }
  what.connect_timeout = settings_.connect_timeout;
  what.timeout = std::max(std::min(settings_.request_timeout + patience(), left), milliseconds(1));
  what.max_bytes = settings_.max_bytes;
  what.proxy = settings_.proxy;
  what.ca_file = settings_.ca_file;
  due_ = clock::time_point::max();
  return what;
}

void endpoint::give_up(clock::time_point now) {
  if (due_ != clock::time_point::max()) return;
  redirects_ = 0;
  target_ = where_;
  due_ = now;
}

endpoint::verdict endpoint::take(base::outcome<answer> got, clock::time_point now,
                                 std::uint32_t random) {
  if (!got) {
    reject(got.error().message, now, random);
    return verdict::settled;
  }
  latest_ = *std::move(got);
  if (is_redirect(latest_.status)) return redirected(latest_, now, random);
  if (latest_.status == not_modified && view_) return good(now, random);
  if (latest_.status != ok) return refused(latest_, now, random);
  if (view_ && latest_.body == good_.body) return good(now, random);
  return verdict::read;
}

endpoint::verdict endpoint::redirected(const answer& got, clock::time_point now,
                                       std::uint32_t random) {
  auto to = parse_url(got.redirect);
  const auto status = "answered " + std::to_string(got.status);
  // Only the settings lead to a Unix socket.
  if (!to || to->socket) {
    reject(status + " without a usable Location", now, random);
  } else if (target_.encrypted() && !to->encrypted()) {
    reject(status + ", which leads to " + to->shown + ", out of TLS: not followed", now, random);
  } else if (redirects_ >= settings_.max_redirects) {
    reject(status + ", which leads to " + to->shown +
               (settings_.max_redirects == 0 ? ": give that URL, or set max_redirects"
                                             : ": more than max_redirects"),
           now, random);
  } else {
    ++redirects_;
    // A socket has no other hosts.
    if (target_.socket) {
      to->socket = target_.socket;
      to->origin = target_.origin;
    }
    target_ = *std::move(to);
    due_ = now;
    return verdict::again;
  }
  return verdict::settled;
}

endpoint::verdict endpoint::refused(const answer& got, clock::time_point now,
                                    std::uint32_t random) {
  auto why = "answered " + std::to_string(got.status);
  const bool busy = got.status == too_many_requests || got.status == service_unavailable;
  const auto asked = busy ? std::min<std::chrono::seconds>(got.retry_after, longest_retry_after)
                          : std::chrono::seconds(0);
  if (asked.count() > 0) why += " and asks to come back in " + base::format_duration(asked);
  if (got.status == not_modified) why += " to a question without a condition";
  reject(why, now, random);
  due_ = std::max(due_, now + asked);
  return verdict::settled;
}

void endpoint::accept(model::report view, clock::time_point now, std::uint32_t random) {
  view_ = std::move(view);
  good_.body = std::move(latest_.body);
  good(now, random);
}

/// The answer counts, whether or not it holds news.
endpoint::verdict endpoint::good(clock::time_point now, std::uint32_t random) {
  const bool whole = latest_.status == ok;
  if (whole || !latest_.etag.empty()) good_.etag = latest_.etag;
  if (whole || !latest_.last_modified.empty()) good_.last_modified = latest_.last_modified;
  if (whole) {
    good_.age = latest_.age;
    whole_at_ = now + longest_conditional;
  }
  settled_ = true;
  fault_.clear();
  note_.clear();
  redirects_ = 0;
  target_ = where_;
  due_ = now + schedule_.after_success(random);
  if (settings_.long_poll == config::rest_long_poll::consul) follow_index(latest_.index, now);
  latest_ = {};
  return verdict::settled;
}

/// The rules of Consul's "Blocking Queries": an index that went back is forgotten, and none is
/// below 1.
void endpoint::follow_index(const std::string& told, clock::time_point now) {
  const auto before = index_;
  auto number = number_in(told);
  if (number) number = std::max<std::uint64_t>(*number, 1);
  index_ = !number || *number < before ? 0 : *number;
  if (number)
    due_ = now + (index_ == before ? unchanged_pause : least_pause);
  else
    note_ = "its answers have no X-Consul-Index, so it is asked every interval";
}

void endpoint::reject(const std::string& why, clock::time_point now, std::uint32_t random) {
  latest_ = {};
  settled_ = true;
  fault_ = shown() + ": " + why;
  redirects_ = 0;
  target_ = where_;
  // After a failure everything is read, not only what is past the index or has changed.
  index_ = 0;
  whole_at_ = {};
  due_ = now + schedule_.after_failure(now, random);
}

std::string endpoint::masked(std::string text, const identity& who) const {
  for (const auto* secrets : {&where_.secrets, &target_.secrets, &who.secrets})
    for (const auto& secret : *secrets) text = base::masked(std::move(text), secret);
  return text;
}

}  // namespace switchyard::providers::rest
