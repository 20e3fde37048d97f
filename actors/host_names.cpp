#include "actors/host_names.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace switchyard::actors {

namespace {

base::resolver::options options_of(const config::resolver_settings& settings) {
  using family = base::resolver::family;
  base::resolver::options o;
  o.interval = settings.interval;
  o.timeout = settings.timeout;
  o.tcp = settings.tcp;
  o.addresses = settings.family == config::address_family::ipv4   ? family::ipv4
                : settings.family == config::address_family::ipv6 ? family::ipv6
                                                                  : family::any;
  for (const auto& server : settings.servers) (o.servers += o.servers.empty() ? "" : ",") += server;
  return o;
}

std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) (text += text.empty() ? "" : ", ") += word;
  return text;
}

}  // namespace

void host_names::configure(const config::resolver_settings& settings) {
  book_.hold_obsolete(settings.hold_obsolete);
  if (settings_ == settings) return;
  settings_ = settings;
  resolver_.reset();
  follow();
}

void host_names::changed(const std::set<std::string>& backends,
                         const model::desired_state& desired) {
  bool other_names = false;
  for (const auto& name : backends)
    other_names = book_.take(name, desired.find(name), desired.versions_of(name)) || other_names;
  if (!other_names) return;
  book_.forget_unused();
  follow();
}

void host_names::follow() {
  if (book_.empty()) return resolver_.reset();
  if (!resolver_)
    resolver_ = std::make_unique<base::resolver>(
        options_of(settings_),
        [to = tell_](const std::string& host, const base::outcome<base::resolver::answer>& found) {
          to({host, found});
        });
  resolver_->watch(book_.names());
}

host_names::outcome host_names::take(const name_answer& answer) {
  if (answer.found) {
    const bool failed = book_.failure_of(answer.host).has_value();
    const auto before = book_.addresses(answer.host);
    const auto& found = answer.found.value();
    auto changed =
        book_.resolved(answer.host, {found.addresses, found.ttl}, model::name_book::clock::now());
    std::string line;
    if (!changed.empty() && book_.addresses(answer.host) != before)
      line = "host name " + answer.host + " is " + list(book_.addresses(answer.host));
    else if (failed)
      line = "host name " + answer.host + " resolves again";
    return {std::move(changed), std::move(line), false};
  }
  if (!book_.failed(answer.host, answer.found.error().message)) return {};
  return {{}, model::sentence(*book_.failure_of(answer.host)), true};
}

void resolve_now(model::name_book& names, const config::resolver_settings& settings,
                 std::chrono::milliseconds longest, const base::wakeup* interrupt) {
  const auto wanted = names.unresolved();
  if (wanted.empty()) return;
  std::mutex mutex;
  base::wakeup all_came;
  std::map<std::string, base::outcome<base::resolver::answer>> answers;
  {
    base::resolver resolver(options_of(settings), [&](const std::string& host, const auto& found) {
      const std::lock_guard lock(mutex);
      answers.insert_or_assign(host, found);
      if (answers.size() == wanted.size()) all_came.notify();
    });
    resolver.watch({wanted.begin(), wanted.end()});
    static_cast<void>(base::wait_either(interrupt != nullptr ? interrupt->fd() : all_came.fd(),
                                        all_came, longest));
  }
  for (const auto& [host, found] : answers) {
    if (found)
      names.resolved(host, {found.value().addresses, found.value().ttl},
                     model::name_book::clock::now());
    else
      names.failed(host, found.error().message);
  }
}

}  // namespace switchyard::actors
