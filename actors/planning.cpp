#include "actors/planning.hpp"

#include <utility>

#include "actors/dispatch_queue.hpp"
#include "actors/writer.hpp"

namespace switchyard::actors {

namespace {

/// The document goes before all providers: the first one wins.
void lay_over(model::desired_state& desired, const config::settings& settings,
              const plan_question& question) {
  std::vector<std::string> names{the_document};
  if (!question.whole)
    for (const auto& p : settings.providers) names.push_back(p.name);
  desired.configure(std::move(names));
  desired.fold(the_document, *question.document);
}

}  // namespace

base::outcome<plan_answer> plan(const config::settings& settings, model::desired_state desired,
                                const plan_question& question) {
  plan_answer answer;
  if (question.document) {
    lay_over(desired, settings, question);
    for (const auto& r : question.document->refused) answer.refused.push_back({the_document, r});
  }
  dispatch_queue queue;
  queue.everything();
  auto preview = haproxy::preview_of(gateway_settings_of(settings), *queue.next(desired));
  if (!preview) return preview.error();
  answer.preview = std::move(preview).value();
  return answer;
}

nlohmann::json to_json(const plan_answer& answer) {
  auto value = haproxy::to_json(answer.preview);
  auto& list = value["refused"] = nlohmann::json::array();
  for (const auto& r : answer.refused)
    list.push_back({{"source", r.source}, {"key", r.what.key}, {"reason", r.what.reason}});
  return value;
}

}  // namespace switchyard::actors
