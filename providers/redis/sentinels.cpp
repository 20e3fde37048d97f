#include "providers/redis/sentinels.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <vector>

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

base::outcome<master_view> read_master(const reply& master, const reply& address) {
  for (const auto* answer : {&master, &address})
    if (answer->error()) return error{errc::refused, words_of(*answer)};
  master_view result;
  bool epoch = false;
  for (std::size_t i = 0; i + 1 < master.list.size(); i += 2)
    if (master.list[i].text == "config-epoch")
      epoch = read_number(master.list[i + 1].text, result.epoch);
  if (!epoch) return error{errc::protocol, "gave an unexpected answer to SENTINEL MASTER"};
  const bool pair = address.list.size() == 2 && !address.list[0].text.empty();
  if (!pair || !read_number(address.list[1].text, result.at.port))
    return error{errc::protocol, "gave an unexpected answer to SENTINEL GET-MASTER-ADDR-BY-NAME"};
  result.at.host = address.list[0].text;
  return result;
}

std::optional<master_view> chosen(const std::vector<master_view>& answers, std::size_t listed,
                                  std::int64_t seen) {
  std::int64_t latest = -1;
  for (const auto& view : answers) latest = std::max(latest, view.epoch);
  const auto told_by = [&](const endpoint& at, std::int64_t least_epoch) {
    return static_cast<std::size_t>(std::ranges::count_if(answers, [&](const master_view& view) {
      return view.at == at && view.epoch >= least_epoch;
    }));
  };
  std::optional<master_view> result;
  for (const auto& view : answers)
    if (view.epoch == latest && (!result || told_by(view.at, latest) > told_by(result->at, latest)))
      result = view;
  if (latest < seen && result && 2 * told_by(result->at, 0) <= listed) return {};
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
  auto view = look_up(one, longest);
  one.said = view ? std::optional(*view) : std::nullopt;
  return view;
}

base::outcome<master_view> sentinels::look_up(peer& one, milliseconds longest) {
  if (!one.session)
    if (const auto connected = connect(one, longest); !connected) return connected.error();
  const auto answers = one.session->ask({{"SENTINEL", "MASTER", settings_.master},
                                         {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", settings_.master}},
                                        longest);
  if (!answers) {
    one.session.reset();
    return answers.error();
  }
  return read_master(answers->front(), answers->back());
}

std::optional<master_view> sentinels::chosen_of_all() const {
  std::vector<master_view> answers;
  for (const auto& one : peers_)
    if (one.said) answers.push_back(*one.said);
  return chosen(answers, peers_.size(), epoch_);
}

base::outcome<endpoint> sentinels::find() {
  bool answered = false;
  std::optional<error> refused;
  std::string failures;
  for (auto& one : peers_) {
    one.session.reset();
    const auto view = ask(one, std::min(settings_.timeout, longest_question));
    answered = answered || view;
    if (view) continue;
    failures += (failures.empty() ? "" : "; ") + one.address + ": " + view.error().message;
    if (view.error().kind == errc::refused || view.error().kind == errc::invalid)
      refused = view.error();
  }
  if (!answered)
    return error{refused ? refused->kind : errc::unavailable,
                 "no sentinel names the master " + settings_.master + " (" + failures + ")"};
  auto best = chosen_of_all();
  if (!best)
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
  static_cast<void>(ask(one, std::min(settings_.timeout, longest_turn)));
  const auto best = chosen_of_all();
  return !best || (best->at.host == current.host && best->at.port == current.port);
}

}  // namespace switchyard::providers::redis
