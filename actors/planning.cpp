#include "actors/planning.hpp"

#include <chrono>
#include <utility>

#include "actors/dispatch_queue.hpp"
#include "actors/host_names.hpp"
#include "actors/source_view.hpp"
#include "actors/writer.hpp"
#include "api/views.hpp"
#include "base/redact.hpp"

namespace switchyard::actors {

namespace {

constexpr std::chrono::seconds longest_resolving{5};

/// The document goes before all providers: the first one wins. What it has of a backend is all of
/// it, also where the backend is united.
void lay_over(desired_copy& desired, const config::settings& settings,
              const plan_question& question) {
  std::vector<std::string> names{the_document};
  auto united = settings.merge;
  if (!question.whole)
    for (auto& name : config::provider_names(settings)) names.push_back(std::move(name));
  for (const auto& [name, event] : question.document->backends) united.erase(name);
  desired.state.configure(std::move(names), std::move(united));
  desired.state.fold(the_document, *question.document);
}

}  // namespace

base::outcome<plan_answer> plan(const config::settings& settings, desired_copy desired,
                                const plan_question& question, const base::wakeup* interrupt) {
  plan_answer answer;
  if (question.document) {
    lay_over(desired, settings, question);
    for (const auto& r : question.document->refused) answer.refused.push_back({the_document, r});
  }
  for (const auto& [name, backend] : desired.state.backends()) desired.names.take(name, backend);
  resolve_now(desired.names, settings.resolver, longest_resolving, interrupt);
  for (const auto& host : desired.names.unresolved()) {
    const auto failure = desired.names.failure_of(host);
    answer.refused.push_back({"resolver",
                              {host, "does not resolve: " + (failure ? failure->why : "no answer") +
                                         "; its servers are left out of this plan"}});
  }
  dispatch_queue queue;
  queue.everything();
  auto preview = haproxy::preview_of(gateway_settings_of(settings),
                                     *queue.next(desired.state, desired.names), interrupt);
  if (!preview) return preview.error();
  answer.preview = std::move(preview).value();
  return answer;
}

void hide_secrets(plan_answer& answer) {
  for (auto& n : answer.preview.notices) n.text = base::redact(n.text);
  for (auto& r : answer.refused) r.what = {base::redact(r.what.key), base::redact(r.what.reason)};
}

nlohmann::json to_json(const plan_answer& answer) {
  auto value = haproxy::to_json(answer.preview);
  auto& list = value["refused"] = nlohmann::json::array();
  for (const auto& r : answer.refused)
    list.push_back({{"source", r.source}, {"key", r.what.key}, {"reason", r.what.reason}});
  value["held"] = api::view(answer.held);
  for (auto& h : value["held"]["list"])
    if (h["id"] == 0) h["id"] = nullptr;
  return value;
}

std::string to_text(const plan_answer& answer) {
  auto text = haproxy::to_text(answer.preview);
  const auto held = text_of_held(answer.held);
  if (!held.empty()) text += "\nheld by the guard\n";
  for (std::size_t at = 0; at < held.size();) {
    const auto end = held.find('\n', at) + 1;
    text += "  " + held.substr(at, end - at);
    at = end;
  }
  return text;
}

}  // namespace switchyard::actors
