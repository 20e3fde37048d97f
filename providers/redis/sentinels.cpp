#include "providers/redis/sentinels.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "providers/password.hpp"
#include "providers/redis/session.hpp"

namespace switchyard::providers::redis {

namespace {

using base::errc;
using base::error;
using std::chrono::milliseconds;

constexpr milliseconds longest_question{1000};
/// While a master is followed: events wait as long.
constexpr milliseconds longest_turn{300};

template <class Number>
bool read_number(const std::string& text, Number& target) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), target);
  return failed == std::errc() && end == text.data() + text.size();
}

}  // namespace

base::outcome<master_view> read_master(const reply& answer) {
  if (answer.error()) return error{errc::refused, words_of(answer)};
  master_view result;
  bool port = false;
  bool epoch = false;
  for (std::size_t i = 0; i + 1 < answer.list.size(); i += 2) {
    const auto& name = answer.list[i].text;
    const auto& value = answer.list[i + 1].text;
    if (name == "ip") result.at.host = value;
    if (name == "port") port = read_number(value, result.at.port);
    if (name == "config-epoch") epoch = read_number(value, result.epoch);
  }
  if (result.at.host.empty() || !port || !epoch)
    return error{errc::protocol, "gave an unexpected answer to SENTINEL MASTER"};
  return result;
}

sentinels::sentinels(const config::redis_settings& settings, const base::wakeup* interrupt)
    : settings_(settings), interrupt_(interrupt) {
  for (const auto& address : settings.sentinels) peers_.push_back({address, nullptr});
}

base::status sentinels::connect(peer& one, milliseconds longest) {
  auto at = parse_sentinel(one.address);
  if (!at) return error{errc::invalid, "sentinels: " + at.error().message};
  const auto where = parse_url(settings_.url);
  if (!where) return error{errc::invalid, "url: " + where.error().message};
  at->tls = where->at.tls;
  const auto password = read_password(settings_.sentinel_password_file);
  if (!password) return error{errc::invalid, "sentinel_" + password.error().message};
  auto opened = connection::open(*at, tls_files_of(settings_), interrupt_, longest);
  if (!opened) return opened.error();
  if (const auto who = authentication(settings_.sentinel_username.value_or(""), *password)) {
    const auto answers = (*opened)->ask({*who}, longest);
    if (!answers) return answers.error();
    if (answers->front().error())
      return error{errc::refused, "did not take the user or the password"};
  }
  one.session = std::move(*opened);
  return {};
}

base::outcome<master_view> sentinels::ask(peer& one, milliseconds longest) {
  if (!one.session)
    if (const auto connected = connect(one, longest); !connected) return connected.error();
  const auto answers = one.session->ask({{"SENTINEL", "MASTER", settings_.master}}, longest);
  if (!answers) {
    one.session.reset();
    return answers.error();
  }
  return read_master(answers->front());
}

base::outcome<endpoint> sentinels::find() {
  std::optional<master_view> best;
  std::optional<error> refused;
  std::string failures;
  for (auto& one : peers_) {
    one.session.reset();
    const auto view = ask(one, std::min(settings_.timeout, longest_question));
    if (view && (!best || view->epoch > best->epoch)) best = *view;
    if (view) continue;
    failures += (failures.empty() ? "" : "; ") + one.address + ": " + view.error().message;
    if (view.error().kind == errc::refused || view.error().kind == errc::invalid)
      refused = view.error();
  }
  if (!best)
    return error{refused ? refused->kind : errc::unavailable,
                 "no sentinel names the master " + settings_.master + " (" + failures + ")"};
  if (best->epoch < epoch_)
    return error{errc::unavailable, "the sentinels that answer know of an earlier master only"};
  epoch_ = best->epoch;
  const auto where = parse_url(settings_.url);
  best->at.tls = where && where->at.tls;
  return best->at;
}

base::outcome<endpoint> master_of(const config::redis_settings& settings, sentinels& masters) {
  if (!settings.sentinels.empty()) return masters.find();
  const auto where = parse_url(settings.url);
  if (!where) return error{errc::invalid, "url: " + where.error().message};
  return where->at;
}

bool sentinels::still(const endpoint& current) {
  auto& one = peers_[turn_++ % peers_.size()];
  const auto view = ask(one, std::min(settings_.timeout, longest_turn));
  if (!view || view->epoch <= epoch_) return true;
  return view->at.host == current.host && view->at.port == current.port;
}

}  // namespace switchyard::providers::redis
