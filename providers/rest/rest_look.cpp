#include "providers/rest/rest_look.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "model/json_reader.hpp"
#include "providers/json_view.hpp"
#include "providers/rest/merging.hpp"
#include "providers/rest/transformer.hpp"

namespace switchyard::providers::rest {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::size_t longest_type_shown = 80;

/// What changes whenever a file does.
std::string stamp_of(const std::optional<std::string>& path) {
  struct stat info {};
  if (!path || ::stat(path->c_str(), &info) != 0) return "-";
  return std::to_string(info.st_ino) + "." + std::to_string(info.st_size) + "." +
         std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec);
}

std::string no_document(const endpoint& from, bool transformed, const std::string& why) {
  if (transformed) return "transform gives no document: " + why;
  const auto& type = from.content_type();
  const bool json = type.empty() || type.find("json") != std::string::npos;
  return "answered no document: " + why +
         (json ? "" : " (Content-Type: " + model::quoted(type, longest_type_shown) + ")");
}

}  // namespace

rest_look::rest_look(const config::rest_settings& settings) : settings_(settings) {
  transfers_.emplace();
  for (const auto& url : settings.urls) endpoints_.emplace_back(settings, parse_url(url).value());
}

base::outcome<polled> rest_look::operator()(const base::wakeup* stop) {
  for (;;) {
    bool heard = ask_those_due();
    if (transfers_->idle()) return result();
    const auto until = heard ? clock::now() : std::min(next_due(), clock::now() + 1h);
    const auto longest = std::chrono::ceil<milliseconds>(until - clock::now());
    for (auto& ended : transfers_->wait(std::max(longest, milliseconds(0)), stop))
      heard = take(std::move(ended), stop) || heard;
    if (stop != nullptr) {
      const auto stopped = base::wait_readable(stop->fd(), base::deadline(milliseconds(0)));
      if (stopped && *stopped) return base::error{base::errc::unavailable, "stopped"};
    }
    if (heard && std::ranges::all_of(endpoints_, &endpoint::settled)) return result();
  }
}

/// Whether one of them could not be asked: its fault is told at once, whatever others wait for.
bool rest_look::ask_those_due() {
  renew_connections();
  const auto now = clock::now();
  const auto due = [&](const endpoint& e) { return e.due() <= now; };
  if (std::ranges::none_of(endpoints_, due)) return false;
  auto who = read_identity(settings_);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    auto& one = endpoints_[i];
    if (!due(one)) continue;
    if (who)
      transfers_->start(i, one.next(*who, now));
    else
      one.reject(who.error().message, now, dice());
  }
  // What was secret a moment ago still is.
  const bool rejected = !who;
  if (who) who_ = *std::move(who);
  return rejected;
}

/// A connection that is kept goes on with the files that it was opened with.
void rest_look::renew_connections() {
  auto stamps = stamp_of(settings_.ca_file) + " " + stamp_of(settings_.certificate_file) + " " +
                stamp_of(settings_.key_file);
  if (stamps == stamps_) return;
  const bool first = stamps_.empty();
  stamps_ = std::move(stamps);
  if (first) return;
  transfers_.emplace();
  for (auto& e : endpoints_) e.give_up(clock::now());
}

/// Whether that was the end of asking this URL.
bool rest_look::take(transfers::finished&& ended, const base::wakeup* stop) {
  auto& from = endpoints_[ended.id];
  if (!ended.result)
    ended.result =
        base::error{ended.result.error().kind, from.masked(ended.result.error().message, who_)};
  const auto verdict = from.take(std::move(ended.result), clock::now(), dice());
  if (verdict == endpoint::verdict::read) read(from, stop);
  return verdict != endpoint::verdict::again;
}

void rest_look::read(endpoint& from, const base::wakeup* stop) {
  const auto seen_at = clock::now();
  const bool transformed = settings_.transform != ".";
  const auto fail = [&](const std::string& why) {
    from.reject(from.masked(why, who_), clock::now(), dice());
  };
  if (from.body().find_first_not_of(" \t\r\n") == std::string::npos)
    return fail("the answer is empty");
  const auto text = transformed
                        ? transform(settings_.transform, from.body(),
                                    {settings_.transform_timeout, settings_.max_bytes}, stop)
                        : base::outcome<std::string>(from.body());
  if (!text) return fail(text.error().message);
  auto view = json_view(*text, settings_.max_depth);
  if (!view) return fail(no_document(from, transformed, view.error().message));
  view->seen_at = seen_at;
  from.accept(*std::move(view), clock::now(), dice());
  news_ = true;
}

rest_look::clock::time_point rest_look::next_due() const {
  return std::ranges::min(endpoints_, {}, &endpoint::due).due();
}

polled rest_look::result() {
  polled looked;
  std::vector<part> parts;
  for (const auto& e : endpoints_) {
    if (e.view()) parts.push_back({e.shown(), &*e.view()});
    if (!e.fault().empty()) looked.fault += (looked.fault.empty() ? "" : "; ") + e.fault();
    if (!e.note().empty() && looked.note.empty()) looked.note = e.shown() + ": " + e.note();
  }
  if (news_ && parts.size() == endpoints_.size()) {
    looked.view = merge(parts);
    looked.view->seen_at = clock::now();
    news_ = false;
  }
  const auto left = transfers_->idle() ? next_due() - clock::now() : clock::duration::zero();
  looked.wait = std::max(std::chrono::ceil<milliseconds>(left), milliseconds(0));
  return looked;
}

}  // namespace switchyard::providers::rest
